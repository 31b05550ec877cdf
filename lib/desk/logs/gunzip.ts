import type { FileWindow } from './files.ts';
import { inflateMember, inflateSmall, MAGIC, type MemberEnd, readHeader } from './gzip-member.ts';

/** A range of a file, in its own (compressed) bytes, that could not be read or not be trusted. */
export interface Damage {
  readonly from: number;
  readonly to: number;
  /** `stray`: bytes between members. `damaged`: no deflate data. `unverified`: the checksum differs. `truncated`: the file ends inside a member. */
  readonly what: 'stray' | 'damaged' | 'unverified' | 'truncated';
}

/** Where a member begins: in the file, and in what the file decodes to. */
export interface MemberStart {
  readonly at: number;
  readonly bytes: number;
}

export type GzipEvent =
  | { readonly kind: 'member'; readonly start: MemberStart }
  /** `suspect`: from a damaged member, near the damage; what it says may be wrong. */
  | { readonly kind: 'data'; readonly data: Buffer; readonly suspect: boolean }
  /** The text before and after it does not belong together. */
  | { readonly kind: 'damage'; readonly damage: Damage };

/** Output kept back until its member is checked; what is older has gone out and is only reported as unverified. */
const HOLD_BYTES = 1024 * 1024;
/** zlib notices damaged data within about this much output. */
const DOUBT_BYTES = 64 * 1024;
/** How far back from a failure another member is looked for: wrongly decoded data fail long before. */
const RESCAN_BYTES = 1024 * 1024;

/**
 * Decodes gzip member by member, with bounded memory. Damage is passed over at the next sound member and reported:
 * two processes that append to one file leave tails of overwritten members between whole ones.
 */
export async function* gunzip(file: FileWindow, from: MemberStart): AsyncGenerator<GzipEvent> {
  let { at, bytes } = from;
  let trusted = true; // a member is expected here; otherwise the magic may be chance
  while (at < file.bytes) {
    const header = await readHeader(file, at);
    if (header.kind === 'cut') return yield damageOf(at, file.bytes, 'truncated');
    if (header.kind === 'none') {
      const next = (await findMagic(file, at + 1, file.bytes)) ?? file.bytes;
      yield damageOf(at, next, 'stray');
      at = next;
      trusted = false;
      continue;
    }
    yield { kind: 'member', start: { at, bytes } };
    const small = await inflateSmall(file, at + header.bytes);
    if (small !== undefined) {
      bytes += small.data.length;
      at = small.end;
      trusted = true;
      yield { kind: 'data', data: small.data, suspect: false };
      continue;
    }
    const held = new Held();
    const end = yield* decodeHeld(inflateMember(file, at + header.bytes), held);
    bytes += held.total;
    if (end.kind === 'whole') {
      yield* held.give(0);
      at = end.end;
      trusted = true;
      continue;
    }
    const inner = await findWholeMember(file, Math.max(at + 1, end.end - RESCAN_BYTES), end.end);
    yield* held.give(doubtOf(end, { inner: inner !== undefined, trusted }));
    const next =
      inner ??
      (end.kind === 'damaged' ? await findMagic(file, Math.max(at + 1, end.end), file.bytes) : end.end) ??
      file.bytes;
    const start = end.kind === 'damaged' && held.total > DOUBT_BYTES ? Math.min(end.end, next) : at;
    yield damageOf(start, next, end.kind === 'cut' ? (inner === undefined ? 'truncated' : 'damaged') : end.kind);
    at = next;
    trusted = inner !== undefined || end.kind === 'unverified';
  }
}

const damageOf = (from: number, to: number, what: Damage['what']): GzipEvent => ({
  kind: 'damage',
  damage: { from, to, what },
});

/** How many of the last bytes that a member gave are in doubt. */
function doubtOf(end: MemberEnd, { inner, trusted }: { inner: boolean; trusted: boolean }): number {
  if (!trusted || end.kind === 'unverified') return Number.POSITIVE_INFINITY;
  return end.kind === 'cut' && !inner ? 0 : DOUBT_BYTES;
}

/** The output of one member that has not gone out yet. */
class Held {
  total = 0;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.total += piece.length;
  }

  *overflow(): Generator<GzipEvent> {
    while (this.#bytes - (this.#pieces[0]?.length ?? 0) >= HOLD_BYTES) {
      const data = this.#pieces.shift();
      if (data === undefined) return;
      this.#bytes -= data.length;
      yield { kind: 'data', data, suspect: false };
    }
  }

  /** Everything, of which the last `doubtBytes` are suspect. */
  *give(doubtBytes: number): Generator<GzipEvent> {
    let sure = Math.max(0, this.#bytes - doubtBytes);
    for (const piece of this.#pieces) {
      const cut = Math.min(sure, piece.length);
      sure -= cut;
      if (cut > 0) yield { kind: 'data', data: piece.subarray(0, cut), suspect: false };
      if (cut < piece.length) yield { kind: 'data', data: piece.subarray(cut), suspect: true };
    }
  }
}

async function* decodeHeld(
  decoded: AsyncGenerator<Buffer, MemberEnd>,
  held: Held,
): AsyncGenerator<GzipEvent, MemberEnd> {
  for (;;) {
    const step = await decoded.next();
    if (step.done === true) return step.value;
    held.add(step.value);
    yield* held.overflow();
  }
}

/** The first place of a range where the magic begins. */
async function findMagic(file: FileWindow, from: number, to: number): Promise<number | undefined> {
  for (let at = from; at < to; ) {
    const block = await file.at(at, 64 * 1024);
    const found = block.indexOf(MAGIC);
    if (found !== -1) return at + found < to ? at + found : undefined;
    if (block.length < MAGIC.length) return undefined;
    at += block.length - (MAGIC.length - 1);
  }
  return undefined;
}

/** The first place of a range where a member begins that is whole, or large beyond doubt. */
async function findWholeMember(file: FileWindow, from: number, to: number): Promise<number | undefined> {
  for (let at = await findMagic(file, from, to); at !== undefined; at = await findMagic(file, at + 1, to))
    if (await isMember(file, at)) return at;
  return undefined;
}

async function isMember(file: FileWindow, at: number): Promise<boolean> {
  const header = await readHeader(file, at);
  if (header.kind !== 'member') return false;
  if ((await inflateSmall(file, at + header.bytes)) !== undefined) return true;
  const decoded = inflateMember(file, at + header.bytes);
  for (let bytes = 0; ; ) {
    const step = await decoded.next();
    if (step.done === true) return step.value.kind === 'whole';
    bytes += step.value.length;
    if (bytes <= HOLD_BYTES) continue;
    await decoded.return({ kind: 'cut', end: at });
    return true;
  }
}
