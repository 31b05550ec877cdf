import { crc32, createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib';
import type { FileWindow } from './files.ts';

/** `1f 8b 08`: gzip with deflate, the only method there is (RFC 1952). */
export const MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);
const FIXED_HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
const FLAGS = { crc: 0x02, extra: 0x04, name: 0x08, comment: 0x10, reserved: 0xe0 };
/** Longest header that is believed: an FEXTRA field of 64 KiB and two names. */
const MAX_HEADER_BYTES = 80 * 1024;

export type Header =
  | {
      readonly kind: 'member' /** Where the compressed data begin, from the start of the member. */;
      readonly bytes: number;
    }
  | { readonly kind: 'cut' }
  | { readonly kind: 'none' };

/** Reads a member's header. `cut`: the file ends inside it. `none`: this is no member. */
export async function readHeader(file: FileWindow, at: number): Promise<Header> {
  const head = await file.at(at, Math.min(MAX_HEADER_BYTES, file.bytes - at));
  const known = Math.min(head.length, MAGIC.length);
  if (known === 0 || head.compare(MAGIC, 0, known, 0, known) !== 0) return { kind: 'none' };
  if (head.length < FIXED_HEADER_BYTES) return { kind: 'cut' };
  const flags = head[3] ?? 0;
  if ((flags & FLAGS.reserved) !== 0) return { kind: 'none' };
  let bytes = FIXED_HEADER_BYTES;
  if (flags & FLAGS.extra) bytes += 2 + (bytes + 2 <= head.length ? head.readUInt16LE(bytes) : 0);
  for (const flag of [FLAGS.name, FLAGS.comment]) {
    if (!(flags & flag)) continue;
    const end = bytes < head.length ? head.indexOf(0, bytes) : -1;
    if (end === -1) return { kind: head.length >= MAX_HEADER_BYTES ? 'none' : 'cut' };
    bytes = end + 1;
  }
  if (flags & FLAGS.crc) bytes += 2;
  return at + bytes > file.bytes ? { kind: 'cut' } : { kind: 'member', bytes };
}

/** A member decoded in one call, because it is small and whole. */
export interface SmallMember {
  readonly data: Buffer;
  /** Where the next member may begin. */
  readonly end: number;
}

const SMALL_INPUT_BYTES = 64 * 1024;
const SMALL_OUTPUT_BYTES = 256 * 1024;
// The default chunk of 16 KiB costs twice the time where each record is a member of its own.
const SMALL_OPTIONS = { info: true, maxOutputLength: SMALL_OUTPUT_BYTES, chunkSize: 4096 } as const;

/** Decodes a small member and checks it. Undefined where it is large, cut or damaged: `inflateMember` finds out which. */
export async function inflateSmall(file: FileWindow, dataAt: number): Promise<SmallMember | undefined> {
  const input = await file.at(dataAt, SMALL_INPUT_BYTES);
  let data: Buffer;
  let consumed: number;
  try {
    // Typed as a Buffer; `info` makes it a pair (documented in zlib's options).
    const pair = inflateRawSync(input.subarray(0, SMALL_INPUT_BYTES), SMALL_OPTIONS) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    data = pair.buffer;
    consumed = pair.engine.bytesWritten;
  } catch {
    return undefined;
  }
  const trailer = await file.at(dataAt + consumed, TRAILER_BYTES);
  if (trailer.length < TRAILER_BYTES || !trailerFits(trailer, crc32(data), data.length)) return undefined;
  return { data, end: dataAt + consumed + TRAILER_BYTES };
}

/** How the decoding of a member ended. */
export interface MemberEnd {
  /** `whole`: checked. `unverified`: decoded, but the checksum differs. `damaged`: no deflate data. `cut`: the file ends in it. */
  readonly kind: 'whole' | 'unverified' | 'damaged' | 'cut';
  /** The first byte after what was read of the member. */
  readonly end: number;
}

/** A chunk of zeros can grow a thousandfold: this bounds what one step holds to some 16 MiB. */
const CHUNK_BYTES = 16 * 1024;
const FINE_CHUNK_BYTES = 64;

/** Decodes one member of any size, in pieces; returns how it ended. What precedes damage is given back to the last byte. */
export async function* inflateMember(file: FileWindow, dataAt: number): AsyncGenerator<Buffer, MemberEnd> {
  const crc = { value: 0, bytes: 0 };
  let given = 0;
  let fineFrom = Number.POSITIVE_INFINITY;
  for (;;) {
    let skip = given;
    const engine = inflating(file, dataAt, fineFrom);
    for (;;) {
      const step = await engine.next();
      if (step.done !== true) {
        const piece = step.value.subarray(Math.min(skip, step.value.length));
        skip -= step.value.length - piece.length;
        if (piece.length === 0) continue;
        given += piece.length;
        crc.value = crc32(piece, crc.value);
        crc.bytes = (crc.bytes + piece.length) % 2 ** 32;
        yield piece;
        continue;
      }
      const { kind, end } = step.value;
      if (kind === 'damaged' && fineFrom === Number.POSITIVE_INFINITY) {
        fineFrom = end; // once more, in small steps where it failed: zlib keeps back the output of a failing chunk
        break;
      }
      if (kind !== 'whole') return { kind, end };
      const trailer = await file.at(end, TRAILER_BYTES);
      if (trailer.length < TRAILER_BYTES) return { kind: 'cut', end: file.bytes };
      return { kind: trailerFits(trailer, crc.value, crc.bytes) ? 'whole' : 'unverified', end: end + TRAILER_BYTES };
    }
  }
}

/** Deflate data to bytes. Returns `whole` with the end of the data, `damaged` with the chunk that failed, or `cut`. */
async function* inflating(file: FileWindow, dataAt: number, fineFrom: number): AsyncGenerator<Buffer, MemberEnd> {
  const engine = createInflateRaw();
  let ready: Buffer[] = [];
  let failed = false;
  let ended = false;
  engine.on('data', (piece: Buffer) => ready.push(piece));
  engine.on('end', () => {
    ended = true;
  });
  engine.on('error', () => {
    failed = true;
  });
  try {
    let at = dataAt;
    while (at < file.bytes) {
      const step = at >= fineFrom ? FINE_CHUNK_BYTES : CHUNK_BYTES;
      const chunk = (await file.at(at, step)).subarray(0, step);
      if (chunk.length === 0) break;
      await written(engine, chunk);
      yield* ready;
      ready = [];
      if (failed) return { kind: 'damaged', end: at };
      at += chunk.length;
      // zlib stops reading where the deflate data end.
      if (ended || engine.bytesWritten < at - dataAt) return { kind: 'whole', end: dataAt + engine.bytesWritten };
    }
    return { kind: 'cut', end: file.bytes };
  } finally {
    engine.destroy();
  }
}

/** Resolves when zlib has taken the chunk, has come to the end of its data, or has failed. */
const written = (engine: InflateRaw, chunk: Buffer): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      engine.off('end', done);
      engine.off('error', done);
      resolve();
    };
    engine.once('end', done);
    engine.once('error', done);
    engine.write(chunk, done);
  });

const trailerFits = (trailer: Buffer, crc: number, bytes: number): boolean =>
  trailer.readUInt32LE(0) === crc && trailer.readUInt32LE(4) === bytes % 2 ** 32;
