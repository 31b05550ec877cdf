import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Files } from '../../adapters/local/files.ts';
import { gunzip, gzip } from '../../adapters/local/gzip.ts';
import { sha256 } from '../../adapters/local/sha256.ts';
import { createFolderStateStore } from '../../adapters/local/state-store.ts';
import { naiveOffsetIn } from '../../adapters/local/time.ts';
import { createDispatcher } from '../../core/alerts/dispatch.ts';
import { createAlerts } from '../../core/alerts/runtime.ts';
import type { StrategyAlerts } from '../../core/alerts/state.ts';
import type { AlertChange, AlertSettings } from '../../core/alerts/types.ts';
import { shown } from '../../core/alerts/wording.ts';
import { parseKey } from '../../core/lake/keys.ts';
import type { Clock, Log, ObjectStore } from '../../core/ports/index.ts';
import type { DataFolder } from '../data-folder.ts';
import { type Environment, openChannels, usable } from './channels.ts';
import { AlertRunner, type AlertRunnerOptions } from './runner.ts';

export interface DeskAlertsOptions {
  readonly settings: AlertSettings;
  /** Where the addresses of channels are. */
  readonly environment: Environment;
  readonly runner?: Pick<AlertRunnerOptions, 'gatherMs' | 'tickMs' | 'mostQueued' | 'storedMs'>;
}

interface Surroundings {
  readonly folder: DataFolder;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: Files;
  readonly busy: () => boolean;
  readonly ticked?: (states: readonly StrategyAlerts[]) => void;
}

/** How long an event's trace in the state may be unwritten; what a crash takes is found in the lake. */
const PERSIST_MS = 5_000;

/** How often it is noted that the desk watches: bots are given their time again after a break of 30 s. */
const WATCH_MS = 10_000;

/** Derived streams that rules read. */
const WATCHED: ReadonlySet<string> = new Set(['trade_lifecycle', 'order_lifecycle']);

/** The alerts of a desk: shown every verdict and every trade, told the time. */
export function openDeskAlerts(options: DeskAlertsOptions & Surroundings): AlertRunner {
  const { settings, environment, folder, store, clock, log, files, busy, ticked, runner } = options;
  const state = createFolderStateStore(folder.lake, { files });
  const channels = openChannels(settings, environment);
  const told = usable(channels);
  const alerts = createAlerts({ store, state, clock, log, gzip, gunzip, sha256 }, settings, {
    persistEveryMs: PERSIST_MS,
    watchEveryMs: WATCH_MS,
    naiveOffsetMs: naiveOffsetIn(settings.zone),
    addressed: new Set(told.keys()),
    changed: (change) => say(log, change),
  });
  for (const { settings: channel, missing } of channels)
    if (missing !== undefined) log.info('a channel tells nobody of alerts', { channel: channel.name, missing });
  const dispatcher = createDispatcher({ box: alerts.box, channels: told, settings, clock, sleep: unheld, log });
  return new AlertRunner({
    alerts,
    dispatcher,
    store,
    state,
    clock,
    log,
    busy,
    run: randomBytes(8).toString('hex'),
    ...(ticked === undefined ? {} : { ticked }),
    ...runner,
  });
}

/** A pause of a channel keeps no desk from ending. */
const unheld = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false });

/** Names are any text that a bot logs, of any length. */
const NAME = 100;
const LOUD: ReadonlySet<string> = new Set(['opened', 'reminded', 'unsnoozed', 'resolved']);

/** In the desk's own log, for who has no channel, or looks at this shell. */
function say(log: Log, { kind, notify, alert }: AlertChange): void {
  if (!notify || !LOUD.has(kind)) return;
  const { dedupeKey, severity, title, strategyId, symbol, reason } = alert;
  const named = (text: string | null): string | null => text && shown(text, NAME);
  const facts = { alert: dedupeKey, severity, strategy: named(strategyId), symbol: named(symbol), reason };
  if (kind === 'resolved') log.info(`over: ${title}`, facts);
  else log.warn(`alert: ${title}`, facts);
}

/** The same store, that tells of derived objects that rules read, once they are written. */
export const watched = (store: ObjectStore, written: (key: string) => void): ObjectStore => ({
  async put(key, body) {
    await store.put(key, body);
    const { prefix, stream = '' } = parseKey(key) ?? {};
    if (prefix === 'derived' && WATCHED.has(stream)) written(key);
  },
  get: (key) => store.get(key),
  list: (prefix) => store.list(prefix),
  delete: (key) => store.delete(key),
});
