import type { LakeRecord } from '../lake/read.ts';
import { microseconds } from '../lifecycle/input.ts';
import { contentOf } from '../lifecycle/outbox.ts';
import type { DerivedRow } from '../lifecycle/types.ts';
import { breakOf } from './break.ts';
import { verdictOf } from './tolerances.ts';
import type { Break } from './types.ts';

/** What a fold of the lake from scratch says otherwise than the rows that were published. */
export interface RebuiltRows {
  readonly changedRows: readonly DerivedRow[];
  readonly retractedRows: readonly DerivedRow[];
}

/** Doubles agree to this share (semantics 2). */
const AGREE = 1e-9;
/** Says when and how often a row was written, not what it tells. */
const WRITING = new Set(['rev', 'ingested_at', 'provisional', 'dialect', 'retracted']);

/**
 * Differences between the rows published and the rows rebuilt, field by field. `published` finds the newest row of an
 * identity in the lake; undefined where there is none, or it is withdrawn.
 */
export function rebuildBreaks(
  { changedRows, retractedRows }: RebuiltRows,
  published: (row: DerivedRow) => LakeRecord | undefined,
): Break[] {
  return [
    ...changedRows.flatMap((row) => {
      const known = published(row);
      return known === undefined ? [absent(row, 'missing')] : fieldBreaks(row, known);
    }),
    ...retractedRows.map((row) => absent(row, 'unexpected')),
  ];
}

const about = ({ stream, id, event }: DerivedRow): Pick<Break, 'subject' | 'us' | 'symbol' | 'strategyId'> => ({
  subject: `${stream} ${id}`,
  us: microseconds(event.ts, event.ts_ms) ?? null,
  symbol: typeof event.symbol === 'string' ? event.symbol : null,
  strategyId: typeof event.strategy_id === 'string' ? event.strategy_id : null,
});

const ADVICE =
  '`nightdesk rebuild` sets it right; if it comes back, the desk missed events: look for refused writes in its log.';

const absent = (row: DerivedRow, kind: 'missing' | 'unexpected'): Break =>
  breakOf({
    ...about(row),
    kind,
    state: 'open',
    sentence:
      kind === 'missing'
        ? `A fold of the lake makes this row of ${row.stream}; it was never published.`
        : `This row of ${row.stream} was published; a fold of the lake does not make it.`,
    advice: ADVICE,
  });

function fieldBreaks(row: DerivedRow, known: LakeRecord): Break[] {
  const made = contentOf(row);
  const names = [...new Set([...Object.keys(made), ...Object.keys(known)])].filter((name) => !WRITING.has(name));
  return names.sort().flatMap((name) => {
    const [ours, theirs] = [known[name] ?? null, made[name] ?? null];
    const state = stateOf(ours, theirs);
    if (state === 'equal') return [];
    const numbers = typeof ours === 'number' && typeof theirs === 'number';
    return [
      breakOf({
        ...about(row),
        kind: 'field',
        state,
        field: name,
        ours: textOf(ours),
        theirs: textOf(theirs),
        difference: numbers ? ours - theirs : null,
        tolerance: numbers ? AGREE * Math.abs(theirs) : null,
        sentence: `Published is ${name} ${textOf(ours) ?? 'null'}, a fold of the lake says ${textOf(theirs) ?? 'null'}.`,
        advice: ADVICE,
      }),
    ];
  });
}

/** Compares values of any depth; of lists and objects the worst of their parts counts. */
function stateOf(ours: unknown, theirs: unknown): 'equal' | 'within_tolerance' | 'open' {
  if (ours === theirs || (ours == null && theirs == null)) return 'equal';
  if (typeof ours === 'number' && typeof theirs === 'number') return verdictOf(ours, theirs, AGREE * Math.abs(theirs));
  if (typeof ours !== 'object' || typeof theirs !== 'object' || ours === null || theirs === null) return 'open';
  if (Array.isArray(ours) !== Array.isArray(theirs)) return 'open';
  const [left, right] = [ours as Record<string, unknown>, theirs as Record<string, unknown>];
  const parts = [...new Set([...Object.keys(left), ...Object.keys(right)])].map((name) =>
    stateOf(left[name], right[name]),
  );
  return parts.includes('open') ? 'open' : parts.includes('within_tolerance') ? 'within_tolerance' : 'equal';
}

const MOST_CHARS = 500;
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS)}…`;
}
