import { crc32 } from 'node:zlib';

// A frame is one call's records in the write-ahead log:
//   marker 8 | payload length u32 | CRC-32 of the payload u32 | first sequence u32 | count u32 | arrived ms f64 | (length u32, bytes) per record
// All numbers are little-endian. The marker is random per segment and never leaves the machine, so that no record's
// content can pass for a frame when a damaged segment is searched for the next good one.

export const MARKER_BYTES = 8;
const PAYLOAD_AT = 16;
const RECORDS_AT = 32;
const LENGTH_BYTES = 4;

/** Bytes that a frame takes beside its records' data. */
export const frameOverhead = (records: number): number => RECORDS_AT + LENGTH_BYTES * records;

/** Fills in a frame record by record; the log adds marker, sequence and checksum when it writes. */
export class FrameBuilder {
  readonly frame: Buffer;
  #at = RECORDS_AT;
  #count = 0;

  /** @param frame of exactly `frameOverhead` and all records' data, with anything in it. */
  constructor(frame: Buffer, arrivedMs: number) {
    this.frame = frame;
    frame.writeDoubleLE(arrivedMs, 24);
  }

  /** @returns whether the text was base64 of exactly that many bytes. */
  addBase64(text: string, bytes: number): boolean {
    const start = this.#begin(bytes);
    return this.frame.write(text, start, bytes, 'base64') === bytes;
  }

  add(data: Uint8Array): void {
    this.frame.set(data, this.#begin(data.length));
  }

  /** The data of the record added last. */
  last(bytes: number): Buffer {
    return this.frame.subarray(this.#at - bytes, this.#at);
  }

  #begin(bytes: number): number {
    const start = this.#at + LENGTH_BYTES;
    this.frame.writeUInt32LE(bytes, this.#at);
    this.#at = start + bytes;
    this.frame.writeUInt32LE(++this.#count, 20);
    return start;
  }
}

/** Puts the segment's marker, the first record's sequence and the checksum on a frame. @returns how many records it holds. */
export function sealFrame(frame: Buffer, marker: Buffer, firstSequence: number): number {
  frame.set(marker, 0);
  frame.writeUInt32LE(frame.length - PAYLOAD_AT, 8);
  frame.writeUInt32LE(firstSequence, 16);
  frame.writeUInt32LE(crc32(frame.subarray(PAYLOAD_AT)), 12);
  return frame.readUInt32LE(20);
}

/** The length of the frame that begins at an offset, or undefined where no whole, undamaged frame does. */
export function frameLengthAt(segment: Buffer, offset: number, marker: Buffer): number | undefined {
  if (
    segment.length - offset < RECORDS_AT ||
    segment.compare(marker, 0, MARKER_BYTES, offset, offset + MARKER_BYTES) !== 0
  )
    return undefined;
  const length = PAYLOAD_AT + segment.readUInt32LE(offset + 8);
  if (length < RECORDS_AT || length > segment.length - offset) return undefined;
  const payload = segment.subarray(offset + PAYLOAD_AT, offset + length);
  return crc32(payload) === segment.readUInt32LE(offset + 12) ? length : undefined;
}

export interface FrameRecord {
  readonly sequence: number;
  readonly data: Buffer;
}

export const arrivedMsOf = (frame: Buffer): number => frame.readDoubleLE(24);
/** Number of the first record in its segment. */
export const firstSequenceOf = (frame: Buffer): number => frame.readUInt32LE(16);
export const recordCountOf = (frame: Buffer): number => frame.readUInt32LE(20);

/** The records of a sealed frame, without copying their data. */
export function* recordsOf(frame: Buffer): Generator<FrameRecord> {
  const first = firstSequenceOf(frame);
  const count = recordCountOf(frame);
  let at = RECORDS_AT;
  for (let index = 0; index < count; index++) {
    const start = at + LENGTH_BYTES;
    at = start + frame.readUInt32LE(at);
    yield { sequence: first + index, data: frame.subarray(start, at) };
  }
}
