import { type Account, book, FLAT, unrealizedUsd } from './account.ts';
import type { Bar } from './market.ts';
import type { Random } from './random.ts';
import type { Spell } from './spells.ts';
import { stackerLogs } from './stacker-logs.ts';
import { featuresOf, type Thought, think } from './stacker-model.ts';
import type { LogLine } from './stacker-pen.ts';

/** Guards by name; true means that the guard let the intent pass. */
export type Guards = Readonly<Record<string, boolean>>;

export interface Trade {
  readonly side: 'BUY' | 'SELL';
  readonly qty: number;
  readonly price: number;
  readonly notionalUsd: number;
  readonly feeUsd: number;
  readonly impactUsd: number;
  /** Tries that the venue refused before it took the order. */
  readonly rejections: number;
}

/** All that the bot knows when it writes its logs for one bar. */
export interface Moment {
  readonly bar: Bar;
  /** Loop counter of the process. */
  readonly count: number;
  readonly thought: Thought;
  readonly guards: Guards;
  /** Position aimed at, as a share of the largest. */
  readonly target: number;
  readonly trade: Trade | undefined;
  readonly account: Account;
  readonly equity: number;
  readonly peak: number;
  readonly feesUsd: number;
  readonly impactUsd: number;
  readonly maxDrawdown: number;
  readonly funding: { readonly stale: boolean };
  readonly socket: { readonly stalenessMs: number; readonly reconnects: number; readonly drops: number };
}

export const START_USD = 10_000;
const LARGEST_USD = 3_000;
const SMALLEST_USD = 600; // a smaller change is not worth its fee
export const FEE_BPS = 1;
const IMPACT_K = 0.5;
const ENTER = 0.45;
const MOST_BARS = 30; // a position is left at the latest after them
const MOST_SPREAD_BPS = 5;
const MEMORY = 64;

/**
 * The bot of the first family: a stack of models on five-second bars, wrapped and flat logs. Its account is charged fee
 * and impact at once and opens every run flat with 10,000 USD.
 */
export class Stacker {
  readonly #random: Random;
  readonly #write: ReturnType<typeof stackerLogs>;
  #closes: number[] = [];
  #account = FLAT;
  #count = 0;
  #heldBars = 0;
  #peak = START_USD;
  #maxDrawdown = 0;
  #feesUsd = 0;
  #impactUsd = 0;
  #socket = { stalenessMs: 120, reconnects: 0, drops: 0 };

  constructor(random: Random, runId: string) {
    this.#random = random;
    this.#write = stackerLogs(random, runId);
  }

  /** What it writes at the end of a bar. */
  onBar(bar: Bar, spell: Spell | undefined): LogLine[] {
    this.#closes = [...this.#closes.slice(1 - MEMORY), bar.close];
    this.#listen(spell);
    const thought = think(featuresOf(this.#closes, this.#random), this.#random);
    const guards = this.#guardsOf(thought, bar);
    const target = this.#targetOf(thought, guards);
    const trade = this.#trade(target, bar, spell);
    const equity = START_USD + this.#account.realizedUsd + unrealizedUsd(this.#account, bar.close);
    this.#peak = Math.max(this.#peak, equity);
    this.#maxDrawdown = Math.max(this.#maxDrawdown, 1 - equity / this.#peak);
    return this.#write(
      {
        bar,
        count: this.#count++,
        thought,
        guards,
        target,
        trade,
        account: this.#account,
        equity,
        peak: this.#peak,
        feesUsd: this.#feesUsd,
        impactUsd: this.#impactUsd,
        maxDrawdown: this.#maxDrawdown,
        funding: { stale: spell === 'funding_stale' },
        socket: { ...this.#socket },
      },
      spell,
    );
  }

  #listen(spell: Spell | undefined): void {
    if (spell !== 'ws_stale') this.#socket.stalenessMs = this.#random.between(40, 400);
    else {
      if (this.#socket.stalenessMs < 1_000 || this.#random.chance(0.1)) this.#socket.reconnects++;
      this.#socket.stalenessMs += 5_000;
      this.#socket.drops += this.#random.whole(0, 3);
    }
  }

  #guardsOf({ sModel, inBand, features }: Thought, { spreadBps, volume }: Bar): Guards {
    return {
      threshold: Math.abs(sModel) >= ENTER,
      band: !inBand,
      spread_guard: spreadBps <= MOST_SPREAD_BPS,
      volatility_ok: features.volatility > 0 && features.volatility < 0.002,
      liquidity_ok: volume > 1,
      risk_ok: this.#socket.stalenessMs < 5_000,
    };
  }

  /** Share of the largest position: the signal where all guards pass, flat where the position is old or contradicted, else as it is. */
  #targetOf({ sModel }: Thought, guards: Guards): number {
    const now = Math.sign(this.#account.qty);
    if (Object.values(guards).every((passed) => passed)) return sModel;
    const leave = now !== 0 && guards.risk_ok === true && (this.#heldBars >= MOST_BARS || sModel * now < -0.1);
    return leave ? 0 : Number.NaN; // NaN: no opinion
  }

  #trade(target: number, bar: Bar, spell: Spell | undefined): Trade | undefined {
    this.#heldBars = this.#account.qty === 0 ? 0 : this.#heldBars + 1;
    if (Number.isNaN(target)) return undefined;
    const wanted = (target * LARGEST_USD) / bar.close - this.#account.qty;
    if (target !== 0 && Math.abs(wanted) * bar.close < SMALLEST_USD) return undefined;
    if (wanted === 0) return undefined;
    const direction = Math.sign(wanted);
    const qty = Number(Math.abs(wanted).toFixed(6));
    const slipBps = bar.spreadBps / 2 + this.#random.between(0, 1);
    const price = bar.close * (1 + (direction * slipBps) / 1e4);
    const notionalUsd = qty * price;
    const feeUsd = (notionalUsd * FEE_BPS) / 1e4;
    const impactUsd = IMPACT_K * qty ** 2 * price * 1e-3;
    const side = direction > 0 ? 'BUY' : 'SELL';
    const turns = Math.sign(this.#account.qty) !== Math.sign(this.#account.qty + direction * qty);
    this.#account = book(this.#account, {
      side: side === 'BUY' ? 'buy' : 'sell',
      qty,
      price,
      chargedUsd: feeUsd + impactUsd,
    });
    if (turns) this.#heldBars = 0;
    this.#feesUsd += feeUsd;
    this.#impactUsd += impactUsd;
    return {
      side,
      qty,
      price,
      notionalUsd,
      feeUsd,
      impactUsd,
      rejections: spell === 'rejections' ? this.#random.whole(1, 3) : 0,
    };
  }
}
