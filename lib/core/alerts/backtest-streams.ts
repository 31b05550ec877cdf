import { INPUT_STREAMS } from '../catalog/outline.ts';
import type { AlertRule, Condition, Selector } from './types.ts';

/** Counts of what came in: no stream of the lake, but made of all of them and of quarantine. */
export const PIPELINE = 'pipeline';
const TRADES = 'trade_lifecycle';
/** What a drawdown is computed from, and what says how often the bot is heard. */
const EQUITY: readonly string[] = ['equity_curve', 'health', 'cash_flow'];
const BEATS: readonly string[] = ['health', 'system'];

/**
 * Streams of which the rules read anything, `pipeline` and derived ones included, and those that tell of drawdowns and
 * heartbeats. Rules that know silence read all: whatever a bot sends is a sign of life.
 */
export function streamsOf(rules: readonly AlertRule[]): ReadonlySet<string> {
  const streams = new Set([...EQUITY, ...BEATS]);
  for (const { condition } of rules) for (const stream of readBy(condition)) streams.add(stream);
  return streams;
}

function readBy(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'threshold':
    case 'quantile':
    case 'growth':
      return namesIn([condition.of]);
    case 'count':
      return namesIn([...condition.of, ...(condition.counters ?? []).map(({ of }) => of)]);
    case 'share': {
      const { of, where } = condition;
      const part = Array.isArray(where) ? namesIn(where as readonly Selector[]) : [];
      const stream =
        !Array.isArray(where) && 'stream' in where && typeof where.stream === 'string' ? [where.stream] : [];
      return [...namesIn(isList(of) ? of : [of]), ...part, ...stream];
    }
    case 'roundtrip':
      return [TRADES, 'execution'];
    case 'drawdown':
      return EQUITY;
    case 'absence':
    case 'silence':
    case 'spell':
      return [...INPUT_STREAMS, ...(condition.kind === 'silence' ? namesIn([condition.of]) : [])];
  }
}

const isList = (of: Selector | readonly Selector[]): of is readonly Selector[] => Array.isArray(of);

const namesIn = (selectors: readonly Selector[]): string[] =>
  selectors.flatMap(({ stream }) => (typeof stream === 'string' ? [stream] : [...stream]));
