import { type Beats, hasEnded, intervalMs, lastHeardMs, liveSessions } from '../alerts/beats.ts';
import type { AlertKey } from '../alerts/types.ts';
import { drawdownOf, type EquityBook } from './equity.ts';
import { factsOf } from './facts.ts';
import { LabelBook } from './labels.ts';
import { minuteOf, type Sample, type SampleSettings } from './samples.ts';
import { gapsIn } from './sequence.ts';
import { NO_VITALS, type RunVitals, type Vitals } from './vitals.ts';

/** Value of a gauge, or increase of a counter, at a tick. */
export type GaugeSample = Sample;

/** What a tick reads of the state of a strategy. */
export interface TickedState {
  readonly key: AlertKey;
  readonly beats?: Beats | undefined;
  readonly vitals?: Vitals | undefined;
}

const LEAST_BAND = 20;
/** A strategy that was silent for so long has no gauges any more. Its dead-bot alert is a day old by then. */
const FORGOTTEN_MS = 24 * 3_600_000;
const SILENT_INTERVALS = 2;
const UNKNOWN_INTERVAL_MS = 900_000;
/** Accounts of a run that were not heard of for so long, while another was, are no longer in use. */
const BOOK_MS = 2 * 3_600_000;

/** Gauges of one strategy, and the increases that the tick of this very moment put aside: any other tick publishes none of them. */
export function gaugesOf(
  vitals: Vitals | undefined,
  beats: Beats | undefined,
  key: AlertKey,
  nowMs: number,
  book: LabelBook = new LabelBook(),
): GaugeSample[] {
  const event = { strategy_id: key.strategyId, mode: key.mode };
  const minuteMs = minuteOf(nowMs);
  const samples: GaugeSample[] = [];
  const add = (name: string, value: number | undefined, source?: string): void => {
    if (value === undefined || !Number.isFinite(value)) return;
    samples.push({ name, value, minuteMs, labels: book.of(event, source) });
  };
  for (const [[name, source], value] of increasesOf(vitals, nowMs)) add(name, value, source);
  const heardMs = beats === undefined ? undefined : lastHeardMs(beats);
  if (beats === undefined || heardMs === undefined || nowMs - heardMs > FORGOTTEN_MS) return samples;

  const figures = vitals ?? NO_VITALS;
  const { count, isLive } = livingOf(beats, heardMs, nowMs);
  add('bot.runs.active', count);
  if (!hasEnded(beats)) add('bot.health.heartbeat_age_s', Math.max(0, nowMs - heardMs) / 1000);
  if (count === 0) return samples;

  const runs = figures.runs.filter(isLive);
  if (count === 1) {
    const equity = onlyBook(runs);
    add('bot.health.equity_value', equity?.newest.value);
    add('bot.health.drawdown_current', equity === undefined ? undefined : drawdownOf(equity, figures.flows));
  }
  add('bot.health.ws_staleness_ms', largest(runs.map(({ staleness }) => staleness?.value)));
  add('bot.health.funding_stale', figures.fundingStale?.value);
  add('bot.calibration.drift', figures.drift?.value);
  add('pipeline.events.sequence_gaps', gapsOf(runs, nowMs));
  const { band } = figures;
  if (band.length >= LEAST_BAND) add('bot.calibration.in_band_rate', mean(band.map(([, , inBand]) => inBand)));
  for (const [source, closed] of Object.entries(figures.closed)) {
    add('bot.trades.win_rate', mean(closed.map(([, , won]) => won)), source);
    add('bot.trades.net_pnl_bps', mean(closed.map(([, , , netBps]) => netBps)), source);
  }
  return samples;
}

/** Counters of a strategy since its state began, as names and sources with values; Prometheus serves these. */
export const totalsOf = (vitals: Vitals | undefined): [name: [string, string?], value: number][] =>
  Object.entries(vitals?.totals ?? {}).map(([name, value]) => [named(name), value]);

function increasesOf(vitals: Vitals | undefined, nowMs: number): [[string, string?], number][] {
  const mark = vitals?.mark;
  if (mark?.atMs !== nowMs) return [];
  return Object.entries(mark.to)
    .map(([name, value]): [[string, string?], number] => [named(name), value - (mark.from[name] ?? 0)])
    .filter(([, increase]) => increase > 0);
}

function named(text: string): [string, string?] {
  const [name = '', source] = text.split('|');
  return source === undefined ? [name] : [name, source];
}

/** Runs that live. Events that name no run belong to the one that is named, where there is one; else they are a run. */
function livingOf(beats: Beats, heardMs: number, nowMs: number): { count: number; isLive(run: RunVitals): boolean } {
  const sessions = new Set(liveSessions(beats, nowMs));
  if (sessions.size > 0)
    return { count: sessions.size, isLive: ({ session }) => session === null || sessions.has(session) };
  const patienceMs = SILENT_INTERVALS * (intervalMs(beats) ?? UNKNOWN_INTERVAL_MS);
  const unnamed = beats.runs.some(({ session }) => session === null);
  const lives = unnamed && !hasEnded(beats) && nowMs - heardMs <= patienceMs;
  return { count: lives ? 1 : 0, isLive: ({ session }) => session === null };
}

/** The one account that the runs trade; undefined where there are several, which are never added or mixed. */
function onlyBook(runs: readonly RunVitals[]): EquityBook | undefined {
  const books = runs.flatMap(({ equity }) => Object.entries(equity));
  const newestMs = Math.max(...books.map(([, { newest }]) => newest.atMs));
  const used = books.filter(([, { newest }]) => newestMs - newest.atMs <= BOOK_MS);
  // An empty name says nothing of account and timeframe: it may be any of the others.
  const names = new Set(used.map(([name]) => name).filter((name) => name !== '|'));
  if (used.length === 0 || names.size > 1) return undefined;
  return used.map(([, one]) => one).reduce((a, b) => (b.newest.atMs > a.newest.atMs ? b : a));
}

function gapsOf(runs: readonly RunVitals[], nowMs: number): number | undefined {
  const numbers = runs.flatMap((run) => (run.numbers === undefined ? [] : [run.numbers]));
  return numbers.length === 0 ? undefined : numbers.reduce((sum, sequence) => sum + gapsIn(sequence, nowMs), 0);
}

const mean = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;

function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Gauges that two modes of a strategy, under the same labels, have together; all others then say nothing. */
const TOGETHER: Readonly<Record<string, (a: number, b: number) => number>> = {
  'bot.runs.active': (a, b) => a + b,
  'bot.health.heartbeat_age_s': Math.min,
  'bot.health.ws_staleness_ms': Math.max,
  'bot.health.funding_stale': Math.max,
  'pipeline.events.sequence_gaps': (a, b) => a + b,
};

/**
 * What a tick publishes of all strategies: one sample per series. Two modes of a strategy have the same labels unless
 * `mode` is a dimension: figures of money and models are then left out, for those of two modes are never mixed.
 */
export function tickSamples(
  states: Iterable<TickedState>,
  nowMs: number,
  settings: Pick<SampleSettings, 'dimensions' | 'strategies' | 'silentModes'>,
  book: LabelBook = new LabelBook(settings),
): GaugeSample[] {
  const found = new Map<string, { sample: GaugeSample; mixed: boolean }>();
  for (const { key, beats, vitals } of states) {
    if (key.strategyId === '*' || !publishes(key, settings)) continue;
    // Lines in quarantine often say no strategy: they are no bot whose heart could beat.
    if (key.strategyId === null && (vitals === undefined || vitals.runs.length === 0)) continue;
    for (const sample of gaugesOf(vitals, beats, key, nowMs, book)) {
      const name = `${sample.name} ${sample.labels.key}`;
      const known = found.get(name);
      const counter = factsOf(sample.name).kind === 'counter';
      const join = counter ? (a: number, b: number) => a + b : TOGETHER[sample.name];
      if (known === undefined) found.set(name, { sample, mixed: false });
      else if (join === undefined) known.mixed = true;
      else known.sample = { ...known.sample, value: join(known.sample.value, sample.value) };
    }
  }
  return [...found.values()].filter(({ mixed }) => !mixed).map(({ sample }) => sample);
}

const publishes = (
  { mode, strategyId }: AlertKey,
  { strategies, silentModes }: Pick<SampleSettings, 'strategies' | 'silentModes'>,
): boolean =>
  !(mode !== null && silentModes.includes(mode)) && (strategies === null || strategies.includes(strategyId ?? ''));
