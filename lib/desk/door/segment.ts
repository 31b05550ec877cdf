import { crc32 } from 'node:zlib';
import { frameLengthAt, MARKER_BYTES } from './frame.ts';

// A segment is a file of the write-ahead log: a header of 32 bytes, then frames.
//   "NDWAL" 0 0 1 | id 10 | marker 8 | 0 0 | CRC-32 of the 28 bytes before
const MAGIC = Buffer.from('NDWAL\0\0\u0001', 'latin1');
const ID_BYTES = 10;
const MARKER_AT = 18;
const CRC_AT = 28;
export const HEADER_BYTES = 32;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'; // RFC 4648 base32, in lower case

export interface SegmentHeader {
  /** 80 random bits as 16 letters and digits: the beginning of the id of every record in the segment. */
  readonly id: string;
  readonly marker: Buffer;
}

/** @param random at least 18 random bytes. */
export function encodeHeader(random: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  random.copy(header, MAGIC.length, 0, ID_BYTES + MARKER_BYTES);
  header.writeUInt32LE(crc32(header.subarray(0, CRC_AT)), CRC_AT);
  return header;
}

/** Undefined where the bytes are no undamaged header. */
export function decodeHeader(segment: Buffer): SegmentHeader | undefined {
  if (segment.length < HEADER_BYTES || !segment.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (crc32(segment.subarray(0, CRC_AT)) !== segment.readUInt32LE(CRC_AT)) return undefined;
  return {
    id: base32(segment.subarray(MAGIC.length, MARKER_AT)),
    marker: Buffer.from(segment.subarray(MARKER_AT, MARKER_AT + MARKER_BYTES)),
  };
}

/** Unique for ever, and the same again whenever the segment is replayed. */
export const recordIdOf = (segmentId: string, sequence: number): string => `${segmentId}.${sequence.toString(36)}`;

export interface ScannedFrame {
  readonly frame: Buffer;
  /** Offset in the segment at which the frame ends. */
  readonly end: number;
}

export interface Scan {
  readonly frames: readonly ScannedFrame[];
  /** Bytes after the last good frame: what a crash cut off before it was acknowledged, or damage at the end. */
  readonly tornBytes: number;
  /** Bytes between good frames that are not readable: no crash does that. */
  readonly damagedBytes: number;
}

/** All undamaged frames of a segment from an offset on; what lies between them is skipped and counted. */
export function scanFrames(segment: Buffer, marker: Buffer, from: number): Scan {
  const frames: ScannedFrame[] = [];
  let goodEnd = Math.min(from, segment.length);
  let damagedBytes = 0;
  for (let at = goodEnd; at < segment.length; ) {
    const length = frameLengthAt(segment, at, marker);
    if (length === undefined) {
      const next = segment.indexOf(marker, at + 1);
      if (next === -1) break;
      at = next;
      continue;
    }
    damagedBytes += at - goodEnd;
    goodEnd = at + length;
    frames.push({ frame: segment.subarray(at, goodEnd), end: goodEnd });
    at = goodEnd;
  }
  return { frames, tornBytes: segment.length - goodEnd, damagedBytes };
}

function base32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET.charAt((value >>> (bits - 5)) & 31);
    value &= (1 << bits) - 1;
  }
  return text;
}
