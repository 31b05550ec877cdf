import type { Observation } from '../alerts/types.ts';
import {
  type EquityBook,
  type Flow,
  flowOf,
  isNewer,
  type Point,
  withEquity,
  withFlow,
  withLateFlow,
} from './equity.ts';
import { minuteOf } from './samples.ts';
import { foldNumber, type Sequence } from './sequence.ts';
import {
  type Closed,
  type Counted,
  countOnce,
  MOST_AGE_MS,
  NOTHING_COUNTED,
  orderOf,
  tradeOf,
  withClosed,
} from './traded.ts';

// What the gauges of one strategy are made of. It lies in the state of its alerts and is folded with them, from the fast
// path and the lake both: an event that comes twice, or after a newer one, changes nothing.

/** Figures of one run. JSON, bounded. */
export interface RunVitals {
  /** Null for events that name no run. */
  readonly session: string | null;
  /** Its newest event. */
  readonly lastMs: number;
  /** By account and timeframe: S1 runs one paper account per timeframe in one process. */
  readonly equity: Readonly<Record<string, EquityBook>>;
  readonly staleness?: Point;
  readonly reconnects?: Point;
  readonly numbers?: Sequence;
}

/** Figures of one strategy. JSON, at most about 40 KB. */
export interface Vitals {
  /** The run heard last at the end. */
  readonly runs: readonly RunVitals[];
  readonly flows: readonly Flow[];
  readonly fundingStale?: Point;
  readonly drift?: Point;
  /** Whether each of the last predictions was in the band, oldest first. */
  readonly band: readonly (readonly [id: string, atMs: number, inBand: 0 | 1])[];
  readonly opened: Counted;
  readonly orders: Counted;
  readonly rejected: Counted;
  /** Newest closed trades by source. */
  readonly closed: Readonly<Record<string, readonly Closed[]>>;
  /** Counters since the state began, by metric, and source after a bar. */
  readonly totals: Readonly<Record<string, number>>;
  /** What the tick of that moment publishes, and no other one: the totals then, less those that were published before. */
  readonly mark?: {
    readonly atMs: number;
    readonly from: Readonly<Record<string, number>>;
    readonly to: Readonly<Record<string, number>>;
  };
}

const MOST_RUNS = 8;
const MOST_BOOKS = 6;
const MOST_BAND = 100;
const LONGEST_ID = 80;

export const NO_VITALS: Vitals = {
  runs: [],
  flows: [],
  band: [],
  opened: NOTHING_COUNTED,
  orders: NOTHING_COUNTED,
  rejected: NOTHING_COUNTED,
  closed: {},
  totals: {},
};

/** Columns of events that are read, beside the envelope's and those of the ledger's rows. */
export const VITAL_COLUMNS = [
  'equity',
  'ws_staleness_ms',
  'ws_reconnects',
  'funding_stale',
  'calibration_drift',
  'in_band_flag',
  'kind',
  'amount',
  'amount_usd',
  'emitter_version',
  'account_id',
  'timeframe',
] as const;

/** Takes an event in. The same object where it changes nothing. */
export function foldVitals(vitals: Vitals | undefined, observation: Observation): Vitals {
  const before = vitals ?? NO_VITALS;
  const { stream, fields } = observation;
  if (stream === 'trade_lifecycle') return withTrade(before, observation);
  if (stream === 'order_lifecycle') return withOrder(before, observation);
  // Derived, which no bot said; or nothing that a bot could be asked about.
  if (typeof fields.rev === 'number' || stream === 'pipeline' || stream === 'quarantine') return before;
  const flow = flowOf(observation);
  if (flow !== undefined) return withCashFlow(before, flow);
  const after = stream === 'health' ? withHealth(before, observation) : before;
  return withRun(stream === 'calibration' ? withBand(after, observation) : after, observation);
}

/** Puts the increases since the last minute aside for this tick; a second tick in the same minute changes nothing. */
export function tickVitals(vitals: Vitals, nowMs: number): Vitals {
  const { mark, totals } = vitals;
  if (mark !== undefined && minuteOf(mark.atMs) >= minuteOf(nowMs)) return vitals;
  const from = mark?.to ?? {};
  // A state is written for a change only: a strategy without new trades is not written each minute for this.
  if (mark !== undefined && same(from, totals)) return vitals;
  return { ...vitals, mark: { atMs: nowMs, from, to: totals } };
}

const same = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean =>
  Object.keys({ ...a, ...b }).every((name) => (a[name] ?? 0) === (b[name] ?? 0));

const idOf = ({ eventId }: Observation): string => eventId.slice(0, LONGEST_ID);

const pointOf = (observation: Observation, value: unknown): Point | undefined =>
  typeof value === 'number' && Number.isFinite(value)
    ? { atMs: observation.tsMs, id: idOf(observation), value }
    : undefined;

const added = (vitals: Vitals, by: Readonly<Record<string, number>>): Vitals => {
  const totals: Record<string, number> = { ...vitals.totals };
  for (const [name, value] of Object.entries(by)) if (value !== 0) totals[name] = (totals[name] ?? 0) + value;
  return { ...vitals, totals };
};

function withTrade(vitals: Vitals, observation: Observation): Vitals {
  const trade = tradeOf(observation);
  if (trade === undefined) return vitals;
  const known = vitals.closed[trade.source] ?? [];
  const closed = withClosed(known, trade);
  const after =
    closed === known || sameTrades(closed, known)
      ? vitals
      : { ...vitals, closed: { ...vitals.closed, [trade.source]: closed } };
  if (observation.arrivedMs - trade.openedMs > MOST_AGE_MS) return after; // history, or counted when it was opened
  const opened = countOnce(after.opened, trade.id, trade.openedMs);
  if (opened === undefined) return after;
  return added({ ...after, opened }, { 'bot.trades.total': 1, [`bot.trades.by_source|${trade.source}`]: 1 });
}

const sameTrades = (a: readonly Closed[], b: readonly Closed[]): boolean =>
  a.length === b.length && a.every((one, at) => one.every((part, index) => part === b[at]?.[index]));

function withOrder(vitals: Vitals, observation: Observation): Vitals {
  const order = orderOf(observation);
  if (order === undefined || observation.arrivedMs - order.atMs > MOST_AGE_MS) return vitals;
  const orders = countOnce(vitals.orders, order.id, order.atMs);
  const rejected = order.rejected ? countOnce(vitals.rejected, order.id, order.atMs) : undefined;
  if (orders === undefined && rejected === undefined) return vitals;
  return added(
    { ...vitals, orders: orders ?? vitals.orders, rejected: rejected ?? vitals.rejected },
    { 'bot.orders.total': orders === undefined ? 0 : 1, 'bot.orders.rejected': rejected === undefined ? 0 : 1 },
  );
}

function withCashFlow(vitals: Vitals, flow: Flow): Vitals {
  const flows = withFlow(vitals.flows, flow);
  if (flows === vitals.flows) return vitals;
  const late = (books: RunVitals['equity']): RunVitals['equity'] =>
    Object.fromEntries(Object.entries(books).map(([name, book]) => [name, withLateFlow(book, flow)]));
  return { ...vitals, flows, runs: vitals.runs.map((run) => ({ ...run, equity: late(run.equity) })) };
}

function withHealth(vitals: Vitals, observation: Observation): Vitals {
  const { funding_stale: stale, calibration_drift: drifted } = observation.fields;
  const funding = typeof stale === 'boolean' ? pointOf(observation, stale ? 1 : 0) : undefined;
  const drift = pointOf(observation, drifted);
  const newFunding = funding !== undefined && isNewer(funding, vitals.fundingStale);
  const newDrift = drift !== undefined && isNewer(drift, vitals.drift);
  if (!newFunding && !newDrift) return vitals;
  return { ...vitals, ...(newFunding ? { fundingStale: funding } : {}), ...(newDrift ? { drift } : {}) };
}

function withBand(vitals: Vitals, observation: Observation): Vitals {
  const { in_band_flag: flag } = observation.fields;
  if (typeof flag !== 'boolean') return vitals;
  const id = idOf(observation);
  const { band } = vitals;
  const first = band[0];
  if (band.length >= MOST_BAND && first !== undefined && observation.tsMs < first[1]) return vitals;
  if (band.some(([known, atMs]) => known === id && atMs === observation.tsMs)) return vitals;
  const next = [...band, [id, observation.tsMs, flag ? 1 : 0] as const]
    .sort(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1))
    .slice(-MOST_BAND);
  return { ...vitals, band: next };
}

function withRun(vitals: Vitals, observation: Observation): Vitals {
  const { sessionId: session, tsMs } = observation;
  const known = vitals.runs.find((run) => run.session === session);
  const { run, reconnects } = noticed(known ?? { session, lastMs: tsMs, equity: {} }, { observation, vitals, known });
  if (run === known) return vitals;
  const runs = [...vitals.runs.filter((other) => other !== known), run]
    .sort((a, b) => a.lastMs - b.lastMs || ((a.session ?? '') < (b.session ?? '') ? -1 : 1))
    .slice(-MOST_RUNS);
  const after = { ...vitals, runs };
  return reconnects === 0 ? after : added(after, { 'bot.health.ws_reconnects': reconnects });
}

interface Noticing {
  readonly observation: Observation;
  readonly vitals: Vitals;
  readonly known: RunVitals | undefined;
}

const CONNECTIONS: ReadonlySet<string> = new Set(['health', 'system']);
const EQUITY: ReadonlySet<string> = new Set(['health', 'equity_curve']);

function noticed(run: RunVitals, { observation, vitals, known }: Noticing): { run: RunVitals; reconnects: number } {
  const { stream, fields, tsMs, arrivedMs } = observation;
  const changes: { -readonly [name in keyof RunVitals]?: RunVitals[name] } = {};
  let increase = 0;
  if (tsMs > run.lastMs) changes.lastMs = tsMs;
  if (CONNECTIONS.has(stream)) {
    const staleness = pointOf(observation, fields.ws_staleness_ms);
    if (staleness !== undefined && isNewer(staleness, run.staleness)) changes.staleness = staleness;
    const reconnects = pointOf(observation, fields.ws_reconnects);
    if (reconnects !== undefined && isNewer(reconnects, run.reconnects)) {
      changes.reconnects = reconnects;
      increase = increaseOf(reconnects, run, { vitals, known });
    }
  }
  if (EQUITY.has(stream)) {
    const equity = withBook(run, observation, vitals);
    if (equity !== run.equity) changes.equity = equity;
  }
  if (
    typeof fields.emitter_version === 'string' &&
    typeof fields.seq === 'number' &&
    Number.isSafeInteger(fields.seq)
  ) {
    const numbers = foldNumber(run.numbers, fields.seq, arrivedMs);
    if (numbers !== run.numbers) changes.numbers = numbers;
  }
  if (known !== undefined && Object.keys(changes).length === 0) return { run: known, reconnects: 0 };
  return { run: { ...run, ...changes }, reconnects: increase };
}

/**
 * How much a counter of a process has grown. A fall is a restart within the run: all that it counts since is new. So is
 * all of a run that began after everything heard so far; where one is heard of first, nobody knows since when it counts.
 */
function increaseOf(point: Point, run: RunVitals, { vitals, known }: Pick<Noticing, 'vitals' | 'known'>): number {
  if (run.reconnects !== undefined) {
    const { value } = run.reconnects;
    return point.value >= value ? point.value - value : point.value;
  }
  const began = known === undefined && vitals.runs.length > 0 && vitals.runs.every(({ lastMs }) => lastMs < point.atMs);
  return began ? point.value : 0;
}

function withBook(run: RunVitals, observation: Observation, vitals: Vitals): RunVitals['equity'] {
  const point = pointOf(observation, observation.fields.equity);
  if (point === undefined) return run.equity;
  const { account_id, timeframe } = observation.fields;
  const name = `${text(account_id)}|${text(timeframe)}`;
  const book = run.equity[name];
  // Real money outlives a process: so does its peak. A paper account starts again with its run.
  const before =
    observation.mode === 'live' && book === undefined
      ? vitals.runs.filter((other) => other !== run && other.equity[name] !== undefined).at(-1)?.equity[name]
      : undefined;
  const next = withEquity(book, point, { flows: vitals.flows, before });
  if (next === book) return run.equity;
  if (book === undefined && Object.keys(run.equity).length >= MOST_BOOKS) return run.equity;
  return { ...run.equity, [name]: next };
}

const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, LONGEST_ID) : '');
