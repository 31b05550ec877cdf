import { MAX_RECORD_BYTES, REPLY_BUDGET_BYTES, REPLY_LIMIT_BYTES } from '../limits.ts';
import { isBlank, splitLines } from './lines.ts';
import { transformRecord } from './record.ts';
import type { TransformLine, Verdict } from './types.ts';
import { nextHop } from './wire.ts';

/** A record of Firehose's transformation event. */
export interface FirehoseRecord {
  readonly recordId: string;
  readonly approximateArrivalTimestamp: number;
  /** Base64. */
  readonly data: string;
}

export interface FirehoseReply {
  readonly recordId: string;
  readonly result: 'Ok' | 'Dropped' | 'ProcessingFailed';
  readonly data: string;
  readonly metadata?: { readonly partitionKeys: Readonly<Record<string, string>> };
}

/** One line that is put again to its own stream, for want of room in the reply. */
export interface PutAgain {
  /** The record it is of, by its place among all, from 0. */
  readonly index: number;
  readonly data: Uint8Array;
}

export interface FirehoseAnswer {
  /** One reply per record, in order. */
  readonly records: readonly FirehoseReply[];
  /** What the caller puts again before it answers: the lines of the records answered `Dropped` that hold any. */
  readonly again: readonly PutAgain[];
  /** Events of the records answered `ProcessingFailed`. */
  readonly failed: number;
}

/** Base64 both ways; the core has no Buffer. */
export interface Base64 {
  decode(text: string): Uint8Array;
  encode(text: string): string;
}

interface Settings {
  /** Sees every verdict that is answered, once; not kept here, for an invocation holds megabytes of them. */
  readonly onVerdict?: (verdict: Verdict) => void;
  /** Hears of a defect by which a record could not be read; it is answered ProcessingFailed. */
  readonly onDefect?: (recordId: string, error: unknown) => void;
  /** Bytes of a reply above which no more records are answered Ok. @default - REPLY_BUDGET_BYTES */
  readonly budgetBytes?: number;
  /** Most bytes of a reply, also where nothing can be put again. @default - REPLY_LIMIT_BYTES */
  readonly limitBytes?: number;
}

/** Bytes around the replies. */
const ENVELOPE_BYTES = '{"records":[]}'.length;
/** Bytes around `data` and id in a reply, at most: result, partition keys, punctuation. */
const OVERHEAD_BYTES = 200;
const FAILED_BYTES = '{"recordId":"","result":"ProcessingFailed","data":""},'.length;

/**
 * Answers one invocation: every record id once. Lines of one record that belong to different partitions cannot be
 * delivered apart, so the record goes whole to quarantine; records beyond the reply's budget are put again, line by line.
 * Room is kept for all of these as they came, so that they can be answered `ProcessingFailed` where that fails: the reply
 * exceeds its limit only where the request did.
 */
export function transformFirehose(
  records: readonly FirehoseRecord[],
  transform: TransformLine,
  base64: Base64,
  { budgetBytes = REPLY_BUDGET_BYTES, limitBytes = REPLY_LIMIT_BYTES, onVerdict, onDefect }: Settings = {},
): FirehoseAnswer {
  const replies: FirehoseReply[] = [];
  const again: PutAgain[] = [];
  let failed = 0;
  let bytes = ENVELOPE_BYTES;
  let kept = records.reduce((sum, record) => sum + failedBytes(record), 0);
  for (const [index, record] of records.entries()) {
    kept -= failedBytes(record);
    try {
      const data = base64.decode(record.data);
      const verdicts = onePartition(record, data, transform);
      const reply = replyTo(record, verdicts, base64);
      const after = bytes + reply.data.length + record.recordId.length + OVERHEAD_BYTES;
      if (after <= budgetBytes && after + kept <= limitBytes) {
        replies.push(reply);
        if (onVerdict !== undefined) verdicts.forEach(onVerdict);
        bytes = after;
        continue;
      }
      const { events, hops } = hopsOf(record, data);
      if (hops === undefined) failed += events;
      else for (const hop of hops) again.push({ index, data: hop });
      replies.push(
        hops === undefined ? failedReply(record) : { recordId: record.recordId, result: 'Dropped', data: '' },
      );
    } catch (error) {
      // No record does this; whatever does must not cost its neighbours.
      onDefect?.(record.recordId, error);
      failed++;
      replies.push(failedReply(record));
    }
    bytes += failedBytes(record);
  }
  return { records: replies, again, failed };
}

/** The same answer where some lines could not be put again: their records go to Firehose's error prefix as they came. */
export function withFailed(
  { records, again, failed }: FirehoseAnswer,
  refused: readonly PutAgain[],
  sent: readonly FirehoseRecord[],
): FirehoseAnswer {
  const indexes = new Set(refused.map(({ index }) => index));
  const put = again.filter(({ index }) => !indexes.has(index));
  return {
    records: records.map((reply, index) => {
      const record = sent[index];
      return record !== undefined && indexes.has(index) ? failedReply(record) : reply;
    }),
    again: put,
    failed: failed + again.length - put.length,
  };
}

const failedReply = ({ recordId, data }: FirehoseRecord): FirehoseReply => ({
  recordId,
  result: 'ProcessingFailed',
  data,
});

const failedBytes = ({ recordId, data }: FirehoseRecord): number => recordId.length + data.length + FAILED_BYTES;

function onePartition(record: FirehoseRecord, data: Uint8Array, transform: TransformLine): readonly Verdict[] {
  const { recordId, approximateArrivalTimestamp: arrivedMs } = record;
  const verdicts = transformRecord({ recordId, arrivedMs, data }, transform);
  if (verdicts.length < 2 || shareOnePartition(verdicts)) return verdicts;
  const whole = transform(new TextDecoder().decode(data), { recordId, index: 0, arrivedMs }, 'deaggregation_limit');
  return whole === undefined ? [] : [whole];
}

function shareOnePartition(verdicts: readonly Verdict[]): boolean {
  const [first] = verdicts;
  return verdicts.every(
    ({ stream, version, date }) => stream === first?.stream && version === first.version && date === first.date,
  );
}

function replyTo({ recordId }: FirehoseRecord, verdicts: readonly Verdict[], base64: Base64): FirehoseReply {
  const [first] = verdicts;
  if (first === undefined) return { recordId, result: 'Dropped', data: '' }; // blank lines hold no event
  let lines = '';
  for (const { json } of verdicts) lines += `${json}\n`;
  return {
    recordId,
    result: 'Ok',
    data: base64.encode(lines),
    metadata: { partitionKeys: { stream: first.stream, version: String(first.version), date: first.date } },
  };
}

/** The record's lines for their next hop; none where one of them had all its hops, or would be larger than a record may be. */
function hopsOf(
  { recordId, approximateArrivalTimestamp: arrivedMs }: FirehoseRecord,
  data: Uint8Array,
): { readonly events: number; readonly hops?: readonly Uint8Array[] } {
  const hops: Uint8Array[] = [];
  let events = 0;
  let all = true;
  for (const [index, line] of splitLines(data).entries()) {
    if (isBlank(line.text)) continue;
    events++;
    const text = nextHop(line, { recordId, index, arrivedMs });
    const hop = text === undefined ? undefined : new TextEncoder().encode(text);
    if (hop === undefined || hop.length > MAX_RECORD_BYTES) all = false;
    else hops.push(hop);
  }
  return all ? { events, hops } : { events };
}
