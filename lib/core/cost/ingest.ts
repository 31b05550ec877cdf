import { PACK_BYTES, PACK_LINES } from '../limits.ts';
import { DAYS_PER_MONTH, SECONDS_PER_MONTH } from './units.ts';
import type { Workload } from './workload.ts';

/** Firehose bills each record in steps of so many bytes ("5 KB"; AWS’s pricing page). */
export const RECORD_STEP_BYTES = 5_120;

/** What producers send in a month. */
export interface Ingested {
  readonly events: number;
  readonly records: number;
  readonly linesPerRecord: number;
  readonly sentBytes: number;
  /** After each record was rounded up. */
  readonly billedBytes: number;
}

export function ingestedOf(workload: Workload): Ingested {
  const events = workload.eventsPerDay * DAYS_PER_MONTH;
  const sentBytes = events * workload.bytes;
  const alone = { records: events, billedBytes: events * roundedUp(workload.bytes) };
  const packed = workload.linesPerRecord === null ? gathered(workload, events) : counted(workload, events);
  // A producer that would pay for packing does not pack: lines of exactly one step gain nothing by it.
  const records = Math.min(alone.records, packed.records);
  return {
    events,
    records,
    linesPerRecord: records === 0 ? 0 : events / records,
    sentBytes,
    billedBytes: Math.min(alone.billedBytes, packed.billedBytes),
  };
}

interface Packed {
  readonly records: number;
  readonly billedBytes: number;
}

/** So many lines in each record, all of one length; a record that would be too large holds fewer. */
function counted({ bytes, linesPerRecord }: Workload, events: number): Packed {
  const lines = Math.min(linesPerRecord ?? 1, largest(bytes));
  const records = events / lines;
  return { records, billedBytes: records * roundedUp(lines * bytes) };
}

/**
 * What each strategy says within the time that its producer gathers. The lines of a record then differ in number and
 * length, so that half a step is lost by rounding on average, and never less than one step is paid.
 */
function gathered({ bytes, strategies, flushMs }: Workload, events: number): Packed {
  const flushes = strategies * (SECONDS_PER_MONTH / (flushMs / 1000));
  const full = Math.min(PACK_LINES, largest(bytes));
  const records = Math.max(events / full, Math.min(events, flushes));
  return {
    records,
    billedBytes: Math.max(records * RECORD_STEP_BYTES, events * bytes + (records * RECORD_STEP_BYTES) / 2),
  };
}

/** Lines that fit in a record. No whole number, for lines are of that length only on average. */
const largest = (bytes: number): number => Math.max(1, PACK_BYTES / bytes);

const roundedUp = (bytes: number): number => Math.ceil(bytes / RECORD_STEP_BYTES) * RECORD_STEP_BYTES;
