import { EmitterError, numberIn } from './emitter-error.ts';

/** Streams of which none is ever sampled away, and which a full queue lets go of last: what the ledger and the alerts are made of. */
const PRECIOUS: ReadonlySet<string> = new Set([
  'order_intent',
  'gate',
  'order',
  'execution',
  'cash_flow',
  'costs',
  'error',
  'repro',
]);

export const isPrecious = (stream: string): boolean => PRECIOUS.has(stream);

/** S2's kinds, accepted wherever a stream is named. */
const KINDS: Readonly<Record<string, string>> = { intent: 'order_intent', fill: 'execution', executions: 'execution' };

export const streamOfKind = (name: string): string => KINDS[name] ?? name;

const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const;

export type Severity = (typeof LEVELS)[number];

const RANKS: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  trace: 0,
  debug: 0,
  info: 1,
  notice: 1,
  warn: 2,
  warning: 2,
  error: 3,
  critical: 4,
  fatal: 4,
  emergency: 4,
});

export interface Filter {
  /** Streams, or S2's kinds, that are sent. @default - all */
  readonly include?: readonly string[];
  /** Streams, or S2's kinds, that are not. @default - none */
  readonly exclude?: readonly string[];
  /** Events that carry a lower `level` are not sent; those without a level are. @default - all */
  readonly minSeverity?: Severity;
}

/** Whether a stream passes two lists. */
export function passes(stream: string, { include, exclude }: Pick<Filter, 'include' | 'exclude'>): boolean {
  if (exclude?.some((name) => streamOfKind(name) === stream)) return false;
  return include === undefined || include.some((name) => streamOfKind(name) === stream);
}

/** Rank below which an event is not sent; undefined where all are. @throws EmitterError */
export function severityRank(level: string | undefined): number | undefined {
  if (level === undefined) return undefined;
  const rank = RANKS[level.toLowerCase()];
  if (rank === undefined)
    throw new EmitterError(`filter.minSeverity must be one of ${LEVELS.join(', ')}, got ${level}`);
  return rank;
}

/** Rank of what an event says; what no list knows passes. */
export const rankOf = (level: unknown): number =>
  typeof level === 'string' ? (RANKS[level.toLowerCase()] ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;

/** Share of the events of each stream that is kept; one number is for all streams. Never applied to orders, fills, errors and the like. */
export type Sampling = number | Readonly<Record<string, number>>;

/** Share of a stream that is kept. @throws EmitterError */
export function sampleRate(stream: string, sampling: Sampling | undefined): number {
  if (sampling === undefined || isPrecious(stream)) return 1;
  return typeof sampling === 'number' ? sampling : (sampling[stream] ?? 1);
}

/** @throws EmitterError where a share is no number from 0 to 1 */
export function checkSampling(sampling: Sampling | undefined): void {
  const shares = typeof sampling === 'number' ? { sampling } : Object.fromEntries(Object.entries(sampling ?? {}));
  for (const [name, share] of Object.entries(shares))
    numberIn(`sampling of ${name}`, share, { from: 0, to: 1, otherwise: 1 });
}
