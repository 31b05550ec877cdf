import { isBlank, splitText } from '../transform/lines.ts';
import type { Reason, TransformLine, Verdict } from '../transform/types.ts';
import { type WireFacts, wireLine } from '../transform/wire.ts';
import { REDRIVEN } from './views.ts';

/** A line in quarantine, as the view shows it. */
export interface Quarantined {
  readonly event_id: string;
  readonly ts_ms: number;
  readonly ts: string;
  readonly seq: number | null;
  readonly ingested_at: string;
  readonly source: string | null;
  readonly source_path: string | null;
  readonly reason: string;
  readonly target: string | null;
  readonly raw: string;
  readonly facts: WireFacts;
}

/** Columns of stream `quarantine` that `Quarantined` is made of. */
export const FACT_COLUMNS = ['strategy_id', 'session_id', 'mode', 'venue', 'account_id', 'symbol'] as const;

/** Of these the stored text is not what the bot wrote, or a map has to read it: running them again would store something else. */
const FINAL: ReadonlySet<string> = new Set<Reason>(['invalid_utf8', 'damaged', 'map_failed']);

/**
 * Runs a line of quarantine through the transform of today, under its first identity and time of arrival.
 * @returns the verdicts of its lines, or none where it stays as it is
 */
export function rerun(line: Quarantined, transform: TransformLine): readonly Verdict[] {
  if (FINAL.has(line.reason)) return [];
  const { event_id, seq, ts_ms: arrivedMs, source, source_path, raw, facts, target } = line;
  const index = seq ?? 0;
  const ending = `-${index}`;
  const base = event_id.endsWith(ending) ? event_id.slice(0, -ending.length) : event_id;
  if (source !== null && source_path !== null) {
    const hint = target === null ? {} : { stream: target };
    const wire = wireLine({ source, path: source_path, file: base, line: index, raw, set: facts, ...hint });
    return verdictsOf(transform(wire, { recordId: base, index, arrivedMs }));
  }
  // A record that de-aggregation could not take apart stands whole in one line: its lines get the identities they would have had.
  const lines = splitText(raw).map((text, i) => ({ text, index: index + i }));
  return lines
    .filter(({ text }) => !isBlank(text))
    .flatMap(({ text, index: at }) =>
      verdictsOf(transform(text, { recordId: index === 0 ? event_id : base, index: at, arrivedMs })),
    );
}

const verdictsOf = (verdict: Verdict | undefined): readonly Verdict[] => (verdict === undefined ? [] : [verdict]);

/** The line that takes an event out of the view of quarantine: it is stored in `streams` now. */
export const redrivenLine = (
  { event_id, ts, ts_ms, seq, ingested_at, source, source_path, facts, target }: Quarantined,
  streams: readonly string[],
): string =>
  JSON.stringify({
    event_id,
    stream: 'quarantine',
    schema_version: 1,
    ts,
    ts_ms,
    ts_source: 'ts',
    ...facts,
    seq,
    ingested_at,
    source,
    source_path,
    reason: REDRIVEN,
    detail: `stored in ${[...new Set(streams)].join(', ')}`,
    target: streams[0] ?? target,
  });
