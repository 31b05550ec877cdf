import { gunzipSync } from 'node:zlib';
import { recordLineId } from '../../../lib/core/ids.ts';
import { dateOf } from '../../../lib/core/lake/keys.ts';
import type { Clock, Log, ObjectStore } from '../../../lib/core/ports/index.ts';
import type { TransformLine } from '../../../lib/core/transform/types.ts';
import { FrameBuilder, frameOverhead } from '../../../lib/desk/door/frame.ts';
import type { Intake } from '../../../lib/desk/door/intake.ts';
import { recordIdOf } from '../../../lib/desk/door/segment.ts';

/** 2025-12-03, later by one ms each time it is asked. */
export function steppingClock(): Clock {
  let nowMs = Date.UTC(2025, 11, 3, 12);
  return { nowMs: () => nowMs++ };
}

export interface Said {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>> | undefined;
}

/** A log that can be read. */
export function listeningLog(): Log & { readonly said: Said[] } {
  const said: Said[] = [];
  const at =
    (level: Said['level']) =>
    (message: string, facts?: Readonly<Record<string, unknown>>): void => {
      said.push({ level, message, facts });
    };
  return { said, info: at('info'), warn: at('warn'), error: at('error') };
}

/** A transform that stores every line as it is, beside its identity and arrival; streams are taken from `stream:` at its start. */
export const plainTransform: TransformLine = (line, { recordId, index, arrivedMs }, reason) => {
  if (line.trim() === '') return undefined;
  const stream = /^([a-z_]+):/.exec(line)?.[1] ?? 'order';
  const json = JSON.stringify({ event_id: recordLineId(recordId, index), ingested_at: arrivedMs, raw: line, reason });
  if (reason !== undefined)
    return { outcome: 'quarantined', reason, stream: 'quarantine', version: 1, date: dateOf(arrivedMs), json };
  return { outcome: 'stored', stream, version: 1, date: dateOf(arrivedMs), json };
};

export interface StoredLine {
  readonly key: string;
  readonly event_id: string;
  readonly ingested_at: number;
  readonly raw: string;
}

/** Every line of every object; throws where one is not whole. */
export async function storedLines(store: ObjectStore): Promise<StoredLine[]> {
  const lines: StoredLine[] = [];
  for await (const { key } of store.list('events/')) {
    const body = await store.get(key);
    if (body === undefined) throw new Error(`${key} is listed and not there`);
    const text = gunzipSync(body).toString();
    if (!text.endsWith('\n')) throw new Error(`${key} does not end with a line end`);
    for (const line of text.slice(0, -1).split('\n')) lines.push({ key, ...JSON.parse(line) });
  }
  return lines;
}

/** Takes records of one line each. @returns their ids. */
export async function takeRecords(intake: Intake, lines: readonly string[], arrivedMs: number): Promise<string[]> {
  const records = lines.map((line) => Buffer.from(line));
  const bytes = records.reduce((sum, { length }) => sum + length, frameOverhead(records.length));
  const builder = new FrameBuilder(intake.pool.take(bytes), arrivedMs);
  for (const record of records) builder.add(record);
  const { segmentId, firstSequence } = await intake.take(builder.frame);
  return records.map((_, index) => recordIdOf(segmentId, firstSequence + index));
}
