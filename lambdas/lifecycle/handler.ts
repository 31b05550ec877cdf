import { lambdaLog } from '../../lib/adapters/aws/lambda-log.ts';
import { createLedger, type Ledger } from '../../lib/core/lifecycle/ledger.ts';
import type { Log } from '../../lib/core/ports/index.ts';
import type { FunctionContext } from '../support/context.ts';
import type { Environment } from '../support/environment.ts';
import { lakePorts } from '../support/lake-ports.ts';
import { type QueueMessage, readMessage } from '../support/object-messages.ts';
import { readSettings } from '../support/settings.ts';
import { takeIn } from './take-in.ts';

/** Messages of the queue of new objects, or the tick of the clock. */
export type LifecycleEvent = { readonly Records: readonly QueueMessage[] } | { readonly tick: true };

/** Messages that are to come again; SQS deletes all others. */
export interface LifecycleAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface LifecycleDeps {
  readonly ledger: Ledger;
  readonly log: Log;
}

type Lifecycle = (event: LifecycleEvent, context: FunctionContext) => Promise<LifecycleAnswer>;

/** Shows the ledger what is new in the lake, and tells it the time. A message that fails costs no other. */
export function createHandler({ ledger, log }: LifecycleDeps): Lifecycle {
  return async (event, context) => {
    if ('tick' in event) {
      await ledger.tick();
      return { batchItemFailures: [] };
    }
    const remainingMs = (): number => context.getRemainingTimeInMillis();
    const failed = await takeIn(event.Records.map(readMessage), { ledger, log, remainingMs });
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

function open(environment: Environment): Lifecycle {
  const log = lambdaLog({ stage: 'lifecycle' });
  const { ledger } = readSettings(environment);
  return createHandler({ ledger: createLedger(lakePorts(environment, log), ledger), log });
}

let run: Lifecycle | undefined;

export const handler: Lifecycle = async (event, context) => {
  run ??= open(process.env);
  return run(event, context);
};
