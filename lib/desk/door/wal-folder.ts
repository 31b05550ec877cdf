import { join } from 'node:path';
import type { Files } from '../../adapters/local/files.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import type { Log } from '../../core/ports/index.ts';
import { type Checkpoint, readCheckpoint, UNFINISHED } from './checkpoint.ts';
import { firstSequenceOf } from './frame.ts';
import { decodeHeader, HEADER_BYTES, scanFrames } from './segment.ts';
import type { WalEntry } from './wal.ts';

// Padded to ten digits so that a listing is in order; more digits are read too, lest a number that somebody's file raised hides ours.
const SEGMENT_NAME = /^(\d{10,15})\.wal(\.damaged)?$/;

export const segmentPath = (folder: string, segment: number): string =>
  join(folder, `${String(segment).padStart(10, '0')}.wal`);

/** What a start finds in the folder of the write-ahead log. */
export interface WalFolder {
  readonly checkpoint: Checkpoint | undefined;
  /** Numbers of the segments that may hold entries not yet in the lake, in order. */
  readonly segments: readonly number[];
  /** Numbers of the segments whose entries are all in the lake. */
  readonly delivered: readonly number[];
  /** A number above all that were ever used here. */
  readonly nextSegment: number;
}

export async function inspectWalFolder(files: Files, folder: string): Promise<WalFolder> {
  const checkpoint = await readCheckpoint(files, folder);
  const segments: number[] = [];
  let highest = checkpoint?.segment ?? 0;
  for (const { name, kind } of await files.list(folder)) {
    if (kind === 'file' && name.endsWith(UNFINISHED)) await files.remove(join(folder, name));
    const match = SEGMENT_NAME.exec(name);
    if (match === null) continue;
    const segment = Number(match[1]);
    highest = Math.max(highest, segment);
    if (match[2] === undefined && kind === 'file') segments.push(segment);
  }
  segments.sort((a, b) => a - b);
  const from = checkpoint?.segment ?? 0;
  return {
    checkpoint,
    segments: segments.filter((segment) => segment >= from),
    delivered: segments.filter((segment) => segment < from),
    nextSegment: highest + 1,
  };
}

export interface SegmentRead {
  readonly entries: readonly WalEntry[];
  readonly bytes: number;
  /** Whether bytes between good entries, or the header, cannot be read. */
  readonly damaged: boolean;
}

/** The entries of a segment that the checkpoint does not cover. What cannot be read is skipped and told. */
export async function readSegment(
  { files, folder, log }: { readonly files: Files; readonly folder: string; readonly log: Log },
  segment: number,
  checkpoint: Checkpoint | undefined,
): Promise<SegmentRead> {
  const path = segmentPath(folder, segment);
  const content = await readOrThrow(files, path);
  const bytes = content.length;
  const header = decodeHeader(content);
  if (header === undefined) {
    // Shorter than a header and one frame: the first write was cut off, so nothing in it was ever acknowledged.
    if (bytes > HEADER_BYTES)
      log.error('a segment of the write-ahead log has a damaged header; it is kept aside', { path, bytes });
    return { entries: [], bytes, damaged: bytes > HEADER_BYTES };
  }
  const covered = checkpoint !== undefined && checkpoint.segment === segment && checkpoint.id === header.id;
  const scan = scanFrames(content, header.marker, covered ? Math.max(checkpoint.offset, HEADER_BYTES) : HEADER_BYTES);
  if (scan.damagedBytes > 0)
    log.error('a segment of the write-ahead log is damaged; all good entries were kept, the segment is kept aside', {
      path,
      damagedBytes: scan.damagedBytes,
    });
  if (scan.tornBytes > 0)
    log.warn('the end of a segment was cut off by a crash; what is cut off was not acknowledged', {
      path,
      tornBytes: scan.tornBytes,
    });
  const entries = scan.frames.map(({ frame, end }) => ({
    frame,
    segmentId: header.id,
    firstSequence: firstSequenceOf(frame),
    end: { segment, offset: end },
  }));
  return { entries, bytes, damaged: scan.damagedBytes > 0 };
}

async function readOrThrow(files: Files, path: string): Promise<Buffer> {
  try {
    return (await files.read(path)) ?? Buffer.alloc(0);
  } catch (error) {
    throw new NightdeskError('DATA_UNREADABLE', `${path} cannot be read (${messageOf(error)}); nothing was changed`, {
      cause: error,
    });
  }
}
