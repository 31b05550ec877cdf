import { createAlertQueue, sqsClient } from '../../lib/adapters/aws/alert-queue.ts';
import { lambdaLog } from '../../lib/adapters/aws/lambda-log.ts';
import { createLedger, type Ledger } from '../../lib/core/lifecycle/ledger.ts';
import type { Log } from '../../lib/core/ports/index.ts';
import type { FunctionContext } from '../support/context.ts';
import { type Environment, required } from '../support/environment.ts';
import { lakePorts } from '../support/lake-ports.ts';
import { type QueueMessage, readMessage } from '../support/object-messages.ts';
import { readSettings } from '../support/settings.ts';
import { createRelay, notingDerived, type Relay } from './relay.ts';
import { takeIn } from './take-in.ts';

/** Messages of the queue of new objects, or the tick of the clock. */
export type LifecycleEvent = { readonly Records: readonly QueueMessage[] } | { readonly tick: true };

/** Messages that are to come again; SQS deletes all others. */
export interface LifecycleAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface LifecycleDeps {
  readonly ledger: Ledger;
  /** Tells the alerts of objects. */
  readonly relay: Relay;
  readonly log: Log;
}

type Lifecycle = (event: LifecycleEvent, context: FunctionContext) => Promise<LifecycleAnswer>;

/** Longest that the alert queue is waited for; of the time left at most half. */
const RELAY_MS = 5_000;

/**
 * Shows the ledger what is new in the lake, and tells it the time; then tells the alerts which objects there are. A message
 * that fails costs no other.
 */
export function createHandler({ ledger, relay, log }: LifecycleDeps): Lifecycle {
  return async (event, context) => {
    const remainingMs = (): number => context.getRemainingTimeInMillis();
    const tell = (keys: readonly string[]) => relay.tell(keys, Math.min(RELAY_MS, remainingMs() / 2));
    if ('tick' in event) {
      try {
        await ledger.tick();
      } finally {
        await tell([]);
      }
      return { batchItemFailures: [] };
    }
    const messages = event.Records.map(readMessage);
    const failed = new Set(await takeIn(messages, { ledger, log, remainingMs }));
    const done = messages.filter(({ messageId }) => !failed.has(messageId));
    const unknown = await tell(done.flatMap((message) => ('objects' in message ? message.objects : [])).map(keyOf));
    for (const message of done)
      if ('objects' in message && message.objects.some(({ key }) => unknown.has(key))) failed.add(message.messageId);
    return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

const keyOf = ({ key }: { readonly key: string }): string => key;

function open(environment: Environment): Lifecycle {
  const log = lambdaLog({ stage: 'lifecycle' });
  const { ledger } = readSettings(environment);
  const ports = lakePorts(environment, log);
  const store = notingDerived(ports.store);
  const queueUrl = required(environment, 'NIGHTDESK_ALERT_QUEUE');
  const queue = createAlertQueue({ client: sqsClient(), queueUrl, log });
  return createHandler({
    ledger: createLedger({ ...ports, store }, ledger),
    relay: createRelay({ queue, written: () => store.take() }),
    log,
  });
}

let run: Lifecycle | undefined;

export const handler: Lifecycle = async (event, context) => {
  run ??= open(process.env);
  return run(event, context);
};
