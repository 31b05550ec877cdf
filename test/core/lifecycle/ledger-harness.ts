import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createMemoryStore } from '../../../lib/adapters/memory/object-store.ts';
import { createMemoryStateStore } from '../../../lib/adapters/memory/state-store.ts';
import { dateOf, objectKey } from '../../../lib/core/lake/keys.ts';
import { datesOf, type LakeRecord, readDerivedDay } from '../../../lib/core/lake/read.ts';
import { createLedger, type Ledger, type LedgerParts } from '../../../lib/core/lifecycle/ledger.ts';
import { FOLD_ROWS } from '../../../lib/core/lifecycle/ledger-published.ts';
import { LEDGER_DEFAULTS, type LedgerConfig } from '../../../lib/core/lifecycle/types.ts';
import type { ObjectStore, StateStore } from '../../../lib/core/ports/index.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';
import { chainParts } from './ledger-stand-in.ts';

// Without the thread pool, so that a seed gives one order of everything.
export const gzip = async (bytes: Uint8Array): Promise<Uint8Array> => gzipSync(bytes, { level: 1 });
export async function gunzip(body: Uint8Array): Promise<{ bytes: Uint8Array; damage?: string }> {
  try {
    return { bytes: gunzipSync(body) };
  } catch {
    return { bytes: new Uint8Array(), damage: 'damaged' };
  }
}

export const DAY_MS = 86_400_000;
export const START_MS = Date.UTC(2025, 11, 3, 12);
export const LATENESS_MS = 10_000;

const iso = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/** An operation on a store, before it is done. */
export type Before = (
  operation: 'get' | 'put' | 'delete' | 'state get' | 'state put',
  key: string,
) => void | Promise<void>;

export interface HarnessOptions {
  readonly parts?: LedgerParts | undefined;
  readonly config?: Partial<LedgerConfig>;
}

/** A lake in memory with a clock that stands still, and ledgers on it. */
export class Harness {
  readonly store: ObjectStore = createMemoryStore();
  readonly state: StateStore = createMemoryStateStore();
  readonly log = listeningLog();
  readonly operations: string[] = [];
  nowMs = START_MS;
  #objects = 0;
  readonly #options: HarnessOptions;

  constructor(options: HarnessOptions = {}) {
    this.#options = options;
  }

  /** A ledger as a process of its own would open it. */
  ledger(before: Before = () => undefined): Ledger {
    const { store, state, log, operations } = this;
    const note: Before = async (operation, key) => {
      await before(operation, key);
      operations.push(`${operation} ${key}`);
    };
    return createLedger(
      {
        log,
        gzip,
        gunzip,
        clock: { nowMs: () => this.nowMs },
        sha256: (text) => createHash('sha256').update(text).digest('hex'),
        parts: this.#options.parts ?? chainParts,
        store: {
          list: (prefix) => store.list(prefix),
          async get(key) {
            await note('get', key);
            return store.get(key);
          },
          async put(key, body) {
            await note('put', key);
            await store.put(key, body);
          },
          async delete(key) {
            await note('delete', key);
            await store.delete(key);
          },
        },
        state: {
          list: (prefix) => state.list(prefix),
          async get(key) {
            await note('state get', key);
            return state.get(key);
          },
          async put(key, body, version) {
            await note('state put', key);
            return state.put(key, body, version);
          },
          delete: (key) => state.delete(key),
        },
      },
      { ...LEDGER_DEFAULTS, latenessMs: LATENESS_MS, ...this.#options.config },
    );
  }

  /** Writes events into the lake, one object per stream and day. @returns the keys */
  async write(events: readonly LakeRecord[]): Promise<string[]> {
    const objects = new Map<string, LakeRecord[]>();
    for (const event of events) {
      const name = `${event.stream} ${dateOf(Number(event.ts_ms))}`;
      objects.set(name, [...(objects.get(name) ?? []), event]);
    }
    const keys: string[] = [];
    for (const [name, own] of objects) {
      const [stream = '', date = ''] = name.split(' ');
      const unique = String(this.#objects++).padStart(6, '0');
      const key = objectKey('events', { stream, version: 1, date }, { producer: 'test', atMs: this.nowMs, unique });
      const lines = own.map(
        (event) => `${JSON.stringify({ ...event, ingested_at: event.ingested_at ?? iso(this.nowMs) })}\n`,
      );
      await this.store.put(key, await gzip(Buffer.from(lines.join(''))));
      keys.push(key);
    }
    return keys;
  }

  /** The derived rows that a view shows, without what differs between two ways to the same. */
  async view(streams: readonly string[] = FOLD_ROWS): Promise<LakeRecord[]> {
    const rows: LakeRecord[] = [];
    for (const stream of streams)
      for (const date of await datesOf(this.store, stream, ['derived']))
        for await (const row of readDerivedDay({ store: this.store, gunzip }, { stream, date })) {
          const { rev, ingested_at, ...rest } = row;
          rows.push(rest);
        }
    const text = (row: LakeRecord): string => JSON.stringify([row.stream, row.strategy_id, row.ts, row.event_id]);
    return rows.sort((a, b) => (text(a) < text(b) ? -1 : 1));
  }

  /** Lets so much time go by, in steps, with a tick at each. */
  async wait(ledger: Ledger, ms: number, steps = 4): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.nowMs += ms / steps;
      await ledger.tick();
    }
  }
}

let made = 0;

/** A fill at a moment. */
export const fill = (ms: number, over: LakeRecord = {}): LakeRecord => {
  const id = `e${String(made++).padStart(5, '0')}`;
  return {
    event_id: id,
    stream: 'execution',
    schema_version: 1,
    ts: iso(ms),
    ts_ms: ms,
    strategy_id: 'bot',
    session_id: 's1',
    mode: 'paper',
    symbol: 'BTCUSDT',
    side: 'buy',
    qty: 1,
    price: 100,
    ...over,
  };
};

/** What the stand-in fold says of events in their order: the row of each, with its number and its next. */
export function expectedRows(events: readonly LakeRecord[]): { id: string; n: number; next: string | undefined }[] {
  const unique = [...new Map(events.map((event) => [String(event.event_id), event])).values()];
  const at = (event: LakeRecord): string => `${event.ts} ${event.event_id}`;
  unique.sort((a, b) => (at(a) < at(b) ? -1 : 1));
  return unique.map((event, index) => ({
    id: `t-${event.event_id}`,
    n: index + 1,
    next: unique[index + 1]?.event_id as string | undefined,
  }));
}

export const shownRows = (rows: readonly LakeRecord[]): { id: unknown; n: unknown; next: unknown }[] =>
  rows
    .filter(({ stream }) => stream === 'trade_lifecycle')
    .map(({ event_id, n, next }) => ({ id: event_id, n, next }))
    .sort((a, b) => Number(a.n) - Number(b.n));
