import { randomUUID } from 'node:crypto';
import type { AlertQueue } from '../../lib/adapters/aws/alert-queue.ts';
import { base64 } from '../../lib/adapters/aws/base64.ts';
import { publishGroups } from '../../lib/adapters/aws/emf.ts';
import { lambdaLog } from '../../lib/adapters/aws/lambda-log.ts';
import type { PutLines } from '../../lib/adapters/aws/put-again.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { naiveOffsetIn } from '../../lib/adapters/local/zone.ts';
import type { FunctionSettings } from '../../lib/core/config/function-settings.ts';
import { createMeter, type Meter, type SampleGroup } from '../../lib/core/metrics/aggregate.ts';
import type { Log } from '../../lib/core/ports/index.ts';
import {
  type FirehoseRecord,
  type FirehoseReply,
  transformFirehose,
  withFailed,
} from '../../lib/core/transform/firehose.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import type { TransformLine, Verdict } from '../../lib/core/transform/types.ts';
import type { FunctionContext } from '../support/context.ts';
import { type Environment, required } from '../support/environment.ts';
import { readSettings } from '../support/settings.ts';
import { verdictCounts } from './counts.ts';
import { createFastPath } from './fast-path.ts';

export interface TransformEvent {
  readonly records: readonly FirehoseRecord[];
}

export interface TransformDeps {
  readonly settings: FunctionSettings;
  /** Reads the salt; asked only where something is hashed. */
  readonly salt: () => Promise<string>;
  readonly put: PutLines;
  /** Shows the rules what was observed. Never throws. @returns how many observations were lost on the way */
  readonly observe: AlertQueue['observations'];
  /** Publishes what was measured. Never throws. */
  readonly publish: (groups: readonly SampleGroup[]) => void;
  readonly nowMs: () => number;
  readonly log: Log;
}

type Transform = (event: TransformEvent, context: FunctionContext) => Promise<{ records: readonly FirehoseReply[] }>;

/** Longest that lines are put again for; of the time left at most half, so that the answer always comes in time. */
const PUT_MS = 30_000;
/** Longest that the alert queue is waited for: Firehose waits for the answer meanwhile. */
const OBSERVE_MS = 2_000;

/** Firehose's transformation: an answer for every record id, whatever the record. Throws only where the salt cannot be read. */
export function createHandler({ settings, salt, put, observe, publish, nowMs, log }: TransformDeps): Transform {
  let opened: TransformLine | undefined;
  const fastPath = createFastPath({ alerts: settings.alerts, process: randomUUID(), nowMs });
  const meter = meterOf(settings);
  return async ({ records }, context) => {
    opened ??= transformOf(settings, settings.hash.length === 0 ? '' : await salt());
    const counts = verdictCounts();
    const answer = transformFirehose(records, opened, base64, {
      onVerdict(verdict) {
        counts.add(verdict);
        watch(verdict);
      },
      onDefect: (recordId, error) => log.error('a record could not be transformed', { recordId, error }),
    });
    const halfMs = context.getRemainingTimeInMillis() / 2;
    const [refused] = await Promise.all([
      put(answer.again, Math.min(PUT_MS, halfMs)),
      tellAlerts(Math.min(OBSERVE_MS, halfMs)),
    ]);
    if (meter !== undefined) publish(meter.drain());
    const final = withFailed(answer, refused, records);
    counts.tell(log, { records: records.length, again: final.again.length, failed: final.failed });
    return { records: final.records };
  };

  /** Whoever measures and watches costs no event its place in the lake. */
  function watch(verdict: Verdict): void {
    try {
      meter?.observe(verdict);
      fastPath.add(verdict);
    } catch (error) {
      log.error('an event could not be measured or watched; it is stored', { error });
    }
  }

  async function tellAlerts(withinMs: number): Promise<void> {
    const observations = fastPath.take();
    const lost = observations.length === 0 ? 0 : await observe(observations, withinMs);
    if (lost > 0) meter?.count('alert_fastpath_failed', lost, nowMs());
  }
}

const meterOf = ({ alerts, metrics }: FunctionSettings): Meter | undefined =>
  metrics.publish
    ? createMeter({
        maxAgeMs: alerts.maxAge,
        silentModes: alerts.silentModes,
        dimensions: metrics.dimensions,
        strategies: metrics.strategies,
        extra: metrics.extra,
      })
    : undefined;

const transformOf = ({ zone, redact, hash, maxEventAgeMs }: FunctionSettings, hashSalt: string): TransformLine =>
  createTransform(
    {
      ...(zone === 'UTC' ? {} : { naiveOffsetMs: naiveOffsetIn(zone) }),
      maxEventAgeMs,
      redactKeys: redact,
      hashKeys: hash,
      hashSalt,
    },
    { sha256 },
  );

/** What the environment says. The SDK is loaded once it is needed: many invocations need none of it. */
function open(environment: Environment): Transform {
  const log = lambdaLog({ stage: 'transform' });
  const settings = readSettings(environment);
  const deliveryStream = required(environment, 'NIGHTDESK_DELIVERY_STREAM');
  const queueUrl = required(environment, 'NIGHTDESK_ALERT_QUEUE');
  const secretId = settings.hash.length === 0 ? '' : required(environment, 'NIGHTDESK_HASH_SECRET');
  let putLines: PutLines | undefined;
  let queue: AlertQueue | undefined;
  return createHandler({
    settings,
    log,
    nowMs: Date.now,
    publish: (groups) => publishGroups(groups, { namespace: settings.metrics.namespace, log }),
    async salt() {
      const { secretReader, secretsClient } = await import('../../lib/adapters/aws/secrets.ts');
      return secretReader({ client: secretsClient(), secretId })();
    },
    async put(lines, withinMs) {
      if (lines.length === 0) return [];
      const { createPutAgain, firehoseClient } = await import('../../lib/adapters/aws/put-again.ts');
      putLines ??= createPutAgain({ client: firehoseClient(), deliveryStream, log });
      return putLines(lines, withinMs);
    },
    async observe(observations, withinMs) {
      const { createAlertQueue, sqsClient } = await import('../../lib/adapters/aws/alert-queue.ts');
      queue ??= createAlertQueue({ client: sqsClient(), queueUrl, log });
      return queue.observations(observations, withinMs);
    },
  });
}

let run: Transform | undefined;

export const handler: Transform = async (event, context) => {
  run ??= open(process.env);
  return run(event, context);
};
