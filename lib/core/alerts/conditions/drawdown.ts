import type { ConditionContext, ConditionKind, DrawdownCondition, Evidence, Observation, Reading } from '../types.ts';
import { accountKey, type Flow, flowOf, isOfAccount, isUnknownFlow, startsAnew } from './account.ts';
import { evidenceOf } from './evidence.ts';
import { figure, fine, firing, isFresh, noData, stale, staleDueMs } from './readings.ts';
import { isNewer, type Paced, pacedBy, withNewest } from './series.ts';
import { type Entry, keyOf, withEntry } from './window.ts';

// Fall of equity from its peak, its start or a bound, per run (paper, backtest) or account (live): a paper account that
// starts anew is no drawdown. All figures are net of deposits and withdrawals: equity less the flows until then.

const SOURCES: ReadonlySet<string> = new Set(['health', 'equity_curve', 'execution']);
const MOST_HIGHS = 16;
/** Steps a window is cut into; of each the highest equity is kept. */
const WINDOW_STEPS = 64;
const MOST_FLOWS = 200;
/** 5 % are 5 %, whatever a double makes of them. */
const EXACT = 1e-12;

/** A high of equity: newer ones are higher; or the highest of a step of a window. */
type High = readonly [tsMs: number, equity: number];

interface Account extends Paced {
  readonly key: string;
  /** As the bot says it, its account's currency. */
  readonly equity: number;
  readonly start: number;
  readonly startMs: number;
  /** Oldest first. */
  readonly highs: readonly High[];
  readonly sinceMs: number | null;
  readonly evidence: Evidence;
}

/** Amount in the account's currency: a deposit is positive; null where it is not known. */
type KeptFlow = Entry<readonly [account: string, amount: number | null]>;

export interface DrawdownState {
  readonly accounts: readonly Account[];
  readonly flows: readonly KeptFlow[];
  /** An event was seen whose equity was null or missing. */
  readonly nulls?: true;
}

const NOTHING: DrawdownState = { accounts: [], flows: [] };

export const drawdown: ConditionKind<DrawdownCondition, DrawdownState> = {
  selects: (_condition, observation) => SOURCES.has(observation.stream) || observation.stream === 'cash_flow',

  apply(condition, state = NOTHING, observation, context) {
    if (observation.stream === 'cash_flow') return withFlow(state, observation, context);
    const equity = equityOf(observation);
    if (equity === undefined) return state.nulls === true ? state : { ...state, nulls: true };
    const key = accountKey(observation);
    const known = state.accounts.find((account) => account.key === key);
    if (known !== undefined && !isNewer(observation, known)) return state;
    const account = withSample(condition, known, { key, equity, observation, flows: state.flows });
    return { ...state, accounts: withNewest(state.accounts, known, account) };
  },

  read(condition, state, context) {
    const limit = limitOf(condition);
    if (state === undefined || state.accounts.length === 0)
      return [
        noData({
          limit,
          reason: state?.nulls === true ? 'equity is null in every sample' : 'no event that equity could be read of',
        }),
      ];
    const fresh = state.accounts.filter((account) => isFresh(account, context));
    if (fresh.length === 0) return [stale('equity', state.accounts, { limit, context })];
    const readings = fresh.map((account) => readAccount(condition, account, { flows: state.flows, context }));
    return [readings.reduce((worst, reading) => (isWorse(condition, reading, worst) ? reading : worst))];
  },

  glance(condition, { accounts, flows }, context) {
    const falls = accounts.flatMap((account) => (isFresh(account, context) ? [fallOf(condition, account, flows)] : []));
    return falls.length > 0 && falls.every((fall) => fall !== undefined && fall.from > 0 && !fall.beyond)
      ? 'ok'
      : undefined;
  },

  dueMs: (_condition, state, context) => staleDueMs(state?.accounts ?? [], context),

  // A withdrawal must be as fast as the fall of equity that it makes, or it looks like a loss.
  urgent: (_condition, observation) =>
    observation.stream === 'cash_flow'
      ? flowOf(observation) !== undefined || isUnknownFlow(observation)
      : SOURCES.has(observation.stream) && equityOf(observation) !== undefined,

  columns: () => [
    'equity',
    'account_id',
    'timeframe',
    'kind',
    'asset',
    'amount',
    'amount_usd',
    'is_estimated',
    'rev',
    'venue_flow_id',
  ],
};

/** Equity as a bot says it; rows of our own ledger begin at 0 where the account does not. */
function equityOf({ fields: { equity, rev } }: Observation): number | undefined {
  return typeof equity === 'number' && Number.isFinite(equity) && typeof rev !== 'number' ? equity : undefined;
}

function withFlow(state: DrawdownState, observation: Observation, context: ConditionContext): DrawdownState {
  const flow: Flow | undefined = flowOf(observation) ?? (isUnknownFlow(observation) ? { amount: null } : undefined);
  if (flow === undefined) return state;
  const { venue_flow_id: venueId } = observation.fields;
  const key = typeof venueId === 'string' ? context.hash(`flow\n${venueId}`).slice(0, 16) : keyOf(observation, context);
  const entry: KeptFlow = [observation.tsMs, key, accountKey(observation), flow.amount];
  const flows = withEntry<KeptFlow>(state.flows, entry, {
    sinceMs: Number.NEGATIVE_INFINITY,
    most: MOST_FLOWS,
    named: true,
  });
  return flows === state.flows ? state : { ...state, flows };
}

/** Deposits less withdrawals of an account after one moment and until another; null where one's amount is not known. */
function flowsBetween(
  flows: readonly KeptFlow[],
  key: string,
  { afterMs, untilMs }: { afterMs: number; untilMs: number },
) {
  let sum: number | null = 0;
  for (const [tsMs, , account, amount] of flows)
    if (tsMs > afterMs && tsMs <= untilMs && isOfAccount(account, key))
      sum = sum === null || amount === null ? null : sum + amount;
  return sum;
}

interface News {
  readonly key: string;
  readonly equity: number;
  readonly observation: Observation;
  readonly flows: readonly KeptFlow[];
}

function withSample(
  condition: DrawdownCondition,
  known: Account | undefined,
  { key, equity, observation, flows }: News,
): Account {
  const { tsMs } = observation;
  const anew = known === undefined || startsAnew(observation, { equity, start: known.start, before: known.equity });
  const highs = anew ? [] : known.highs;
  const account: Account = {
    key,
    ...pacedBy(observation, known),
    equity,
    start: anew ? equity : known.start,
    startMs: anew ? tsMs : known.startMs,
    highs:
      condition.basis === 'window'
        ? steps(highs, [tsMs, equity], condition)
        : records(highs, [tsMs, equity], { key, flows }),
    sinceMs: null,
    evidence: evidenceOf(observation),
  };
  const fallen = fallOf(condition, account, flows);
  const since = anew ? null : known.sinceMs;
  return { ...account, sinceMs: fallen?.beyond === true ? (since ?? tsMs) : null };
}

/** The highs so far, each in the money of now: the last one is the peak. What is lower than a newer one is kept for late flows. */
function records(
  highs: readonly High[],
  high: High,
  { key, flows }: { key: string; flows: readonly KeptFlow[] },
): readonly High[] {
  const peak = highest(highs, { key, flows, untilMs: high[0] });
  return peak === undefined || high[1] >= peak ? [...highs, high].slice(-MOST_HIGHS) : highs;
}

function steps(highs: readonly High[], high: High, { window = 0 }: DrawdownCondition): readonly High[] {
  const stepMs = Math.max(1, window / WINDOW_STEPS);
  const last = highs.at(-1);
  if (last !== undefined && Math.floor(last[0] / stepMs) === Math.floor(high[0] / stepMs))
    return high[1] >= last[1] ? [...highs.slice(0, -1), high] : highs;
  return [...highs, high].filter(([tsMs]) => tsMs > high[0] - window).slice(-WINDOW_STEPS - 1);
}

/**
 * The highest of earlier equities in the money of now: with what was paid in since, without what was taken out. Undefined
 * where a flow of unknown amount lies after each.
 */
function highest(
  highs: readonly High[],
  { key, flows, untilMs }: { key: string; flows: readonly KeptFlow[]; untilMs: number },
): number | undefined {
  let peak: number | undefined;
  for (const [afterMs, equity] of highs) {
    const since = flows.length === 0 ? 0 : flowsBetween(flows, key, { afterMs, untilMs });
    if (since !== null && equity + since > (peak ?? Number.NEGATIVE_INFINITY)) peak = equity + since;
  }
  return peak;
}

interface Fall {
  /** What it fell from, in the money of now. */
  readonly from: number;
  readonly beyond: boolean;
}

/** How far an account has fallen; undefined where a flow of unknown amount lies between. */
function fallOf(condition: DrawdownCondition, account: Account, flows: readonly KeptFlow[]): Fall | undefined {
  const { key, tsMs: untilMs, equity, highs, start, startMs } = account;
  const { basis, below, share = 0, window = 0 } = condition;
  if (basis === 'absolute') return { from: below ?? 0, beyond: below !== undefined && equity < below };
  const candidates: readonly High[] =
    basis === 'start' ? [[startMs, start]] : basis === 'window' ? inWindow(highs, untilMs - window) : highs;
  const from = highest(candidates, { key, flows, untilMs });
  return from === undefined ? undefined : { from, beyond: from > 0 && from - equity > share * from * (1 + EXACT) };
}

const inWindow = (highs: readonly High[], sinceMs: number): readonly High[] => highs.filter(([tsMs]) => tsMs > sinceMs);

const NAMES = {
  peak: 'its peak',
  start: 'its start',
  window: 'the highest of the window',
  absolute: 'the bound',
} as const;

function readAccount(
  condition: DrawdownCondition,
  account: Account,
  { flows }: { flows: readonly KeptFlow[]; context: ConditionContext },
): Reading {
  const limit = limitOf(condition);
  const fall = fallOf(condition, account, flows);
  const evidence = [account.evidence];
  if (fall === undefined || (fall.from <= 0 && condition.basis !== 'absolute'))
    return noData({ limit, evidence, reason: 'a deposit or withdrawal of unknown amount hides how far equity fell' });
  const absolute = condition.basis === 'absolute';
  const percent = figure(Math.max(0, (1 - account.equity / fall.from) * 100));
  const value = absolute ? figure(account.equity) : Number(percent.toFixed(4));
  const reason = absolute
    ? `equity is ${value}`
    : `equity ${figure(account.equity)} is ${value} % below ${NAMES[condition.basis]}, ${figure(fall.from)}`;
  return fall.beyond
    ? firing({ value, limit, evidence, reason, sinceMs: account.sinceMs ?? account.tsMs })
    : fine({ value, limit, evidence, reason });
}

const RANK = { no_data: 0, ok: 1, firing: 2 } as const;

/** The one that fires, then the one that is farthest; accounts that say nothing last. */
function isWorse({ basis }: DrawdownCondition, a: Reading, b: Reading): boolean {
  if (RANK[a.answer] !== RANK[b.answer]) return RANK[a.answer] > RANK[b.answer];
  const [left, right] = [Number(a.value), Number(b.value)];
  return basis === 'absolute' ? left < right : left > right;
}

const limitOf = ({ basis, below, share }: DrawdownCondition): number | null =>
  basis === 'absolute' ? (below ?? null) : share === undefined ? null : figure(share * 100);
