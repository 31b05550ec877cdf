import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import { isoOf } from '../clock.ts';
import { EmitterError, numberIn, onlyKnown, textOf } from '../emitter-error.ts';
import type { Sink, SinkEvent } from '../sink.ts';
import { type RetentionLimits, retain } from './jsonl-retention.ts';

export interface JsonlOptions {
  /** Folder of the logs. */
  readonly dir: string;
  /** `stream`: `<stream>/date=YYYY-MM-DD/<stream>_<time>_<process>.jsonl`, the UTC day of writing. `session`: `<session_id>.jsonl`, all streams. @default stream */
  readonly layout?: 'stream' | 'session';
  /** Compresses each batch as it is written, and adds `.gz`. @default false */
  readonly gzip?: boolean;
  /** Size in bytes at which a file is closed and the next one begun. @default 104857600, 100 MiB */
  readonly maxFileBytes?: number;
  /** Age in ms at which a file is closed and the next one begun. @default - a day */
  readonly maxFileAgeMs?: number;
  /** Files of one stream that are kept, the newest ones. @default - all */
  readonly maxFiles?: number;
  /** Days that files are kept. @default - for ever */
  readonly retentionDays?: number;
  /** @default jsonl */
  readonly name?: string;
  /** Which time it is, in ms since the epoch. @default Date.now */
  readonly now?: () => number;
}

const compress = promisify(gzip);
const DAY_MS = 86_400_000;

interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly date: string;
  readonly openedMs: number;
  bytes: number;
}

/**
 * Writes events as JSON Lines into files by stream and day. Each process writes files of its own, so that several may
 * share the folder; each batch is one write of whole lines, or one gzip member. What retention names is truly deleted,
 * whichever process wrote it, but never a file that is being written to, nor one of another name.
 * @throws EmitterError where a setting is out of its range
 */
export function jsonl(options: JsonlOptions): Sink {
  onlyKnown('jsonl', options, [
    'dir',
    'layout',
    'gzip',
    'maxFileBytes',
    'maxFileAgeMs',
    'maxFiles',
    'retentionDays',
    'name',
    'now',
  ]);
  const dir = textOf('jsonl: dir', options.dir);
  const layout = options.layout ?? 'stream';
  if (layout !== 'stream' && layout !== 'session')
    throw new EmitterError(`jsonl: layout must be stream or session, got ${String(layout)}`);
  const never = Number.POSITIVE_INFINITY;
  const maxFileBytes = numberIn('jsonl: maxFileBytes', options.maxFileBytes, {
    from: 1,
    to: never,
    otherwise: 100 * 1024 * 1024,
  });
  const maxFileAgeMs = numberIn('jsonl: maxFileAgeMs', options.maxFileAgeMs, { from: 1, to: never, otherwise: DAY_MS });
  const limits: RetentionLimits = {
    maxFiles: numberIn('jsonl: maxFiles', options.maxFiles, { from: 1, to: never, otherwise: never }),
    maxAgeMs:
      numberIn('jsonl: retentionDays', options.retentionDays, { from: 0, to: 36_500, otherwise: never }) * DAY_MS,
  };
  const now = options.now ?? Date.now;
  const suffix = options.gzip === true ? '.jsonl.gz' : '.jsonl';
  const writer = randomBytes(4).toString('hex');
  const files = new Map<string, OpenFile>();
  let made = 0;

  const groupOf = (event: SinkEvent): string => (layout === 'stream' ? event.stream : sessionOf(event.line));

  function pathOf(group: string, date: string, nowMs: number): { readonly folder: string; readonly path: string } {
    if (layout === 'session') {
      const part = made === 0 ? '' : `.${writer}-${made}`;
      return { folder: dir, path: join(dir, `${group}${part}${suffix}`) };
    }
    const folder = join(dir, group, `date=${date}`);
    const time = isoOf(nowMs).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
    return { folder, path: join(folder, `${group}_${time}_${writer}${String(made).padStart(4, '0')}${suffix}`) };
  }

  /** The file to write to; a new one where the last is full, old, of another day, or was deleted behind our back. */
  async function fileFor(group: string, bytes: number): Promise<OpenFile> {
    const nowMs = now();
    const date = isoOf(nowMs).slice(0, 10);
    const known = files.get(group);
    if (known !== undefined) {
      const full = known.bytes > 0 && known.bytes + bytes > maxFileBytes;
      const gone = (await known.handle.stat()).nlink === 0;
      if (!full && !gone && nowMs - known.openedMs < maxFileAgeMs && (layout === 'session' || known.date === date))
        return known;
      files.delete(group);
      await known.handle.close();
      made++;
    }
    const { folder, path } = pathOf(group, date, nowMs);
    await mkdir(folder, { recursive: true });
    const handle = await open(path, 'a');
    const file: OpenFile = { path, handle, date, openedMs: nowMs, bytes: (await handle.stat()).size };
    files.set(group, file);
    if (limits.maxFiles < never || limits.maxAgeMs < never)
      await retain(layout === 'stream' ? join(dir, group) : dir, limits, {
        nowMs,
        mine: new Set([...files.values()].map((one) => one.path)),
        perRun: layout === 'session',
      });
    return file;
  }

  const groupsOf = (events: readonly SinkEvent[]): Map<string, string> => {
    const groups = new Map<string, string>();
    for (const event of events) {
      const group = groupOf(event);
      groups.set(group, `${groups.get(group) ?? ''}${event.line}\n`);
    }
    return groups;
  };

  return {
    name: options.name ?? 'jsonl',
    async send(events) {
      const failed = new Map<string, string>();
      for (const [group, text] of groupsOf(events)) {
        try {
          const body = options.gzip === true ? await compress(text) : Buffer.from(text);
          const file = await fileFor(group, body.length);
          const { bytesWritten } = await file.handle.write(body);
          file.bytes += bytesWritten;
          if (bytesWritten < body.length) {
            files.delete(group); // it ends in half a line
            await file.handle.close();
            made++;
            throw new Error(`only ${bytesWritten} of ${body.length} bytes could be written`);
          }
        } catch (error) {
          failed.set(group, String((error as { code?: unknown }).code ?? (error as Error).message));
        }
      }
      if (failed.size === 0) return undefined;
      return events.map((event) => {
        const why = failed.get(groupOf(event));
        return why === undefined ? 'delivered' : { retry: why };
      });
    },
    sendSync(events) {
      for (const [group, text] of groupsOf(events)) {
        const nowMs = now();
        const known = files.get(group);
        if (known !== undefined && fstatSync(known.handle.fd).nlink > 0)
          writeWhole(known.handle.fd, text, options.gzip === true);
        else {
          const { folder, path } = pathOf(group, isoOf(nowMs).slice(0, 10), nowMs);
          mkdirSync(folder, { recursive: true });
          const fd = openSync(path, 'a');
          writeWhole(fd, text, options.gzip === true);
          closeSync(fd);
        }
      }
    },
    async close() {
      for (const { handle } of files.values()) await handle.close();
      files.clear();
    },
  };
}

function writeWhole(fd: number, text: string, zipped: boolean): void {
  const body = zipped ? gzipSync(text) : Buffer.from(text);
  for (let at = 0; at < body.length; ) at += writeSync(fd, body, at);
}

/** The run an event belongs to, as a name of a file. */
function sessionOf(line: string): string {
  try {
    const { session_id: session } = JSON.parse(line);
    return typeof session === 'string'
      ? session
          .replaceAll(/[^\w.-]+/g, '_')
          .replace(/^\.+/, '_')
          .slice(0, 200)
      : 'no_session';
  } catch {
    return 'no_session';
  }
}
