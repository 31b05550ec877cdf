import { errnoOf } from '../../adapters/local/files.ts';
import { messageOf } from '../../core/errors.ts';
import { type FileWindow, openWindow } from './files.ts';
import { type Damage, type GzipEvent, gunzip, type MemberStart } from './gunzip.ts';
import { MAGIC } from './gzip-member.ts';
import { hashLine } from './identity.ts';
import { LineCutter, type LogLine } from './lines.ts';
import { hashBytes, type Point, START, WINDOW_BYTES } from './point.ts';

const BLOCK_BYTES = 128 * 1024;
const BATCH_LINES = 1000;
const FIRST_MEMBER: MemberStart = { at: 0, bytes: 0 };
/** Ranges beyond this many are counted, not listed. */
const MAX_LISTED = 1000;

export interface ReadOptions {
  /** Where to go on; the log must still hold what was there, else `report.changed` is set and nothing is given. @default - the start */
  readonly from?: Point;
  /** Whether a last line without a line end is given, or held until it has one. @default 'give' */
  readonly last?: 'give' | 'hold';
  /** The file that must be found there: another one has taken its name where `report.changed` is set. @default - any */
  readonly expect?: Expected;
}

export interface Expected {
  readonly dev: number;
  readonly ino: number;
  /** `hashLine` of the first line: a file that was cut and begun anew keeps its inode. Checked where reading begins at the start. */
  readonly first?: string | undefined;
}

export interface LogBatch {
  readonly lines: readonly LogLine[];
  /** The place after the last of them. */
  readonly point: Point;
  /** Bytes of the file (compressed where it is) read so far. */
  readonly readBytes: number;
}

/** What reading a log found; complete once its lines were all taken. */
export interface LogReport {
  readonly format: 'plain' | 'gzip';
  /** Size of the file when it was opened. */
  readonly fileBytes: number;
  readonly mtimeMs: number;
  /** `utf-16`: no line is given; the file must be converted first. */
  readonly encoding: 'utf-8' | 'utf-16';
  readonly lines: number;
  /** Lost or doubtful ranges, in bytes of the file; at most a thousand, `damageCount` counts all. */
  readonly damage: readonly Damage[];
  readonly damageCount: number;
  /** Bytes of a last line without a line end that were held back. */
  readonly heldBytes: number;
  /** Decoded bytes that belong to no line any more. */
  readonly droppedBytes: number;
  /** `partial`: something could not be read. */
  readonly result: 'complete' | 'partial';
  /** The log is not, or no longer, the one that was to be read: what was given is true, what follows was not read. */
  readonly changed: boolean;
  /** Why the rest could not be read: the file was removed, or is out of reach. Set by `untilGone`. */
  readonly gone: string | undefined;
}

export interface LogReader extends AsyncIterable<LogBatch> {
  readonly report: LogReport;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface State extends Mutable<LogReport> {
  damage: Damage[];
}

/**
 * Reads a log in batches of lines: plain or gzip by its content, whatever its name says. Memory is bounded; damage is
 * passed over and reported. A file that grows meanwhile is read up to the size it had when it was opened.
 * @throws the error of the file system, when the file cannot be opened or read
 */
export function readLogLines(path: string, options: ReadOptions = {}): LogReader {
  const report: State = {
    format: 'plain',
    fileBytes: 0,
    mtimeMs: 0,
    encoding: 'utf-8',
    lines: 0,
    damage: [],
    damageCount: 0,
    heldBytes: 0,
    droppedBytes: 0,
    result: 'complete',
    changed: false,
    gone: undefined,
  };
  return { report, [Symbol.asyncIterator]: () => batches(path, options, report) };
}

/** The batches of a log up to where it can be read: that one was removed meanwhile must not cost its neighbours. */
export async function* untilGone(reader: LogReader): AsyncGenerator<LogBatch> {
  try {
    yield* reader;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    (reader.report as Mutable<LogReport>).gone = messageOf(error);
  }
}

/** Whether all there is of a log was read. */
export const isRead = ({ changed, gone }: LogReport): boolean => !changed && gone === undefined;

/** All lines of a log one by one: for small logs and tests; batches are several times faster. */
export async function* eachLine(reader: LogReader): AsyncGenerator<LogLine> {
  for await (const batch of reader) yield* batch.lines;
}

async function* batches(path: string, options: ReadOptions, report: State): AsyncGenerator<LogBatch> {
  const file = await openWindow(path);
  try {
    const { expect } = options;
    report.changed = expect !== undefined && (expect.dev !== file.dev || expect.ino !== file.ino);
    if (report.changed) return;
    report.fileBytes = file.bytes;
    report.mtimeMs = file.mtimeMs;
    report.format = (await isGzip(file, path)) ? 'gzip' : 'plain';
    let first = (options.from ?? START).bytes === 0 ? expect?.first : undefined;
    for await (const batch of readOpen(file, options, report)) {
      const line = first === undefined ? undefined : batch.lines.find(({ text }) => text.trim() !== '');
      if (line !== undefined) {
        report.changed = hashLine(line.text) !== first;
        if (report.changed) return;
        first = undefined;
      }
      yield batch;
    }
  } finally {
    await file.close();
  }
}

async function* readOpen(
  file: FileWindow,
  { from = START, last = 'give' }: ReadOptions,
  report: State,
): AsyncGenerator<LogBatch> {
  const cutter = new LineCutter(from);
  const before = from.bytes - from.windowBytes;
  const member = from.member?.ino === file.ino && from.member.dev === file.dev ? from.member : FIRST_MEMBER;
  const gzip = report.format === 'gzip';
  const events = gzip ? gunzip(file, member) : plainBytes(file, before, report);
  let decoded = gzip ? member.bytes : before;
  const window: Buffer[] = [];
  let checked = from.bytes === 0;
  let lines: LogLine[] = [];
  let given = decoded;
  let truncated = false;
  for await (const event of events) {
    if (event.kind === 'member') cutter.member(event.start);
    else if (event.kind === 'damage') {
      note(report, event.damage);
      if (event.damage.what === 'truncated') truncated = true;
      else if (checked) cutter.tear(lines);
    } else {
      let { data } = event;
      const start = decoded;
      decoded += data.length;
      if (start === 0 && isUtf16(data)) {
        report.encoding = 'utf-16';
        report.result = 'partial';
        return;
      }
      if (!checked) {
        window.push(data.subarray(clamp(before - start, data), clamp(from.bytes - start, data)));
        if (decoded < from.bytes) continue;
        checked = true;
        if (!matches(Buffer.concat(window), from)) break;
        cutter.prime(Buffer.concat(window));
        data = data.subarray(clamp(from.bytes - start, data));
      }
      cutter.push(data, event.suspect, lines);
    }
    if (lines.length === 0 || (lines.length < BATCH_LINES && decoded - given < BLOCK_BYTES)) continue;
    yield batchOf(lines, { cutter, file, report });
    lines = [];
    given = decoded;
  }
  if (decoded < from.bytes || (from.bytes > 0 && !matches(Buffer.concat(window), from))) report.changed = true;
  if (report.changed) {
    if (lines.length > 0) yield batchOf(lines, { cutter, file, report });
    return;
  }
  if (last === 'give') cutter.end(lines, { truncated });
  else report.heldBytes = cutter.openBytes;
  report.droppedBytes = cutter.droppedBytes;
  if (report.droppedBytes > 0) report.result = 'partial';
  if (lines.length > 0) yield batchOf(lines, { cutter, file, report });
}

function batchOf(
  lines: LogLine[],
  { cutter, file, report }: { cutter: LineCutter; file: FileWindow; report: State },
): LogBatch {
  report.lines += lines.length;
  const { point, restart } = cutter;
  const member = restart === undefined ? {} : { member: { ...restart, dev: file.dev, ino: file.ino } };
  return { lines, point: { ...point, ...member }, readBytes: file.reached() };
}

const clamp = (offset: number, data: Buffer): number => Math.max(0, Math.min(offset, data.length));

const matches = (window: Buffer, from: Point): boolean =>
  window.length === from.windowBytes && hashBytes(window) === from.window;

function note(report: State, damage: Damage): void {
  report.result = 'partial';
  report.damageCount++;
  if (report.damage.length < MAX_LISTED) report.damage.push(damage);
}

/**
 * The bytes of a plain file. Each block is read with the end of the one before: where that differs, the file was cut
 * and written anew under the reader, and what follows is no continuation.
 */
async function* plainBytes(file: FileWindow, from: number, report: { changed: boolean }): AsyncGenerator<GzipEvent> {
  let known: Buffer = Buffer.alloc(0);
  for (let at = from; at < file.bytes; ) {
    const block = (await file.at(at - known.length, BLOCK_BYTES)).subarray(0, file.bytes - at + known.length);
    if (block.length <= known.length || !block.subarray(0, known.length).equals(known)) {
      report.changed = true;
      return;
    }
    const data = block.subarray(known.length);
    yield { kind: 'data', data, suspect: false };
    at += data.length;
    known = block.subarray(Math.max(0, block.length - WINDOW_BYTES));
  }
}

/** By content: some writers rotate to `.gz` names without compressing, others compress under the old name. */
async function isGzip(file: FileWindow, path: string): Promise<boolean> {
  const head = await file.at(0, BLOCK_BYTES);
  if (head.length >= 2 && head.compare(MAGIC, 0, 2, 0, 2) === 0) return true;
  return /\.gz$/i.test(path) && head.includes(MAGIC); // its first member is damaged
}

/** By its byte order mark, or by `{` in either byte order. */
function isUtf16(data: Buffer): boolean {
  const [a, b, c, d] = data;
  return (
    (a === 0xff && b === 0xfe) ||
    (a === 0xfe && b === 0xff) ||
    (a === 0x7b && b === 0 && d === 0) ||
    (a === 0 && b === 0x7b && c === 0)
  );
}

/** What a log holds, as decoded, from its start. */
export async function* decodedBytes(path: string): AsyncGenerator<Buffer, void> {
  const file = await openWindow(path);
  try {
    const events = (await isGzip(file, path)) ? gunzip(file, FIRST_MEMBER) : plainBytes(file, 0, { changed: false });
    for await (const event of events) if (event.kind === 'data') yield event.data;
  } finally {
    await file.close();
  }
}
