/** One stage of the pipeline: a word that is the same in `core`, `desk`, `lambdas`, `test` and the metrics. */
export interface Stage {
  readonly name: string;
  readonly does: string;
  /** What it reads and writes: the names of other stages' outputs or prefixes of the lake. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Folders of the checkout that hold it; a test holds them against the tree. */
  readonly folders: readonly string[];
}

/** The way of an event, in order. The README's picture and a drift test are made from it. */
export const PIPELINE: readonly Stage[] = [
  {
    name: 'logs',
    does: 'reads the files a bot already writes: lines with a position, through rotation, gzip damage and restarts',
    reads: ['log files'],
    writes: ['records'],
    folders: ['lib/desk/logs'],
  },
  {
    name: 'door',
    does: 'takes records over the Firehose protocol and keeps them in a write-ahead log before it answers',
    reads: ['records'],
    writes: ['write-ahead log'],
    folders: ['lib/desk/door'],
  },
  {
    name: 'transform',
    does: 'decode, dialect, validate, redact, stamp, route: one verdict per event',
    reads: ['write-ahead log'],
    writes: ['routed lines'],
    folders: ['lib/core/transform', 'lib/core/dialects', 'lib/core/catalog'],
  },
  {
    name: 'lake',
    does: 'gzip JSON Lines by stream, version and date; quarantine is a stream of its own',
    reads: ['routed lines'],
    writes: ['events/'],
    folders: ['lib/core/lake', 'lib/desk/lake'],
  },
  {
    name: 'lifecycle',
    does: 'fills to trades, positions and equity, orders and runs, folded per mode and strategy; late events fold again',
    reads: ['events/'],
    writes: ['derived/'],
    folders: ['lib/core/lifecycle', 'lib/desk/lifecycle'],
  },
  {
    name: 'snapshots',
    does: 'closed buckets of an hour and a day, per run, account and strategy',
    reads: ['events/', 'derived/'],
    writes: ['derived/'],
    folders: ['lib/core/snapshots', 'lib/desk/snapshots'],
  },
  {
    name: 'reconcile',
    does: 'holds the ledger against a rebuild, the bot’s own books and a venue’s export',
    reads: ['events/', 'derived/'],
    writes: ['derived/'],
    folders: ['lib/core/reconcile', 'lib/desk/reconcile'],
  },
  {
    name: 'query',
    does: 'one typed, deduplicated view per stream, and the named queries',
    reads: ['events/', 'derived/'],
    writes: ['answers'],
    folders: ['lib/core/query', 'lib/desk/query', 'lib/queries'],
  },
];
