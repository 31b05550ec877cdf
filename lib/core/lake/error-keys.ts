import { dateOf, PREFIXES } from './keys.ts';

// Beside what it is about, so that one rule of retention ends both; Firehose has no error type of this name.
const NOTES = `${PREFIXES.errors}redriven/`;

/** Key of the note that an object of Firehose's error prefix was redriven. */
export const redrivenNoteKey = (key: string): string => `${NOTES}${key.slice(PREFIXES.errors.length)}.json`;

/** Whether a key below the error prefix is such a note. */
export const isRedrivenNote = (key: string): boolean => key.startsWith(NOTES);

const STAMP = /-(\d{4})-(\d{2})-(\d{2})-(\d{2})-(\d{2})-(\d{2})-[^/]*$/;

/** When Firehose wrote an object, by its name, ms since the epoch; undefined where the name does not say. */
export function writtenAt(key: string): number | undefined {
  const [, year, month, day, hour, minute, second] = STAMP.exec(key) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** UTC day of that time. */
export function writtenOn(key: string): string | undefined {
  const ms = writtenAt(key);
  return ms === undefined ? undefined : dateOf(ms);
}
