import type { Findings } from '../transform/findings.ts';
import type { JsonObject } from '../transform/json.ts';
import { canonical } from './canonical.ts';
import type { Dialect, Draft, Hint } from './dialect.ts';
import { s1BarOnly, s1Flat, s1Flattened, s1Sanitized, s1Wrapped } from './s1.ts';
import { executionEvent, opsEvent, s2Event } from './s2.ts';
import { s2Ledger } from './s2-ledger.ts';

const S1: readonly Dialect[] = [s1Flat, s1Wrapped, s1BarOnly, s1Flattened];
const OTHERS: readonly Dialect[] = [executionEvent, opsEvent, s2Ledger];
const NAMED: readonly Dialect[] = [canonical, ...S1, ...OTHERS];
const KINDS: readonly Dialect[] = [s2Event, ...OTHERS];

/** The record in canonical names, or undefined where no dialect knows it. Record by record: one file may hold several. */
export function recognise(record: JsonObject, hint: Hint, findings: Findings): Draft | undefined {
  // One key rules most dialects out: asking each of them would cost as much as parsing the record.
  if (record.stream !== undefined) return firstOf(NAMED, record, hint, findings);
  if (record.kind !== undefined) return firstOf(KINDS, record, hint, findings);
  if (record.sanitized !== undefined) return s1Sanitized(record, hint, findings);
  return (
    (record.ts_ist === undefined && record.ts_iso === undefined ? undefined : firstOf(S1, record, hint, findings)) ??
    firstOf(OTHERS, record, hint, findings)
  );
}

function firstOf(dialects: readonly Dialect[], record: JsonObject, hint: Hint, findings: Findings): Draft | undefined {
  for (const dialect of dialects) {
    const draft = dialect(record, hint, findings);
    if (draft !== undefined) return draft;
  }
  return undefined;
}
