import type { JsonObject } from '../transform/json.ts';
import { canonical } from './canonical.ts';
import type { Dialect, Draft, Hint } from './dialect.ts';
import { s1BarOnly, s1Flat, s1Sanitized, s1Wrapped } from './s1.ts';
import { executionEvent, opsEvent, s2Event } from './s2.ts';
import { s2Ledger } from './s2-ledger.ts';

/** In the order asked: the surest mark first. */
const DIALECTS: readonly Dialect[] = [canonical, s2Event, executionEvent, s1Sanitized, s1Flat, s1Wrapped, s1BarOnly, opsEvent, s2Ledger];

/** The record in canonical names, or undefined where no dialect knows it. Record by record: one file may hold several. */
export function recognise(record: JsonObject, hint: Hint): Draft | undefined {
  for (const dialect of DIALECTS) {
    const draft = dialect(record, hint);
    if (draft !== undefined) return draft;
  }
  return undefined;
}
