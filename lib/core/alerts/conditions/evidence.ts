import type { Evidence, Observation } from '../types.ts';

// The events that readings name; the newest few.

const MOST = 5;
const MOST_TEXT = 300;

/** Columns whose text says what an event is about, the most telling first. */
const TEXTS = ['message', 'rejection_message', 'rejection_reason', 'reason', 'name'] as const;
const ALL_COLUMNS = [...TEXTS, 'error_type', 'trade_id'] as const;

/** Columns that evidence is made of. */
export const EVIDENCE_COLUMNS: readonly string[] = ALL_COLUMNS;

export function evidenceOf({ stream, eventId, tsMs, sessionId, symbol, fields }: Observation): Evidence {
  const text = textOf(fields);
  const tradeId = typeof fields.trade_id === 'string' ? fields.trade_id.slice(0, MOST_TEXT) : undefined;
  return {
    stream,
    eventId,
    tsMs,
    sessionId,
    symbol,
    ...(text === undefined ? undefined : { text }),
    ...(tradeId === undefined ? undefined : { tradeId }),
  };
}

/** The newest of both, oldest first, none twice; the same list where the event is no news. */
export function withEvidence(list: readonly Evidence[], observation: Observation): readonly Evidence[] {
  const made = evidenceOf(observation);
  if (list.some((known) => isSame(known, made))) return list;
  const oldest = list[0];
  if (list.length >= MOST && oldest !== undefined && compare(made, oldest) < 0) return list;
  return [...list, made].sort(compare).slice(-MOST);
}

/** Of several lists the newest. */
export const newestEvidence = (lists: readonly (readonly Evidence[])[]): readonly Evidence[] =>
  lists.flat().sort(compare).slice(-MOST);

const isSame = (a: Evidence, b: Evidence): boolean =>
  a.eventId === b.eventId && a.stream === b.stream && a.sessionId === b.sessionId;

const compare = (a: Evidence, b: Evidence): number =>
  a.tsMs - b.tsMs ||
  order(a.stream, b.stream) ||
  order(a.sessionId ?? '', b.sessionId ?? '') ||
  order(a.eventId, b.eventId);

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function textOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of TEXTS) {
    const value = fields[name];
    if (typeof value !== 'string' || value === '') continue;
    const type = fields.error_type;
    const whole = name === 'message' && typeof type === 'string' && !value.includes(type) ? `${type}: ${value}` : value;
    return whole.slice(0, MOST_TEXT);
  }
  return undefined;
}
