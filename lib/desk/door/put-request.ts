import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_RECORD_BYTES, MAX_SUBRECORDS } from '../../core/limits.ts';
import { invalidArgument, serialization, validation } from './aws-error.ts';
import { base64Bytes, hasMoreLinesThan } from './data.ts';
import { FrameBuilder, frameOverhead } from './frame.ts';
import type { FramePool } from './frame-pool.ts';

/** A record of a call: its data as base64, and how many bytes that stands for. */
export interface PutRecord {
  readonly data: string;
  readonly bytes: number;
}

/** The record of PutRecord. @throws AwsError */
export const readRecord = (request: object): PutRecord =>
  recordOf('Record' in request ? request.Record : undefined, 'record');

/** The records of PutRecordBatch, within the limits of a call. @throws AwsError */
export function readRecords(request: object): PutRecord[] {
  const records = 'Records' in request ? request.Records : undefined;
  if (records === undefined || records === null) throw validation('records', 'Member must not be null');
  if (!Array.isArray(records)) throw serialization('Records must be a list.');
  if (records.length === 0) throw validation('records', 'Member must have length greater than or equal to 1');
  if (records.length > MAX_BATCH_RECORDS)
    throw validation(
      'records',
      `Member must have length less than or equal to ${MAX_BATCH_RECORDS}; ${records.length} records were sent`,
    );
  let total = 0;
  const read: PutRecord[] = [];
  for (const [index, record] of records.entries()) {
    const one = recordOf(record, `records.${index + 1}.member`);
    total += one.bytes;
    read.push(one);
  }
  if (total > MAX_BATCH_BYTES)
    throw invalidArgument(
      `Records size exceeds 4 MB limit: ${total} bytes, at most ${MAX_BATCH_BYTES} fit in one call.`,
    );
  return read;
}

function recordOf(record: unknown, member: string): PutRecord {
  if (record === undefined || record === null) throw validation(member, 'Member must not be null');
  if (typeof record !== 'object') throw serialization(`${member} must be an object.`);
  const data = 'Data' in record ? record.Data : undefined;
  if (data === undefined || data === null) throw validation(`${member}.data`, 'Member must not be null');
  if (typeof data !== 'string') throw serialization(`${member}.data must be base64 text.`);
  const bytes = base64Bytes(data);
  if (bytes === undefined) throw serialization(`${member}.data is not base64.`);
  if (bytes > MAX_RECORD_BYTES)
    throw validation(
      `${member}.data`,
      `Member must have length less than or equal to ${MAX_RECORD_BYTES}; it has ${bytes} bytes`,
    );
  return { data, bytes };
}

/**
 * Decodes records straight into the frame that goes to disk.
 * @throws AwsError for the whole call: as on AWS, a call that breaks a rule stores nothing. A verdict per record would
 * make clients send the bad record again and again, because all codes that a record may fail with mean "try again".
 */
export function frameOf(
  records: readonly PutRecord[],
  { arrivedMs, pool }: { readonly arrivedMs: number; readonly pool: FramePool },
): Buffer {
  let dataBytes = 0;
  for (const { bytes } of records) dataBytes += bytes;
  const builder = new FrameBuilder(pool.take(frameOverhead(records.length) + dataBytes), arrivedMs);
  for (const [index, { data, bytes }] of records.entries()) {
    if (!builder.addBase64(data, bytes)) throw serialization(`The data of record ${index + 1} is not base64.`);
    if (hasMoreLinesThan(builder.last(bytes), MAX_SUBRECORDS))
      throw invalidArgument(
        `Record ${index + 1} holds more than ${MAX_SUBRECORDS} lines: de-aggregation takes no more out of one record. Split it.`,
      );
  }
  return builder.frame;
}
