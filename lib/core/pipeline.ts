/** One stage of the pipeline: a word that is the same in `core`, `desk`, `lambdas`, `test` and the metrics. */
export interface Stage {
  readonly name: string;
  readonly does: string;
  /** What it reads and writes: the names of other stages' outputs or prefixes of the lake. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** What does it on one machine, and what on AWS. */
  readonly desk: string;
  readonly aws: string;
  /** Folders of the checkout that hold it; a test holds them against the tree. */
  readonly folders: readonly string[];
}

/** The way of an event, in order. The pictures of README and docs/architecture.md are drawn from it, and a test holds it against the tree. */
export const PIPELINE: readonly Stage[] = [
  {
    name: 'logs',
    does: 'reads the files a bot already writes: lines with a position, through rotation, gzip damage and restarts',
    reads: ['log files'],
    writes: ['records'],
    desk: 'nightdesk watch, nightdesk send',
    aws: 'the same, with --aws',
    folders: ['lib/desk/logs'],
  },
  {
    name: 'door',
    does: 'takes records over the Firehose protocol and keeps them before it answers',
    reads: ['records'],
    writes: ['kept records'],
    desk: 'HTTP server on loopback, write-ahead log',
    aws: 'Firehose delivery stream, Direct PUT',
    folders: ['lib/desk/door', 'lib/desk/hooks'],
  },
  {
    name: 'transform',
    does: 'decode, dialect, validate, redact, stamp, route: one verdict per event',
    reads: ['kept records'],
    writes: ['routed lines'],
    desk: 'in the desk',
    aws: 'Lambda function that Firehose asks',
    folders: ['lib/core/transform', 'lib/core/dialects', 'lib/core/catalog', 'lambdas/transform'],
  },
  {
    name: 'lake',
    does: 'gzip JSON Lines by stream, version and date; quarantine is a stream of its own',
    reads: ['routed lines'],
    writes: ['events/'],
    desk: 'a folder',
    aws: 'S3 bucket, written by Firehose',
    folders: ['lib/core/lake', 'lib/desk/lake'],
  },
  {
    name: 'lifecycle',
    does: 'fills to trades, positions and equity, orders and runs, folded per mode and strategy; late events fold again',
    reads: ['events/'],
    writes: ['derived/'],
    desk: 'in the desk',
    aws: 'S3 → SQS → Lambda, and a schedule each minute',
    folders: ['lib/core/lifecycle', 'lib/desk/lifecycle', 'lambdas/lifecycle'],
  },
  {
    name: 'snapshots',
    does: 'closed buckets of an hour and a day, per run, account and strategy',
    reads: ['events/', 'derived/'],
    writes: ['derived/'],
    desk: 'a timer, hourly',
    aws: 'EventBridge Scheduler, hourly → Lambda',
    folders: ['lib/core/snapshots', 'lib/desk/snapshots', 'lambdas/snapshots'],
  },
  {
    name: 'reconcile',
    does: 'holds the ledger against a rebuild, the bot’s own books and a venue’s export',
    reads: ['events/', 'derived/'],
    writes: ['derived/'],
    desk: 'a timer, nightly',
    aws: 'EventBridge Scheduler, nightly → Lambda',
    folders: ['lib/core/reconcile', 'lib/desk/reconcile', 'lambdas/reconcile'],
  },
  {
    name: 'metrics',
    does: 'counters and histograms out of verdicts, gauges out of the minute; the dashboards that show them',
    reads: ['routed lines', 'derived/'],
    writes: ['metrics'],
    desk: '/metrics for Prometheus, Grafana dashboards',
    aws: 'CloudWatch metrics and dashboards',
    folders: ['lib/core/metrics', 'lib/desk/metrics', 'lib/core/dashboards'],
  },
  {
    name: 'alerts',
    does: 'rules over events, trades and time; people are told once, each change is a row',
    reads: ['routed lines', 'events/', 'derived/'],
    writes: ['derived/', 'messages'],
    desk: 'in the desk → Slack, webhook',
    aws: 'SQS → Lambda, and a schedule each minute → Slack, webhook, e-mail',
    folders: ['lib/core/alerts', 'lib/desk/alerts', 'lambdas/alerts'],
  },
  {
    name: 'query',
    does: 'one typed, deduplicated view per stream, and the named queries',
    reads: ['events/', 'derived/'],
    writes: ['answers'],
    desk: 'DuckDB in memory over the folder',
    aws: 'Athena over Glue tables; views written at deploy',
    folders: ['lib/core/query', 'lib/desk/query', 'lib/queries', 'lambdas/query'],
  },
];
