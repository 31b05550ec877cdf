import { dateOf } from '../lake/keys.ts';
import type { LakeTools } from '../lake/read.ts';
import type { Ledger } from '../lifecycle/ledger.ts';
import type { Clock, Log } from '../ports/index.ts';
import { compareOwnBooks, publishOwnBooks } from './own-books.ts';
import type { PublishTools } from './publish.ts';

export interface NightlyOptions extends LakeTools, Pick<PublishTools, 'gzip' | 'sha256'> {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
}

/** A job of the scheduler: runs once per bucket, with the end of the bucket. */
export interface ReconcileJob {
  readonly name: 'reconcile';
  readonly every: 'day';
  /** @param bucketEndMs - end of the UTC day that is compared, ms since the epoch */
  run(bucketEndMs: number): Promise<void>;
}

/** Days compared: a trade is a row of the day of its entry, and goes on changing. */
const DAYS = 7;
const DAY_MS = 86_400_000;

/**
 * Streaming against batch, every night: folds the last seven days from scratch, holds them against what was published as
 * events came in, and publishes the difference as `reconciliation` rows. Writes nothing else: `nightdesk rebuild` mends.
 */
export function nightlyReconcile({ ledger, clock, log, ...tools }: NightlyOptions): ReconcileJob {
  return {
    name: 'reconcile',
    every: 'day',
    async run(bucketEndMs) {
      const date = dateOf(bucketEndMs - 1);
      const from = dateOf(bucketEndMs - DAYS * DAY_MS);
      const books = await compareOwnBooks(ledger, { ...tools, log }, { from, to: date });
      await publishOwnBooks({ ...tools, log, nowMs: clock.nowMs() }, books);
      for (const { key, rebuild, bot } of books) {
        const facts = {
          date,
          mode: key.mode,
          strategy_id: key.strategyId,
          compared: rebuild.compared,
          open: rebuild.open,
          bot_compared: bot.compared,
          bot_open: bot.open,
        };
        if (rebuild.open + bot.open > 0) log.warn('the ledger does not reconcile: see `nightdesk reconcile`', facts);
        else log.info('the ledger reconciles', facts);
      }
    },
  };
}
