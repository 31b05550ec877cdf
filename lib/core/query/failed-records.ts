import { CATALOG } from '../catalog/index.ts';
import { lineId } from '../ids.ts';
import { NO_CLOCK_DATE, PREFIXES } from '../lake/keys.ts';
import { isObject, parseJson } from '../transform/json.ts';
import { isBlank, splitLines } from '../transform/lines.ts';
import { QUARANTINE } from '../transform/quarantine.ts';
import { type IncomingRecord, transformRecord } from '../transform/record.ts';
import type { TransformLine, Verdict } from '../transform/types.ts';

/** A document in an object of Firehose's error prefix: a record that was not delivered, or why it cannot be read. */
export type FailedRecord =
  | { readonly record: IncomingRecord; readonly errorCode: string }
  | { readonly problem: string };

interface Tools {
  /** Hex SHA-256. */
  readonly sha256: (text: string) => string;
  /** Base64; undefined where the text is none. */
  readonly decode: (text: string) => Uint8Array | undefined;
}

const BETWEEN = '}{"attemptsMade"';

/**
 * The records of an object of Firehose's error prefix, in their order. The identity of a record is the object's key and
 * its place there, and it came in when Firehose took it (semantics 1).
 */
export function* failedRecords(key: string, text: string, tools: Tools): Generator<FailedRecord> {
  const file = tools.sha256(key).slice(0, 24);
  // Nothing says that a newline stands between two documents. Inside a text the quotes of this one would be escaped.
  const documents = text.replaceAll(BETWEEN, BETWEEN.replace('}', '}\n')).split('\n');
  let place = 0;
  for (const document of documents) {
    if (isBlank(document)) continue;
    place++;
    yield failedRecord(document, lineId(file, place), tools);
  }
}

function failedRecord(document: string, recordId: string, { decode }: Tools): FailedRecord {
  const value = parseJson(document)?.value;
  if (!isObject(value)) return { problem: 'is no JSON object' };
  const { rawData, arrivalTimestamp: arrivedMs, errorCode, lastErrorCode } = value;
  if (typeof rawData !== 'string') return { problem: 'has no rawData' };
  const data = decode(rawData);
  if (data === undefined) return { problem: 'has a rawData that is no base64' };
  if (!isTime(arrivedMs)) return { problem: 'does not say when the record came in' };
  return { record: { recordId, arrivedMs, data }, errorCode: String(errorCode ?? lastErrorCode ?? 'unknown') };
}

/** Milliseconds of a day that a calendar of four digits has. */
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value < Date.UTC(10_000, 0);

/** Type of the records that the transform itself did not answer for; of any other it has done its work. */
const UNTRANSFORMED = `${PREFIXES.errors}processing-failed/`;

/**
 * The verdicts of a record of the object `key`. What failed behind the transform, such as for too many open partitions,
 * is a line of the lake already: run again, it would lose the time it came in at.
 */
export function verdictsOf(key: string, record: IncomingRecord, transform: TransformLine): readonly Verdict[] {
  if (!key.startsWith(UNTRANSFORMED)) {
    const lines = splitLines(record.data).filter(({ text }) => !isBlank(text));
    const made = lines.flatMap(({ text }) => madeVerdict(text) ?? []);
    if (made.length === lines.length) return made;
  }
  return transformRecord(record, transform);
}

const DAY = /^\d{4}-\d{2}-\d{2}T/;

/** The verdict that a line of the lake was made with; undefined where the transform did not make it. */
function madeVerdict(json: string): Verdict | undefined {
  const value = parseJson(json)?.value;
  if (!isObject(value)) return undefined;
  const { event_id, stream: name, schema_version: version, ts, ts_source, ingested_at } = value;
  if (typeof event_id !== 'string' || typeof ts_source !== 'string' || typeof name !== 'string') return undefined;
  const stream = Object.hasOwn(CATALOG, name) ? CATALOG[name] : undefined;
  if (stream === undefined || stream.origin === 'derived') return undefined;
  const known = stream.versions.find((one) => one === version);
  if (known === undefined || typeof ingested_at !== 'string' || !DAY.test(ingested_at)) return undefined;
  const quarantined = name === QUARANTINE;
  const time = quarantined ? ingested_at : (ts ?? NO_CLOCK_DATE);
  if (typeof time !== 'string' || (time !== NO_CLOCK_DATE && !DAY.test(time))) return undefined;
  return {
    outcome: quarantined ? 'quarantined' : 'stored',
    stream: name,
    version: known,
    date: time.slice(0, 10),
    json,
  };
}
