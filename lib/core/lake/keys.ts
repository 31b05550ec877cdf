// The only place that knows how keys of the lake look.

export const PREFIXES = {
  events: 'events/',
  derived: 'derived/',
  late: 'late/',
  curated: 'curated/',
  errors: 'errors/',
  state: 'state/',
  results: 'results/',
} as const;

export type Prefix = keyof typeof PREFIXES;

/** The partition of events that carry no clock at all, so that a resend tomorrow is still a duplicate. */
export const NO_CLOCK_DATE = '2000-01-01';

export interface Partition {
  readonly stream: string;
  readonly version: number;
  /** UTC day, YYYY-MM-DD. */
  readonly date: string;
}

/** `events/<stream>/v<version>/date=YYYY-MM-DD/` */
export const partitionPrefix = (prefix: Prefix, { stream, version, date }: Partition): string =>
  `${PREFIXES[prefix]}${stream}/v${version}/date=${date}/`;

/** `events/<stream>/v<version>/` */
export const streamPrefix = (prefix: Prefix, stream: string, version: number): string =>
  `${PREFIXES[prefix]}${stream}/v${version}/`;

/** How the keys of `partitionPrefix` are built, with placeholders for what differs between the partitions of one table. */
export const partitionTemplate = (
  { stream, version }: { readonly stream: string; readonly version: number | string },
  { tier, date }: { readonly tier: string; readonly date: string },
): string => `${tier}/${stream}/v${version}/date=${date}/`;

/** The UTC day of a time in milliseconds, YYYY-MM-DD. */
export function dateOf(ms: number): string {
  const day = Math.floor(ms / 86_400_000);
  if (day === lastDay) return lastDate; // events come in time order: nearly every call asks for the same day
  lastDay = day;
  lastDate = new Date(day * 86_400_000).toISOString().slice(0, 10);
  return lastDate;
}
let lastDay = Number.NaN;
let lastDate = '';

/**
 * A key as Firehose names its objects: `<partition><producer>-<version>-YYYY-MM-DD-HH-MM-SS-<unique>.jsonl.gz`.
 * `unique` must differ between any two objects of one second.
 */
export function objectKey(
  prefix: Prefix,
  partition: Partition,
  { producer, atMs, unique }: { producer: string; atMs: number; unique: string },
): string {
  const stamp = new Date(atMs).toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '-');
  return `${partitionPrefix(prefix, partition)}${producer}-1-${stamp}-${unique}.jsonl.gz`;
}

const KEY = /^(events|derived|late|curated)\/([a-z_]+)\/v(\d+)\/date=(\d{4}-\d{2}-\d{2})\/[^/]+$/;

/** The partition a key lies in, or undefined where it is no key of a stream. */
export function parseKey(key: string): (Partition & { prefix: Prefix }) | undefined {
  const match = KEY.exec(key);
  if (!match) return undefined;
  const [, prefix, stream = '', version, date = ''] = match;
  return { prefix: prefix as Prefix, stream, version: Number(version), date };
}
