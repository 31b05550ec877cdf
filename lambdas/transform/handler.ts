import { base64 } from '../../lib/adapters/aws/base64.ts';
import { lambdaLog } from '../../lib/adapters/aws/lambda-log.ts';
import type { PutLines } from '../../lib/adapters/aws/put-again.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { naiveOffsetIn } from '../../lib/adapters/local/zone.ts';
import type { FunctionSettings } from '../../lib/core/config/function-settings.ts';
import type { Log } from '../../lib/core/ports/index.ts';
import {
  type FirehoseRecord,
  type FirehoseReply,
  transformFirehose,
  withFailed,
} from '../../lib/core/transform/firehose.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import type { TransformLine } from '../../lib/core/transform/types.ts';
import type { FunctionContext } from '../support/context.ts';
import { type Environment, required } from '../support/environment.ts';
import { readSettings } from '../support/settings.ts';
import { verdictCounts } from './counts.ts';

export interface TransformEvent {
  readonly records: readonly FirehoseRecord[];
}

export interface TransformDeps {
  readonly settings: FunctionSettings;
  /** Reads the salt; asked only where something is hashed. */
  readonly salt: () => Promise<string>;
  readonly put: PutLines;
  readonly log: Log;
}

type Transform = (event: TransformEvent, context: FunctionContext) => Promise<{ records: readonly FirehoseReply[] }>;

/** Longest that lines are put again for; of the time left at most half, so that the answer always comes in time. */
const PUT_MS = 30_000;

/** Firehose's transformation: an answer for every record id, whatever the record. Throws only where the salt cannot be read. */
export function createHandler({ settings, salt, put, log }: TransformDeps): Transform {
  let opened: TransformLine | undefined;
  return async ({ records }, context) => {
    opened ??= transformOf(settings, settings.hash.length === 0 ? '' : await salt());
    const counts = verdictCounts();
    const answer = transformFirehose(records, opened, base64, {
      onVerdict: counts.add,
      onDefect: (recordId, error) => log.error('a record could not be transformed', { recordId, error }),
    });
    const refused = await put(answer.again, Math.min(PUT_MS, context.getRemainingTimeInMillis() / 2));
    const final = withFailed(answer, refused, records);
    counts.tell(log, { records: records.length, again: final.again.length, failed: final.failed });
    return { records: final.records };
  };
}

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

/** What the environment says. The SDK is loaded once it is needed: most invocations need none of it. */
function open(environment: Environment): Transform {
  const log = lambdaLog({ stage: 'transform' });
  const settings = readSettings(environment);
  const deliveryStream = required(environment, 'NIGHTDESK_DELIVERY_STREAM');
  const secretId = settings.hash.length === 0 ? '' : required(environment, 'NIGHTDESK_HASH_SECRET');
  let putLines: PutLines | undefined;
  return createHandler({
    settings,
    log,
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
  });
}

let run: Transform | undefined;

export const handler: Transform = async (event, context) => {
  run ??= open(process.env);
  return run(event, context);
};
