import type { Observation } from '../alerts/types.ts';

// Equity of one run and account, and how far it lies below its peak, net of deposits and withdrawals.

/** A figure and the event that said it; the newest counts, of two at one moment that of the larger id. */
export interface Point {
  readonly atMs: number;
  readonly id: string;
  readonly value: number;
}

/** Equity of one account in one run. JSON. */
export interface EquityBook {
  readonly newest: Point;
  /** Highest equity less the flows until then, and when. */
  readonly peakNet: number;
  readonly peakMs: number;
}

/** A deposit (positive) or a withdrawal. */
export type Flow = readonly [id: string, atMs: number, amount: number];

const MOST_FLOWS = 64;
const FLOWS: ReadonlySet<unknown> = new Set(['deposit', 'withdrawal']);

export const isNewer = (point: Point, known: Point | undefined): boolean =>
  known === undefined || point.atMs > known.atMs || (point.atMs === known.atMs && point.id > known.id);

/** The flow an event tells of; funding, rebates and interest are earnings, and none. */
export function flowOf({ stream, eventId, tsMs, fields }: Observation): Flow | undefined {
  if (stream !== 'cash_flow' || !FLOWS.has(fields.kind)) return undefined;
  const amount = typeof fields.amount_usd === 'number' ? fields.amount_usd : fields.amount;
  if (typeof amount !== 'number' || !Number.isFinite(amount) || amount === 0) return undefined;
  return [eventId.slice(0, 80), tsMs, fields.kind === 'withdrawal' ? -Math.abs(amount) : Math.abs(amount)];
}

/** Adds a flow once. The same list where it is there already, or is older than all that are kept. */
export function withFlow(flows: readonly Flow[], flow: Flow): readonly Flow[] {
  const [id, atMs] = flow;
  if (flows.some(([known]) => known === id)) return flows;
  const first = flows[0];
  if (flows.length >= MOST_FLOWS && first !== undefined && atMs <= first[1]) return flows;
  return [...flows, flow].sort(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1)).slice(-MOST_FLOWS);
}

const flowsUntil = (flows: readonly Flow[], atMs: number): number =>
  flows.reduce((sum, [, flowMs, amount]) => (flowMs <= atMs ? sum + amount : sum), 0);

/** Takes a newer equity in. `before`: the book of an earlier run of the account, whose peak still counts. */
export function withEquity(
  book: EquityBook | undefined,
  point: Point,
  { flows, before }: { readonly flows: readonly Flow[]; readonly before?: EquityBook | undefined },
): EquityBook {
  if (book !== undefined && !isNewer(point, book.newest)) return book;
  const net = point.value - flowsUntil(flows, point.atMs);
  const known = book ?? before;
  if (known !== undefined && known.peakNet >= net)
    return { newest: point, peakNet: known.peakNet, peakMs: known.peakMs };
  return { newest: point, peakNet: net, peakMs: point.atMs };
}

/** A flow that comes in after the equity that held it already: what was taken for a gain was a deposit. */
export const withLateFlow = (book: EquityBook, [, atMs, amount]: Flow): EquityBook =>
  atMs <= book.peakMs ? { ...book, peakNet: book.peakNet - amount } : book;

/** Fraction ≥ 0 of the peak, both net of flows; undefined where the peak is none. */
export function drawdownOf({ newest, peakNet }: EquityBook, flows: readonly Flow[]): number | undefined {
  const flowed = flowsUntil(flows, newest.atMs);
  const peak = peakNet + flowed;
  return peak > 0 ? Math.max(0, (peak - newest.value) / peak) : undefined;
}
