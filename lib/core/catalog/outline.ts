// What the stages must know of the catalog without its columns and sentences: a function that never looks at a column
// is half as large without them. A test holds it against the catalog.

/** Names of the streams that bots send: not what Nightdesk derives, and not quarantine. */
export const INPUT_STREAMS: readonly string[] = [
  'signals',
  'ensemble',
  'calibration',
  'feature_log',
  'explainability',
  'overlay_status',
  'order_intent',
  'gate',
  'order',
  'execution',
  'costs',
  'cash_flow',
  'risk',
  'equity_curve',
  'market',
  'external_event',
  'cohort_fill',
  'health',
  'kpi_scorecard',
  'latency',
  'system',
  'error',
  'repro',
];

/** Derived streams whose rows may be provisional. */
export const PROVISIONAL_STREAMS: ReadonlySet<string> = new Set(['trade_lifecycle', 'snapshot']);

/** Live versions of the streams that have other ones than their first. */
const VERSIONS: Readonly<Record<string, readonly number[]>> = {};
const FIRST: readonly number[] = [1];

/** Live versions of a stream, newest last. */
export const versionsOf = (stream: string): readonly number[] => VERSIONS[stream] ?? FIRST;
