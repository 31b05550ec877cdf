import { sha256 } from '../../adapters/local/sha256.ts';
import { type BacktestOptions, backtest } from '../../core/alerts/backtest.ts';
import { type FeedCounts, feed } from '../../core/alerts/backtest-feed.ts';
import type { BacktestReport } from '../../core/alerts/backtest-report.ts';
import { PIPELINE, streamsOf } from '../../core/alerts/backtest-streams.ts';
import { columnsRead, trim } from '../../core/alerts/conditions/index.ts';
import { isHistory } from '../../core/alerts/observe.ts';
import type { AlertRule, AlertSettings, Condition } from '../../core/alerts/types.ts';
import { INPUT_STREAMS } from '../../core/catalog/outline.ts';
import { dateOf } from '../../core/lake/keys.ts';
import type { Log, ObjectStore } from '../../core/ports/index.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { storedDays } from './stored-days.ts';

export interface BacktestRun {
  readonly store: ObjectStore;
  readonly settings: AlertSettings;
  readonly rules: readonly AlertRule[];
  /** UTC days. @default - the whole lake */
  readonly from?: string;
  readonly to?: string;
  readonly strategy?: string;
  /** Only this mode, though it be one that never alerts. @default - all that alert */
  readonly mode?: string;
  readonly drawdown?: number;
  readonly tickMs?: number;
  /** Reads every stream, for what is heard of a bot; else those of the rules, as a bucket is slow to read. */
  readonly allStreams: boolean;
  readonly nowMs: number;
  readonly log?: Log;
  readonly onDay?: (date: string, days: number) => void;
}

export interface BacktestResult {
  readonly reports: readonly BacktestReport[];
  readonly from: string | null;
  readonly to: string | null;
  readonly days: number;
  readonly observations: number;
  readonly history: number;
  readonly silent: number;
}

const DAY_MS = 86_400_000;

/** Runs rules over the stored days of a lake. @throws what the store throws */
export async function runBacktest(run: BacktestRun): Promise<BacktestResult> {
  const { store, settings, rules, strategy, mode, drawdown, tickMs, allStreams, nowMs, log, onDay } = run;
  const read = new Set(streamsOf(rules));
  if (allStreams) for (const stream of INPUT_STREAMS) read.add(stream);
  const columns = columnsRead([...rules.flatMap((rule) => variantsOf(rule, settings)), PROBED]);
  const counts = { silent: 0 };
  const days = storedDays({
    store,
    streams: read,
    ...(log === undefined ? {} : { log }),
    trim: (observation) => trim(observation, columns),
    wanted: (observation) => {
      if (strategy !== undefined && observation.strategyId !== strategy) return false;
      if (mode !== undefined) return (observation.mode ?? UNKNOWN_MODE) === mode;
      const silent = settings.silentModes.includes(observation.mode ?? '');
      if (silent) counts.silent++;
      return !silent;
    },
  });
  const range = await days.range();
  const [from, to] = [run.from ?? range?.first, run.to ?? range?.last];
  if (from === undefined || to === undefined || from > to)
    return { reports: [], from: from ?? null, to: to ?? null, days: 0, observations: 0, history: 0, silent: 0 };
  const [fromMs, toMs] = [Date.parse(from), Math.min(Date.parse(to) + DAY_MS, nowMs)];
  const fed: FeedCounts = { observations: 0, history: 0 };
  const dates = datesBetween(fromMs - DAY_MS, toMs - 1);
  const options: BacktestOptions = {
    fromMs,
    toMs,
    settings: mode === undefined ? settings : { ...settings, silentModes: [] },
    sha256,
    ...(drawdown === undefined ? {} : { drawdown }),
    ...(tickMs === undefined ? {} : { tickMs }),
  };
  const played = feed({
    dates,
    read: (date) => days.read(date),
    isHistory: (observation) => observation.stream !== PIPELINE && isHistory(observation, settings.maxAge),
    counts: fed,
    onDay: (date) => onDay?.(date, dates.length),
  });
  const reports = await backtest(rules, played, options);
  return { reports, from, to, days: datesBetween(fromMs, toMs - 1).length, ...fed, ...counts };
}

/** A rule as it is, switched on, and as single strategies have it. */
const variantsOf = (rule: AlertRule, { strategies }: AlertSettings): AlertRule[] =>
  [
    rule.condition,
    ...Object.values(strategies).map((overrides) => ({ ...rule.condition, ...overrides[rule.id]?.condition })),
  ].map((condition) => ({ ...rule, enabled: true, condition: condition as Condition }));

/** What the rule beside those that are tried reads: see `backtest`. */
const PROBED = {
  id: 'drawdown',
  title: '',
  advice: '',
  severity: 'info',
  enabled: true,
  condition: { kind: 'drawdown', basis: 'peak', share: 0 },
  for: 0,
  clear: 0,
  cooldown: 0,
} as const satisfies AlertRule;

const datesBetween = (fromMs: number, toMs: number): string[] =>
  Array.from({ length: Math.max(0, Math.floor(toMs / DAY_MS) - Math.floor(fromMs / DAY_MS) + 1) }, (_, day) =>
    dateOf(fromMs + day * DAY_MS),
  );
