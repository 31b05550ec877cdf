import { splitLines, type TextLine } from '../../core/transform/lines.ts';
import type { Position } from '../../core/transform/types.ts';
import { arrivedMsOf, recordsOf } from '../door/frame.ts';
import { recordIdOf } from '../door/segment.ts';
import type { WalEntry } from '../door/wal.ts';

export interface EntryLine {
  readonly line: TextLine;
  readonly position: Position;
}

/** The lines of an entry's records, blank ones too, each with the position that is its identity on this and on every replay. */
export function* entryLines({ frame, segmentId }: WalEntry): Generator<EntryLine> {
  const arrivedMs = arrivedMsOf(frame);
  for (const { sequence, data } of recordsOf(frame)) {
    const recordId = recordIdOf(segmentId, sequence);
    let index = 0;
    for (const line of splitLines(data)) yield { line, position: { recordId, index: index++, arrivedMs } };
  }
}
