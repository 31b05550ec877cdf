import { MAX_HOPS, REPLY_BUDGET_BYTES } from '../limits.ts';
import { isObject, parseJson } from './json.ts';
import { transformRecord } from './record.ts';
import type { TransformLine, Verdict } from './types.ts';

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

export interface FirehoseAnswer {
  /** One reply per record, in order. */
  readonly records: readonly FirehoseReply[];
  /** What the caller puts again to its own stream before it answers: the records answered `Dropped` for want of room. */
  readonly again: readonly Uint8Array[];
}

/** Base64 both ways; the core has no Buffer. */
export interface Base64 {
  decode(text: string): Uint8Array;
  encode(text: string): string;
}

interface Settings {
  /** Sees every verdict that is answered, once; not kept here, for an invocation holds megabytes of them. */
  readonly onVerdict?: (verdict: Verdict) => void;
  /** Most bytes of a reply, all records counted. @default - REPLY_BUDGET_BYTES */
  readonly budgetBytes?: number;
}

/** Bytes around `data` in a reply: id, result, partition keys, punctuation. */
const OVERHEAD_BYTES = 200;

/**
 * Answers one invocation: every record id once. Lines of one record that belong to different partitions cannot be
 * delivered apart, so the record goes whole to quarantine; records beyond the reply's budget are put again.
 */
export function transformFirehose(
  records: readonly FirehoseRecord[],
  transform: TransformLine,
  base64: Base64,
  { budgetBytes = REPLY_BUDGET_BYTES, onVerdict }: Settings = {},
): FirehoseAnswer {
  const replies: FirehoseReply[] = [];
  const again: Uint8Array[] = [];
  let bytes = 0;
  for (const record of records) {
    const data = base64.decode(record.data);
    const verdicts = onePartition(record, data, transform);
    const reply = replyTo(record, verdicts, base64);
    const size = reply.data.length + record.recordId.length + OVERHEAD_BYTES;
    if (bytes + size <= budgetBytes) {
      replies.push(reply);
      if (onVerdict !== undefined) verdicts.forEach(onVerdict);
      bytes += size;
      continue;
    }
    const next = hopOf(record, data);
    replies.push({
      recordId: record.recordId,
      result: next === undefined ? 'ProcessingFailed' : 'Dropped',
      data: next === undefined ? record.data : '',
    });
    if (next !== undefined) again.push(next);
    bytes += record.recordId.length + OVERHEAD_BYTES + (next === undefined ? record.data.length : 0);
  }
  return { records: replies, again };
}

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

/** The record for its next hop, with its first id and arrival; undefined where it has had all its hops. */
function hopOf(record: FirehoseRecord, data: Uint8Array): Uint8Array | undefined {
  const text = new TextDecoder().decode(data);
  const parsed = parseJson(text)?.value;
  const last = isObject(parsed) && parsed.nd === 1 && typeof parsed.hop === 'number' ? parsed : undefined;
  const hop = Number(last?.hop ?? 0) + 1;
  if (hop > MAX_HOPS) return undefined;
  const first = last ?? { id: record.recordId, at: record.approximateArrivalTimestamp, raw: text };
  return new TextEncoder().encode(JSON.stringify({ nd: 1, hop, id: first.id, at: first.at, raw: first.raw }));
}
