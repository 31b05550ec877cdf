import { timeframeMs } from '../../transform/time.ts';
import { lakeMs } from '../observe.ts';
import type { ConditionKind, Evidence, Observation, RoundtripCondition } from '../types.ts';
import { evidenceOf, newestEvidence } from './evidence.ts';
import { calm, durationText, firing, noData } from './readings.ts';

// Positions opened and closed within one bar: what a bot cannot do honestly that decides once per bar. Recomputed from
// the derived trades, not taken from the bot's own flag; a revision or a retraction of a trade takes it back.

const TRADES = 'trade_lifecycle';
const MOST_TRADES = 1000;

interface Trade {
  readonly id: string;
  readonly tsMs: number;
  readonly rev: number;
  /** Null where neither its bars nor its timeframe are known. */
  readonly within: boolean | null;
  /** Of those within one bar. */
  readonly evidence?: Evidence;
}

export interface RoundtripState {
  /** Newest revisions, in the order of their exits. */
  readonly trades: readonly Trade[];
}

export const roundtrip: ConditionKind<RoundtripCondition, RoundtripState> = {
  selects: (_condition, { stream }) => stream === TRADES,

  apply(_condition, state = { trades: [] }, observation) {
    const { trade_id, rev } = observation.fields;
    const id = typeof trade_id === 'string' ? trade_id : observation.eventId;
    const known = state.trades.find((trade) => trade.id === id);
    const made: Trade = {
      id: id.slice(0, 200),
      tsMs: observation.tsMs,
      rev: typeof rev === 'number' ? rev : 0,
      within: isWithinBar(observation),
    };
    if (known !== undefined && known.rev >= made.rev) return state;
    const trade = made.within === true ? { ...made, evidence: evidenceOf(observation) } : made;
    const trades = [...state.trades.filter((each) => each !== known), trade].sort(byExit);
    return { trades: trades.slice(-MOST_TRADES) };
  },

  read({ window }, state, context) {
    const limit = 0;
    if (state === undefined || state.trades.length === 0) return [noData({ limit, reason: 'no trade yet' })];
    const trades = state.trades.filter(({ tsMs }) => tsMs > context.nowMs - window);
    const within = trades.filter((trade) => trade.within === true);
    const evidence = newestEvidence([within.flatMap((trade) => trade.evidence ?? [])]);
    const value = within.length;
    const about = { value, limit, evidence, reason: `${value} trades within one bar in ${durationText(window)}` };
    if (value > 0) return [firing({ ...about, sinceMs: within[0]?.tsMs ?? context.nowMs })];
    if (state.trades.every((trade) => trade.within === null))
      return [noData({ limit, reason: 'no trade whose bars or timeframe are known' })];
    return [calm(about, state.trades.at(-1)?.tsMs, context)];
  },

  dueMs({ window }, state, { nowMs }) {
    const first = state?.trades.find(({ tsMs, within }) => within === true && tsMs > nowMs - window);
    return first === undefined ? undefined : first.tsMs + window;
  },

  urgent: (_condition, observation) => observation.stream === TRADES && isWithinBar(observation) === true,

  columns: () => [
    'trade_id',
    'status',
    'entry_unknown',
    'retracted',
    'rev',
    'entry_bar_ts',
    'exit_bar_ts',
    'entry_ts',
    'exit_ts',
    'timeframe',
  ],
};

const byExit = (a: Trade, b: Trade): number => a.tsMs - b.tsMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Whether a closed trade began and ended in one bar; null where that is not known. One that is open again did not. */
function isWithinBar({ fields }: Observation): boolean | null {
  if (fields.retracted === true) return false;
  if (fields.entry_unknown === true) return null;
  const { entry_bar_ts, exit_bar_ts } = fields;
  const barMs = typeof fields.timeframe === 'string' ? timeframeMs(fields.timeframe) : undefined;
  if (fields.status !== 'closed') return barMs === undefined && typeof entry_bar_ts !== 'string' ? null : false;
  if (typeof entry_bar_ts === 'string' && typeof exit_bar_ts === 'string') return entry_bar_ts === exit_bar_ts;
  const [entryMs, exitMs] = [lakeMs(fields.entry_ts), lakeMs(fields.exit_ts)];
  if (barMs === undefined || Number.isNaN(entryMs) || Number.isNaN(exitMs)) return null;
  // Weeks begin on Mondays, the epoch on a Thursday: their bars lie elsewhere, so only the length is held against.
  return barMs >= WEEK_MS ? exitMs - entryMs < barMs : Math.floor(entryMs / barMs) === Math.floor(exitMs / barMs);
}
const WEEK_MS = 604_800_000;
