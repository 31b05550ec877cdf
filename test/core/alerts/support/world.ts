import { gunzipSync, gzipSync } from 'node:zlib';
import { sha256 } from '../../../../lib/adapters/local/sha256.ts';
import { createMemoryStore } from '../../../../lib/adapters/memory/object-store.ts';
import { createMemoryStateStore } from '../../../../lib/adapters/memory/state-store.ts';
import { ALERT_ROWS } from '../../../../lib/core/alerts/rows.ts';
import { type AlertOptions, type Alerts, createAlerts } from '../../../../lib/core/alerts/runtime.ts';
import { parsedState } from '../../../../lib/core/alerts/runtime-file.ts';
import { ALERT_STATES, type StrategyAlerts } from '../../../../lib/core/alerts/state.ts';
import type { AlertSettings } from '../../../../lib/core/alerts/types.ts';
import { objectKey } from '../../../../lib/core/lake/keys.ts';
import type { LakeRecord } from '../../../../lib/core/lake/read.ts';
import type { ObjectStore, StateStore } from '../../../../lib/core/ports/index.ts';
import { listeningLog } from '../../../desk/support/stand-in.ts';
import { START_MS, settings } from './make.ts';

/** A call of a port, before and after it is done. */
export type Hook = (operation: string, key: string, when: 'before' | 'after') => void | Promise<void>;

// Without the thread pool, so that a seed gives one order of everything.
const gzip = async (bytes: Uint8Array): Promise<Uint8Array> => gzipSync(bytes, { level: 1 });
const gunzip = async (body: Uint8Array): Promise<{ bytes: Uint8Array; damage?: string }> => {
  try {
    return { bytes: gunzipSync(body) };
  } catch {
    return { bytes: new Uint8Array(), damage: 'damaged' };
  }
};

/** A lake in memory with a clock that stands still, and alerts on it. */
export class World {
  readonly store: ObjectStore = createMemoryStore();
  readonly state: StateStore = createMemoryStateStore();
  readonly log = listeningLog();
  /** Calls of ports, as `get key`. */
  readonly calls: string[] = [];
  readonly told: string[] = [];
  settings: AlertSettings = settings();
  nowMs = START_MS;
  #objects = 0;

  constructor(over: Partial<AlertSettings> = {}) {
    this.settings = settings(over);
  }

  /** Alerts as a process of its own would run them. */
  alerts(options: AlertOptions = {}, hook: Hook = () => undefined): Alerts {
    const { store, state } = this;
    const call = async <T>(operation: string, key: string, work: () => Promise<T>): Promise<T> => {
      await hook(operation, key, 'before');
      this.calls.push(`${operation} ${key}`);
      const result = await work();
      await hook(operation, key, 'after');
      return result;
    };
    return createAlerts(
      {
        log: this.log,
        clock: { nowMs: () => this.nowMs },
        gzip,
        gunzip,
        sha256,
        store: {
          list: (prefix) => store.list(prefix),
          get: (key) => call('read', key, () => store.get(key)),
          put: (key, body) => call('write', key, () => store.put(key, body)),
          delete: (key) => call('remove', key, () => store.delete(key)),
        },
        state: {
          list: (prefix) => state.list(prefix),
          get: (key) => call('get', key, () => state.get(key)),
          put: (key, body, version) => call('put', key, () => state.put(key, body, version)),
          delete: (key) => call('delete', key, () => state.delete(key)),
        },
      },
      this.settings,
      options,
    );
  }

  /** Has a channel told of everything that waits, as the dispatcher does. */
  async dispatch(alerts: Alerts): Promise<void> {
    for (const { change, to } of await alerts.box.waiting())
      for (const channel of to) {
        this.told.push(`${channel} ${change.id}`);
        await alerts.box.told(channel, [change.id], 'sent');
      }
  }

  /** Writes lines of one stream into the lake. @returns the key */
  async write(stream: string, lines: readonly LakeRecord[], date = '2025-12-03'): Promise<string> {
    const unique = String(this.#objects++).padStart(6, '0');
    const key = objectKey('events', { stream, version: 1, date }, { producer: 'test', atMs: this.nowMs, unique });
    await this.store.put(key, await gzip(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))));
    return key;
  }

  /** All rows of alerts in the lake, repeats included. */
  async rows(): Promise<LakeRecord[]> {
    const rows: LakeRecord[] = [];
    for await (const { key } of this.store.list(ALERT_ROWS)) {
      const { bytes } = await gunzip((await this.store.get(key)) ?? new Uint8Array());
      for (const line of Buffer.from(bytes).toString().trim().split('\n')) rows.push(JSON.parse(line) as LakeRecord);
    }
    return rows;
  }

  /** The states as they are stored. */
  async states(): Promise<StrategyAlerts[]> {
    const states: StrategyAlerts[] = [];
    for await (const key of this.state.list(ALERT_STATES)) {
      const found = await this.state.get(key);
      const state = found && parsedState(found.body);
      if (state !== undefined) states.push(state);
    }
    return states;
  }
}
