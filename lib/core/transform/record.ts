import { splitLines } from './lines.ts';
import type { Position, TransformLine, Verdict } from './types.ts';

/** A record as a door hands it over. */
export interface IncomingRecord {
  readonly recordId: string;
  readonly arrivedMs: number;
  readonly data: Uint8Array;
}

/** Every line of a record through the transform: one verdict per line that is not blank. */
export function transformRecord(record: IncomingRecord, transform: TransformLine): Verdict[] {
  const verdicts: Verdict[] = [];
  const lines = splitLines(record.data);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index];
    if (line === undefined) continue;
    const position: Position = { recordId: record.recordId, index, arrivedMs: record.arrivedMs };
    const verdict = transform(line.text, position, line.valid ? undefined : 'invalid_utf8');
    if (verdict !== undefined) verdicts.push(verdict);
  }
  return verdicts;
}
