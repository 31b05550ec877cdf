import { join } from 'node:path';
import { NightdeskError } from '../../core/errors.ts';
import { isJsonRecord, readJson, updateJson } from './json-file.ts';
import { hashBytes, type Point } from './point.ts';

/** A log as far as it was read, and as far as it was delivered. */
export interface KnownLog {
  /** Its file id. */
  readonly file: string;
  /** Path on the wire when it was first seen. */
  readonly path: string;
  readonly first: string;
  /** Path, without rotation suffix, under which it was last seen: a rotation may move it to another folder. */
  seenAs: string;
  dev: number;
  ino: number;
  /** Size and time of the file when it was last read to its end. */
  bytes: number;
  mtimeMs: number;
  /** Bytes of an unfinished last line that were left then. */
  heldBytes: number;
  /** The furthest place that was read. */
  known: Point;
  /** The place up to which each target has it. */
  delivered: Record<string, Point>;
}

/** The logs of one source, kept in the data folder; shared by `send` and `watch`. */
export class Ledger {
  readonly source: string;
  readonly #path: string;
  readonly #logs = new Map<string, KnownLog>();
  readonly #byFirst = new Map<string, KnownLog[]>();
  readonly #changed = new Set<string>();
  /** Watches that were begun, so that `--from-end` skips what was there then and nothing later. */
  readonly #begun = new Set<string>();

  #begunChanged = false;

  private constructor(source: string, path: string) {
    this.source = source;
    this.#path = path;
  }

  /** @throws DATA_UNREADABLE when the file is damaged */
  static async open(folder: string, source: string): Promise<Ledger> {
    const ledger = new Ledger(source, join(folder, `${hashBytes(Buffer.from(source))}.json`));
    const content = await readJson(ledger.#path);
    for (const log of readLogs(content, ledger.#path)) ledger.#hold(log);
    for (const key of readBegun(content)) ledger.#begun.add(key);
    return ledger;
  }

  all(): Iterable<KnownLog> {
    return this.#logs.values();
  }

  /** Logs whose first line has this hash. */
  beginningWith(first: string): readonly KnownLog[] {
    return this.#byFirst.get(first) ?? [];
  }

  get(file: string): KnownLog | undefined {
    return this.#logs.get(file);
  }

  add(log: KnownLog): void {
    this.#hold(log);
    this.#changed.add(log.file);
  }

  #hold(log: KnownLog): void {
    this.#logs.set(log.file, log);
    const others = this.#byFirst.get(log.first);
    if (others === undefined) this.#byFirst.set(log.first, [log]);
    else others.push(log);
  }

  touch(log: KnownLog): void {
    this.#changed.add(log.file);
  }

  hasBegun(key: string): boolean {
    return this.#begun.has(key);
  }

  begin(key: string): void {
    this.#begun.add(key);
    this.#begunChanged = true;
  }

  get dirty(): boolean {
    return this.#changed.size > 0 || this.#begunChanged;
  }

  /** Writes what changed; what another process wrote meanwhile about other logs stays. */
  async save(): Promise<void> {
    if (!this.dirty) return;
    const changed = [...this.#changed];
    this.#changed.clear();
    try {
      await updateJson(this.#path, (old) => {
        const logs = new Map(readLogs(old, this.#path).map((log) => [log.file, log]));
        for (const file of changed) {
          const log = this.#logs.get(file);
          if (log !== undefined)
            logs.set(file, { ...log, delivered: { ...logs.get(file)?.delivered, ...log.delivered } });
        }
        const begun = [...new Set([...readBegun(old), ...this.#begun])];
        return { version: 1, source: this.source, begun, logs: [...logs.values()] };
      });
      this.#begunChanged = false;
    } catch (error) {
      for (const file of changed) this.#changed.add(file);
      throw error;
    }
  }
}

function readLogs(content: unknown, path: string): KnownLog[] {
  if (content === undefined) return [];
  const logs = isJsonRecord(content) && content.version === 1 ? content.logs : undefined;
  if (!Array.isArray(logs)) throw new NightdeskError('DATA_UNREADABLE', `${path} is not a ledger of version 1`);
  return logs.filter(isKnownLog);
}

const readBegun = (content: unknown): string[] =>
  isJsonRecord(content) && Array.isArray(content.begun) ? content.begun.filter((key) => typeof key === 'string') : [];

/** Only we write the file: the fields that everything rests on are checked, not all. */
const isKnownLog = (value: unknown): value is KnownLog =>
  isJsonRecord(value) &&
  typeof value.file === 'string' &&
  typeof value.first === 'string' &&
  typeof value.path === 'string' &&
  isPoint(value.known) &&
  isJsonRecord(value.delivered) &&
  Object.values(value.delivered).every(isPoint);

const isPoint = (value: unknown): boolean =>
  isJsonRecord(value) &&
  Number.isSafeInteger(value.bytes) &&
  Number.isSafeInteger(value.lines) &&
  Number.isSafeInteger(value.windowBytes) &&
  typeof value.window === 'string';
