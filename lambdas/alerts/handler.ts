import { randomUUID } from 'node:crypto';
import { alarmsUnder, cloudWatchClient } from '../../lib/adapters/aws/alarms.ts';
import { publishGroups } from '../../lib/adapters/aws/emf.ts';
import { lambdaLog } from '../../lib/adapters/aws/lambda-log.ts';
import { secretReader, secretsClient } from '../../lib/adapters/aws/secrets.ts';
import { snsClient, snsNotifier } from '../../lib/adapters/aws/sns.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { naiveOffsetIn } from '../../lib/adapters/local/zone.ts';
import { type Alerts, createAlerts } from '../../lib/core/alerts/runtime.ts';
import type { StrategyAlerts } from '../../lib/core/alerts/state.ts';
import { groupsOf } from '../../lib/core/metrics/aggregate.ts';
import { tickSamples } from '../../lib/core/metrics/gauges.ts';
import type { Clock, Log } from '../../lib/core/ports/index.ts';
import type { FunctionContext } from '../support/context.ts';
import { type Environment, required } from '../support/environment.ts';
import { lakePorts } from '../support/lake-ports.ts';
import type { QueueMessage } from '../support/object-messages.ts';
import { readSettings } from '../support/settings.ts';
import { readNotification, type SnsRecord } from './alarms.ts';
import { channelReader } from './channels.ts';
import { readAlertMessage } from './messages.ts';
import { createPlatform, type Platform } from './platform.ts';
import { takeIn } from './take-in.ts';
import { createTeller, type Tell } from './tell.ts';

/** Messages of the alert queue, notifications of alarms, or the tick of the clock. */
export type AlertsEvent = { readonly Records: readonly (QueueMessage | SnsRecord)[] } | { readonly tick: true };

/** Messages that are to come again; SQS deletes all others. */
export interface AlertsAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface AlertsDeps {
  readonly alerts: Pick<Alerts, 'observe' | 'observeObjects' | 'tick' | 'flush' | 'states'>;
  readonly platform: Platform;
  readonly tell: Tell;
  /** Publishes the gauges, and what the tick of that moment put aside. Never throws. */
  readonly publish: (states: readonly StrategyAlerts[], nowMs: number) => void;
  readonly clock: Clock;
  readonly log: Log;
}

type Handler = (event: AlertsEvent, context: FunctionContext) => Promise<AlertsAnswer>;

/** Kept for what a message to a channel may take that was begun last, and for the answer. */
const TELL_MS = 25_000;
const ANSWER_MS = 5_000;
/** From the bot to here at most: its batch, Firehose, the beat of the fast path, the queue. */
const LAG_MS = 30_000;

/** Shows the rules what came in, tells them the time, and has people told. What cannot be told waits in the state. */
export function createHandler({ alerts, platform, tell, publish, clock, log }: AlertsDeps): Handler {
  return async (event, context) => {
    const leftMs = (keptMs: number): number => context.getRemainingTimeInMillis() - keptMs;
    try {
      return 'tick' in event ? await tick() : await take(event.Records, () => leftMs(ANSWER_MS));
    } finally {
      await tell(clock.nowMs() + leftMs(TELL_MS));
    }
  };

  async function tick(): Promise<AlertsAnswer> {
    const nowMs = clock.nowMs();
    try {
      await alerts.tick(nowMs);
      await alerts.flush();
    } finally {
      // One strategy that fails takes neither the others' figures nor the platform's alarms away.
      publish(await alerts.states(), nowMs);
      await platform.tick();
    }
    return { batchItemFailures: [] };
  }

  async function take(records: readonly (QueueMessage | SnsRecord)[], leftMs: () => number): Promise<AlertsAnswer> {
    for (const record of records) if ('Sns' in record) await platform.told(readNotification(record));
    const messages = records.flatMap((record) => ('Sns' in record ? [] : [readAlertMessage(record)]));
    const failed = await takeIn(messages, { alerts, log, leftMs });
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  }
}

function open(environment: Environment): Handler {
  const log = lambdaLog({ stage: 'alerts' });
  const { alerts: settings, metrics } = readSettings(environment);
  const ports = lakePorts(environment, log);
  const { clock, state } = ports;
  const alerts = createAlerts(ports, settings, { lagMs: LAG_MS, naiveOffsetMs: naiveOffsetIn(settings.zone) });
  const over = required(environment, 'NIGHTDESK_PLATFORM_ALARM');
  const cloudWatch = cloudWatchClient();
  const region = environment.AWS_REGION ?? 'unknown';
  const samples = { ...metrics, silentModes: settings.silentModes };
  return createHandler({
    alerts,
    platform: createPlatform({
      alerts,
      state,
      ringing: async () => (await alarmsUnder(cloudWatch, over)).map((alarm) => ({ ...alarm, state: 'ALARM', region })),
      over,
      sha256,
      log,
    }),
    tell: createTeller({
      box: alerts.box,
      channels: channelReader({
        settings: settings.channels,
        secret: secretsOf(environment),
        email: emailOf(environment),
        nowMs: clock.nowMs,
        log,
      }),
      settings,
      clock,
      log,
      lease: state,
      owner: randomUUID(),
    }),
    publish(states, nowMs) {
      if (metrics.publish)
        publishGroups(groupsOf(tickSamples(states, nowMs, samples), metrics), { namespace: metrics.namespace, log });
    },
    clock,
    log,
  });
}

/** Reads the secret of a channel anew each time it is called: an address may be changed. */
function secretsOf(environment: Environment): (channel: string) => Promise<string | undefined> {
  const arns = JSON.parse(required(environment, 'NIGHTDESK_ALERT_SECRETS')) as Readonly<Record<string, string>>;
  const client = secretsClient();
  return async (channel) => {
    const secretId = Object.hasOwn(arns, channel) ? arns[channel] : undefined;
    return secretId === undefined ? undefined : secretReader({ client, secretId, deadlineMs: 5_000 })();
  };
}

function emailOf({ NIGHTDESK_ALERT_TOPIC: topicArn }: Environment) {
  return topicArn === undefined ? undefined : snsNotifier({ client: snsClient(), topicArn });
}

let run: Handler | undefined;

export const handler: Handler = async (event, context) => {
  run ??= open(process.env);
  return run(event, context);
};
