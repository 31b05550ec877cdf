import type { JsonObject } from '../../core/transform/json.ts';

// S1's execution sheets name no run. A process starts from an empty account and writes the state of its account into
// every row, so a run is a chain of rows of which each state follows from the one before (real logs: 48 rows of
// processes that ran at the same time fall into 37 chains, which are the 37 runs of the bot's own logs).

/** The paper account after a row: signed position, its average price, PnL realised so far net of fees and impact. */
interface Account {
  readonly qty: number;
  readonly avgPx: number;
  readonly realized: number;
}

interface Fill {
  /** Signed: bought is positive. */
  readonly qty: number;
  readonly price: number;
  /** Fee and impact together, which the account is charged. */
  readonly cost: number;
}

interface Run {
  readonly id: string;
  account: Account;
}

/** The run of a row. */
export interface RunOfRow {
  readonly sessionId: string;
  /** The row is the first of its run, and the account was not empty before it: the beginning is not in the sheet. */
  readonly headless: boolean;
}

const NOTHING: Account = { qty: 0, avgPx: 0, realized: 0 };
/** Agreement of two figures, relative: the bot writes doubles with all their digits. */
const TOLERANCE = 1e-9;
/** Runs that a later row may still continue; the one written to longest ago is given up first. */
const MAX_OPEN_RUNS = 4096;

/**
 * Tells the runs of one sheet apart, row by row from its first. What it says of a row depends on the rows before it
 * alone, so a sheet that grew gives its old rows the runs they had.
 */
export class SheetRuns {
  readonly #fileId: string;
  readonly #maxOpen: number;
  /** Last written last. */
  readonly #open: Run[] = [];

  /**
   * @param fileId - identity of the sheet, which the ids of its runs are made from
   * @param maxOpen - runs that are remembered. @default - 4096
   */
  constructor(fileId: string, maxOpen: number = MAX_OPEN_RUNS) {
    this.#fileId = fileId;
    this.#maxOpen = maxOpen;
  }

  /**
   * The run of an `execution` event made of a row: the one whose account the row's fill takes to the row's account; of
   * several that one which was written to last. @param row - number of the row. @returns undefined where the row does
   * not say its fill and its account
   */
  of(event: JsonObject, row: number): RunOfRow | undefined {
    const fill = fillOf(event);
    const after = accountOf(event);
    if (fill === undefined || after === undefined) return undefined;
    const at = this.#open.findLastIndex(({ account }) => leadsTo(account, fill, after));
    const [known] = at === -1 ? [] : this.#open.splice(at, 1);
    const run = known ?? { id: `sheet-${this.#fileId}-${row}`, account: after };
    run.account = after;
    this.#open.push(run);
    if (this.#open.length > this.#maxOpen) this.#open.shift();
    return { sessionId: run.id, headless: known === undefined && !leadsTo(NOTHING, fill, after) };
  }
}

/** Whether the fill takes one account to the other: average cost, costs charged as they fall due (S1's paper broker). */
function leadsTo(before: Account, { qty, price, cost }: Fill, after: Account): boolean {
  const held = before.qty + qty;
  if (!near(held, after.qty, Math.abs(before.qty) + Math.abs(qty))) return false;
  const closes = before.qty * qty < 0;
  const closed = closes ? Math.min(Math.abs(before.qty), Math.abs(qty)) : 0;
  const gross = closed * (price - before.avgPx) * Math.sign(before.qty);
  const realized = before.realized + gross - cost;
  // Beside the figures themselves the terms they are made of set the scale of what rounding may do.
  const scale = Math.max(Math.abs(before.realized), Math.abs(cost), closed * price);
  if (!near(realized, after.realized, scale)) return false;
  const flat = near(held, 0, Math.abs(before.qty) + Math.abs(qty));
  return flat || near(avgPxAfter(before, { qty, price, cost }, closes), after.avgPx, price);
}

function avgPxAfter(before: Account, { qty, price }: Fill, closes: boolean): number {
  if (closes) return Math.abs(qty) > Math.abs(before.qty) ? price : before.avgPx;
  const total = Math.abs(before.qty) + Math.abs(qty);
  return total === 0 ? before.avgPx : (Math.abs(before.qty) * before.avgPx + Math.abs(qty) * price) / total;
}

const near = (a: number, b: number, scale: number): boolean =>
  Math.abs(a - b) <= TOLERANCE * Math.max(scale, Math.abs(a), Math.abs(b));

function fillOf({ side, qty, price, fee_usd, impact_usd }: JsonObject): Fill | undefined {
  const sign = typeof side === 'string' ? SIGNS[side.toLowerCase()] : undefined;
  const [size, px] = [numberOf(qty), numberOf(price)];
  if (sign === undefined || size === undefined || px === undefined) return undefined;
  return { qty: sign * size, price: px, cost: (numberOf(fee_usd) ?? 0) + (numberOf(impact_usd) ?? 0) };
}

const SIGNS: Readonly<Record<string, number>> = { buy: 1, sell: -1 };

function accountOf({ position_qty, position_avg_px, realized_pnl_cum_usd }: JsonObject): Account | undefined {
  const [qty, realized] = [numberOf(position_qty), numberOf(realized_pnl_cum_usd)];
  // A flat account has no average price.
  return qty === undefined || realized === undefined
    ? undefined
    : { qty, avgPx: numberOf(position_avg_px) ?? 0, realized };
}

/** Cells are text. */
function numberOf(cell: unknown): number | undefined {
  const number = typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : cell;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
