import { isFill } from '../lifecycle/fill.ts';
import { latencyOf } from '../lifecycle/latency.ts';
import { formattedToUs, timeframeMs } from '../transform/time.ts';
import type { Verdict, VerdictFacts } from '../transform/types.ts';
import { LabelBook, type Labels } from './labels.ts';
import { Recent } from './recent.ts';
import { sourceOf } from './sources.ts';

// What the transform publishes: counters and values of histograms, from each event as it comes in.

/** One figure on its way to a metric: an increase of a counter, a value of a histogram, or the value of a gauge. */
export interface Sample {
  /** Name of `METRICS`. */
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
  /** Minute it belongs to: when it happened, ms since the epoch. */
  readonly minuteMs: number;
}

export interface SampleSettings {
  /** Events older than this when they come in are history and publish nothing (semantics 1), ms. */
  readonly maxAgeMs: number;
  /** Columns beside strategy_id and source. */
  readonly dimensions: readonly string[];
  /** Strategies that publish; null for all. Of others only the figures of the stack are counted. */
  readonly strategies: readonly string[] | null;
  /** Modes that publish nothing. */
  readonly silentModes: readonly string[];
}

export const DEFAULT_SAMPLE_SETTINGS: SampleSettings = {
  maxAgeMs: 15 * 60_000,
  dimensions: [],
  strategies: null,
  silentModes: ['backtest'],
};

/** What is remembered from event to event: bounded. One for each process. */
export interface SampleMemory {
  readonly labels: LabelBook;
  readonly recent: Recent;
}

export const newMemory = (settings: Pick<SampleSettings, 'dimensions'> = DEFAULT_SAMPLE_SETTINGS): SampleMemory => ({
  labels: new LabelBook(settings),
  recent: new Recent(),
});

export const MINUTE_MS = 60_000;
const LATE_MS = 60_000;
const MOST_SOURCES = 16;

export const minuteOf = (atMs: number): number => Math.floor(atMs / MINUTE_MS) * MINUTE_MS;

/**
 * Samples of one verdict. History publishes nothing, not even that it came in: it would stand at its old minute, where
 * nobody looks, or at a wrong one; SQL counts it. The same for events without any clock, of which nobody knows whether
 * they are history. An event whose identity was just seen counts as in, stored and duplicate, and for nothing else.
 */
export function samplesOf(
  verdict: Verdict,
  settings: SampleSettings = DEFAULT_SAMPLE_SETTINGS,
  memory: SampleMemory = newMemory(settings),
): Sample[] {
  const { facts } = verdict;
  if (facts === undefined || facts.tsMs === null || isSilent(verdict, facts, settings)) return [];
  const { event, arrivedMs, tsMs } = facts;
  const minuteMs = minuteOf(tsMs);
  const labels = memory.labels.of(event);
  const samples: Sample[] = [];
  const add = (name: string, value = 1, at = labels): void => {
    samples.push({ name, labels: at, value, minuteMs });
  };

  add('pipeline.events.in');
  if (verdict.outcome === 'quarantined') {
    add('pipeline.events.quarantined');
    return samples;
  }
  add('pipeline.events.stored');
  const lagMs = Math.max(0, arrivedMs - tsMs);
  add('pipeline.lag_ms', lagMs);
  if (lagMs > LATE_MS) add('pipeline.events.late');
  if (isSeen(verdict, event, memory.recent)) {
    add('pipeline.events.duplicates');
    return samples;
  }
  if (settings.strategies !== null && !settings.strategies.includes(String(event.strategy_id ?? ''))) return samples;
  const measure = MEASURES[verdict.stream];
  if (measure === undefined) return samples;
  measure(event, {
    add,
    addBySource: (name, value, source) => add(name, value, memory.labels.of(event, source)),
    verdict,
  });
  return samples;
}

function isSilent(verdict: Verdict, facts: VerdictFacts, { maxAgeMs, silentModes }: SampleSettings): boolean {
  const { event, arrivedMs } = facts;
  if (typeof event.mode === 'string' && silentModes.includes(event.mode)) return true;
  if (verdict.outcome === 'quarantined') return verdict.reason === 'too_old';
  const ageMs = arrivedMs - (facts.tsMs ?? 0);
  if (ageMs <= maxAgeMs) return false;
  // A bar's time says when it opened: two bars more. In JSON, quotes of a value are escaped: this is never a value's text.
  if (!verdict.json.includes('"ts_source":"bar_ts"') || typeof event.timeframe !== 'string') return true;
  return ageMs > maxAgeMs + 2 * (timeframeMs(event.timeframe) ?? 0);
}

/** Whether the identity was just seen, of which the id is taken as it stands in the JSON. */
function isSeen({ json, stream }: Verdict, { strategy_id, session_id }: VerdictFacts['event'], recent: Recent) {
  return recent.seen(`${strategy_id}\n${session_id}\n${stream}\n`, json, json.indexOf('","stream":"'));
}

interface Measuring {
  add(name: string, value?: number): void;
  addBySource(name: string, value: number, source: string): void;
  readonly verdict: Verdict;
}

type Measure = (event: VerdictFacts['event'], to: Measuring) => void;

const finite = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const addIf = ({ add }: Measuring, name: string, value: unknown): void => {
  if (finite(value)) add(name, value);
};

const MEASURES: Readonly<Record<string, Measure | undefined>> = {
  health: (_, { add }) => add('bot.health.checks'),
  error: (_, { add }) => add('bot.errors.total'),
  execution: (event, to) => addIf(to, 'bot.execution.latency_ms', latencyMs(event, to.verdict)),
  costs: (event, to) => {
    addIf(to, 'bot.costs.total_bps', event.cost_bps_total);
    addIf(to, 'bot.costs.fee_bps', event.fee_bps);
    addIf(to, 'bot.costs.impact_bps', event.impact_bps);
    addIf(to, 'bot.costs.slippage_bps', event.slip_bps);
  },
  calibration: (event, to) => addIf(to, 'bot.calibration.prediction_error_bps', event.prediction_error_bps),
  overlay_status: (event, to) => addIf(to, 'bot.overlay.confidence', event.confidence),
  signals: (event, to) => {
    for (const [source, value] of strengthsOf(event)) to.addBySource('bot.signals.strength', value, source);
    const { overlay } = event;
    if (typeof overlay === 'object' && overlay !== null && 'confidence' in overlay)
      addIf(to, 'bot.overlay.confidence', overlay.confidence);
  },
};

/** Magnitude of the signal of each source; of bots that log no sources, that of their model. */
function strengthsOf({ source_signals, s_model }: VerdictFacts['event']): [string, number][] {
  const strengths: [string, number][] = [];
  if (typeof source_signals === 'object' && source_signals !== null && !Array.isArray(source_signals)) {
    for (const [name, value] of Object.entries(source_signals).slice(0, MOST_SOURCES)) {
      const source = sourceOf(name);
      if (source !== undefined && finite(value)) strengths.push([source, Math.abs(value)]);
    }
  }
  if (strengths.length === 0 && finite(s_model)) strengths.push(['model', Math.abs(s_model)]);
  return strengths;
}

/** Decision to fill, as the ledger takes it; null where clocks are missing, equal or reversed (semantics 4). */
function latencyMs(event: VerdictFacts['event'], { json }: Verdict): number | null {
  if (typeof event.decision_ts !== 'string' || !isFill({ event } as unknown as Parameters<typeof isFill>[0]))
    return null;
  const filled = typeof event.exec_ts === 'string' ? event.exec_ts : textAfter(json, '"ts":"');
  return latencyOf(clock(event.decision_ts), clock(filled)).ms;
}

const clock = (text: string | undefined): number | null => (text === undefined ? null : formattedToUs(text));

/** The text of a key of the stamp, which has no escapes. */
function textAfter(json: string, key: string): string | undefined {
  const at = json.indexOf(key);
  return at === -1 ? undefined : json.slice(at + key.length, json.indexOf('"', at + key.length));
}
