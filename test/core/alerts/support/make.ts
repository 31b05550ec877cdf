import { sha256 } from '../../../../lib/adapters/local/sha256.ts';
import type { FoldContext } from '../../../../lib/core/alerts/fold.ts';
import { emptyOperator } from '../../../../lib/core/alerts/operator.ts';
import type {
  AlertKey,
  AlertRule,
  AlertSettings,
  ChannelSettings,
  Observation,
  Reading,
} from '../../../../lib/core/alerts/types.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const START_MS = Date.UTC(2025, 11, 3, 12);

export const KEY: AlertKey = { mode: 'paper', strategyId: 'bot' };

/** Fires while the newest `ws_staleness_ms` of health is above 30,000. */
export const rule = (over: Partial<AlertRule> = {}): AlertRule => ({
  id: 'stale',
  title: 'Market data is late',
  advice: 'Look at the connection.',
  severity: 'warning',
  enabled: true,
  condition: { kind: 'threshold', of: { stream: 'health' }, field: 'ws_staleness_ms', above: 30_000 },
  for: 0,
  clear: 0,
  cooldown: HOUR_MS,
  ...over,
});

export const channel = (over: Partial<ChannelSettings> = {}): ChannelSettings => ({
  name: 'night',
  kind: 'slack',
  severities: ['info', 'warning', 'critical'],
  resolved: true,
  digest: true,
  ...over,
});

export const settings = (over: Partial<AlertSettings> = {}): AlertSettings => ({
  rules: [rule()],
  strategies: {},
  expect: {},
  silentModes: ['backtest'],
  maxAge: 15 * MINUTE_MS,
  suppressCriticalOnAck: false,
  flapping: { opens: 4, window: HOUR_MS, hold: 15 * MINUTE_MS },
  burst: 5,
  channels: [channel()],
  digestAt: null,
  zone: 'UTC',
  ...over,
});

export const reading = (answer: Reading['answer'], over: Partial<Reading> = {}): Reading => ({
  group: '',
  answer,
  value: answer === 'firing' ? 41_000 : null,
  limit: 30_000,
  sinceMs: null,
  reason: `it is ${answer}`,
  evidence: [],
  ...over,
});

let made = 0;

/** A health record at a moment, which came in at once. */
export const health = (
  tsMs: number,
  fields: Observation['fields'] = {},
  over: Partial<Observation> = {},
): Observation => ({
  ...KEY,
  stream: 'health',
  sessionId: 's1',
  symbol: 'BTCUSDT',
  eventId: `e${String(made++).padStart(6, '0')}`,
  tsMs,
  arrivedMs: tsMs,
  fields,
  ...over,
});

/** Health with late data, and with fresh data. */
export const sick = (tsMs: number, over: Partial<Observation> = {}): Observation =>
  health(tsMs, { ws_staleness_ms: 41_000 }, over);
export const well = (tsMs: number, over: Partial<Observation> = {}): Observation =>
  health(tsMs, { ws_staleness_ms: 20 }, over);

export const context = (nowMs: number, over: Partial<FoldContext> = {}): FoldContext => ({
  settings: settings(),
  operator: emptyOperator,
  nowMs,
  sha256,
  ...over,
});
