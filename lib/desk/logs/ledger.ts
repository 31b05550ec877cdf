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

  private constructor(source: string, path: string) {
    this.source = source;
    this.#path = path;
  }

  /** @throws DATA_UNREADABLE when the file is damaged */
  static async open(folder: string, source: string): Promise<Ledger> {
    const ledger = new Ledger(source, join(folder, `${hashBytes(Buffer.from(source))}.json`));
    for (const log of readLogs(await readJson(ledger.#path), ledger.#path)) ledger.#hold(log);
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

  get dirty(): boolean {
    return this.#changed.size > 0;
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
          if (log !== undefined) logs.set(file, { ...log, delivered: { ...logs.get(file)?.delivered, ...log.delivered } });
        }
        return { version: 1, source: this.source, logs: [...logs.values()] };
      });
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
