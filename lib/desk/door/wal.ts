import { randomBytes } from 'node:crypto';
import { DurableFolders } from '../../adapters/local/durable.ts';
import type { Files, WritableFile } from '../../adapters/local/files.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/ports/index.ts';
import { type WalPosition, writeCheckpoint } from './checkpoint.ts';
import { sealFrame } from './frame.ts';
import { decodeHeader, encodeHeader, HEADER_BYTES } from './segment.ts';
import { inspectWalFolder, readSegment, segmentPath, type WalFolder } from './wal-folder.ts';

/** One call's records, safe on disk. */
export interface WalEntry {
  readonly frame: Buffer;
  readonly segmentId: string;
  readonly firstSequence: number;
  /** Where the entry ends: a checkpoint here covers it. */
  readonly end: WalPosition;
}

export interface WalOptions {
  readonly folder: string;
  readonly files: Files;
  readonly log: Log;
  /** Called for each entry in the order of the log, once it is safe on disk and before its `append` resolves. */
  readonly committed: (entry: WalEntry) => void;
  /** A segment that has grown beyond this is followed by a new one. @default - 32 MiB */
  readonly segmentBytes?: number;
}

const SEGMENT_BYTES = 32 * 1024 * 1024;
const GROUP_BYTES = 8 * 1024 * 1024; // one write and one sync for all that waits, but not so much that the first waits long
const RANDOM_BYTES = 18;

interface Waiting {
  readonly frame: Buffer;
  readonly resolve: (entry: WalEntry) => void;
  readonly reject: (error: unknown) => void;
}

interface OpenSegment {
  readonly number: number;
  readonly id: string;
  readonly marker: Buffer;
  readonly file: WritableFile;
  bytes: number;
  sequence: number;
}

/** A log of calls in segments, with group commit: whatever waits while one sync runs shares the next. */
export class WriteAheadLog {
  readonly #options: WalOptions;
  readonly #found: WalFolder;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #open: OpenSegment | undefined;
  #nextSegment: number;
  /** Bytes of each segment on disk, by number. */
  readonly #segments = new Map<number, number>();
  readonly #damaged = new Set<number>();
  readonly #ids = new Map<number, string>();
  #last: WalPosition | undefined;
  #checkpoint: WalPosition | undefined;

  private constructor(options: WalOptions, found: WalFolder) {
    this.#options = options;
    this.#found = found;
    this.#nextSegment = found.nextSegment;
    this.#checkpoint = found.checkpoint;
  }

  /** Opens the log of a folder, making it where there is none. A segment found there is read, never written again. */
  static async open(options: WalOptions): Promise<WriteAheadLog> {
    const { files, folder } = options;
    await new DurableFolders(files).ensure(folder);
    const found = await inspectWalFolder(files, folder);
    for (const segment of found.delivered) await files.remove(segmentPath(folder, segment));
    return new WriteAheadLog(options, found);
  }

  /** Entries that an earlier run left and no checkpoint covers, in order. To be read to the end before the first `append`. */
  async *replay(): AsyncGenerator<WalEntry> {
    for (const segment of this.#found.segments) {
      const { entries, bytes, damaged } = await readSegment(this.#options, segment, this.#found.checkpoint);
      this.#segments.set(segment, bytes);
      if (damaged) this.#damaged.add(segment);
      for (const entry of entries) {
        this.#ids.set(segment, entry.segmentId);
        this.#last = entry.end;
        yield entry;
      }
    }
  }

  /** Resolves once the frame is safe on disk. Rejects with the file system's error; the frame may then come back in a replay. */
  append(frame: Buffer): Promise<WalEntry> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ frame, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Notes, durably, that everything before a place is in the lake, and removes the segments that are no longer needed. */
  async checkpoint(position: WalPosition): Promise<void> {
    const id = this.#ids.get(position.segment);
    if (id === undefined) return;
    const { files, folder } = this.#options;
    await writeCheckpoint(files, folder, { ...position, id });
    this.#checkpoint = position;
    await this.#removeBefore(position.segment);
  }

  /** Bytes of the log on disk. */
  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#segments.values()) bytes += segment;
    return bytes;
  }

  /** Resolves once everything appended so far is safe on disk, or has failed. */
  async flushed(): Promise<void> {
    await this.#running;
  }

  /** Waits for what was appended, and removes the log's segments if a checkpoint covers all of it. */
  async close(): Promise<void> {
    await this.flushed();
    await this.#closeSegment();
    const { segment, offset } = this.#checkpoint ?? { segment: 0, offset: 0 };
    const covered =
      this.#last === undefined ||
      segment > this.#last.segment ||
      (segment === this.#last.segment && offset >= this.#last.offset);
    if (covered) await this.#removeBefore(this.#nextSegment);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        const entries = await this.#commit(group.map(({ frame }) => frame));
        for (const [index, entry] of entries.entries()) {
          this.#options.committed(entry);
          group[index]?.resolve(entry);
        }
      } catch (error) {
        await this.#abandonSegment();
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = undefined;
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && (count === 0 || bytes < GROUP_BYTES))
      bytes += this.#waiting[count++]?.frame.length ?? 0;
    if (count === this.#waiting.length) {
      const all = this.#waiting;
      this.#waiting = [];
      return all;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(frames: readonly Buffer[]): Promise<WalEntry[]> {
    const { files, folder, segmentBytes = SEGMENT_BYTES } = this.#options;
    if (this.#open !== undefined && this.#open.bytes >= segmentBytes) await this.#closeSegment();
    const isNew = this.#open === undefined;
    const header = isNew ? encodeHeader(randomBytes(RANDOM_BYTES)) : undefined;
    this.#open ??= await this.#createSegment(header);
    const segment = this.#open;
    const entries: WalEntry[] = [];
    let offset = segment.bytes;
    for (const frame of frames) {
      const firstSequence = segment.sequence;
      segment.sequence += sealFrame(frame, segment.marker, firstSequence);
      offset += frame.length;
      entries.push({ frame, segmentId: segment.id, firstSequence, end: { segment: segment.number, offset } });
    }
    await segment.file.write(header === undefined ? frames : [header, ...frames]);
    await segment.file.datasync();
    if (isNew) await files.syncFolder(folder);
    segment.bytes = offset;
    this.#segments.set(segment.number, offset);
    this.#last = { segment: segment.number, offset };
    return entries;
  }

  async #createSegment(header: Buffer | undefined): Promise<OpenSegment> {
    const decoded = header && decodeHeader(header);
    if (decoded === undefined) throw new Error('a new segment begins with its header');
    const number = this.#nextSegment++;
    const file = await this.#options.files.create(segmentPath(this.#options.folder, number));
    this.#segments.set(number, HEADER_BYTES);
    this.#ids.set(number, decoded.id);
    return { number, ...decoded, file, bytes: HEADER_BYTES, sequence: 0 };
  }

  async #closeSegment(): Promise<void> {
    const segment = this.#open;
    this.#open = undefined;
    try {
      await segment?.file.close();
    } catch (error) {
      this.#options.log.warn('a segment of the write-ahead log could not be closed', { reason: messageOf(error) });
    }
  }

  /** What is in the file now is unknown, and after a failed sync even what a second sync would say: never write to it again. */
  async #abandonSegment(): Promise<void> {
    const segment = this.#open;
    await this.#closeSegment();
    // Without one acknowledged entry it need not stay: a full disk must not gather a file per try.
    if (segment?.bytes === HEADER_BYTES) await this.#removeBefore(segment.number + 1, segment.number);
  }

  async #removeBefore(segment: number, from = 0): Promise<void> {
    const { files, folder, log } = this.#options;
    for (const number of [...this.#segments.keys()].sort((a, b) => a - b)) {
      if (number < from || number >= segment) continue;
      const path = segmentPath(folder, number);
      try {
        // A damaged segment is evidence: what could not be read may still be worth a look.
        if (this.#damaged.has(number)) await files.rename(path, `${path}.damaged`);
        else await files.remove(path);
        this.#segments.delete(number);
        this.#ids.delete(number);
      } catch (error) {
        log.warn('a delivered segment could not be removed; it will be tried again', {
          path,
          reason: messageOf(error),
        });
      }
    }
  }
}
