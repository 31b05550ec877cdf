import { type Account, book, FLAT, unrealizedUsd } from './account.ts';
import * as events from './crossover-events.ts';
import { SessionPen, STRATEGY } from './crossover-pen.ts';
import type { Bar } from './market.ts';
import type { Random } from './random.ts';
import type { Spell } from './spells.ts';

export interface Intent {
  readonly id: string;
  readonly side: 'buy' | 'sell';
  readonly qty: number;
  /** Price the decision was made at. */
  readonly price: number;
  /** Averages that made it. */
  readonly fast: number;
  readonly slow: number;
  /** Time from the cycle's start to the decision, in ms. */
  readonly decidedMs: number;
}

export interface Order {
  readonly clientId: string;
  readonly intent: Intent;
  readonly limitPx: number;
  readonly sentMs: number;
}

const START_USD = 25_000;
const [FAST, SLOW] = [4, 16];
const STEP = 0.1; // ETH
const MOST = 0.5; // ETH
const FEE_BPS = 2;
const LEAST_NOTIONAL_USD = 200;
const MOST_SPREAD_BPS = 5;
const MOST_STALE_MS = 10_000;
const FUNDING_CYCLES = 48;
const HEARTBEAT_CYCLES = 6;
const SYSTEM_CYCLES = 12;

/** The bot of the second family: leans against the distance of two averages, in steps of a tenth of an ether. */
export class Crossover {
  readonly #random: Random;
  readonly #pen: SessionPen;
  #closes: number[] = [];
  #account: Account = FLAT;
  #cycle = 0;
  #orders = 0;
  #reconnects = 0;
  #staleMs = 100;

  constructor(random: Random, sessionId: string) {
    this.#random = random;
    this.#pen = new SessionPen(random, sessionId);
  }

  /** What it sends in one cycle, which begins at `nowMs`. */
  onCycle(nowMs: number, bar: Bar, spell: Spell | undefined): string[] {
    const pen = this.#pen;
    pen.begin(nowMs);
    this.#closes = [...this.#closes.slice(1 - SLOW), bar.close];
    if (this.#cycle === 0) events.started(pen, START_USD);
    this.#listen(spell);
    events.surroundings(pen, bar, this.#cycle);
    if (spell === 'errors') events.crash(pen, this.#random);
    const intent = spell === 'ws_stale' ? undefined : this.#decide(bar);
    if (intent !== undefined && this.#passes(intent, bar)) this.#place(intent, bar, spell === 'rejections');
    if (this.#cycle % FUNDING_CYCLES === FUNDING_CYCLES - 1) events.funding(pen, bar, this.#account.qty);
    if (this.#cycle % HEARTBEAT_CYCLES === 0) events.heartbeat(pen, this.#health(bar.close, 'beat'));
    if (this.#cycle % SYSTEM_CYCLES === 0) events.machine(pen, this.#random);
    this.#cycle++;
    return pen.take();
  }

  /** The last words of the session. */
  end(nowMs: number): string[] {
    this.#pen.begin(nowMs);
    events.heartbeat(this.#pen, this.#health(this.#closes.at(-1) ?? 0, 'stop'));
    return this.#pen.take();
  }

  #health(mid: number, phase: 'beat' | 'stop'): events.Health {
    const equity = START_USD + this.#account.realizedUsd + unrealizedUsd(this.#account, mid);
    return { phase, equity, stalenessMs: this.#staleMs, reconnects: this.#reconnects, beat: this.#cycle };
  }

  #listen(spell: Spell | undefined): void {
    if (spell !== 'ws_stale') {
      this.#staleMs = this.#random.whole(20, 250);
      return;
    }
    this.#staleMs += 5_000;
    if (this.#staleMs > MOST_STALE_MS && !this.#random.chance(0.3)) return;
    this.#reconnects++;
    events.reconnect(this.#pen, this.#staleMs, this.#reconnects);
  }

  /** The position wanted is the distance of the averages, leant against and rounded to steps. */
  #decide({ close }: Bar): Intent | undefined {
    if (this.#closes.length < SLOW) return undefined;
    const [fast, slow] = [mean(this.#closes.slice(-FAST)), mean(this.#closes)];
    const noise = this.#random.normal();
    const wanted = (Math.round(2 * ((-(fast / slow - 1) * 1e4) / 4 + noise / 3)) / 2) * STEP;
    const change = Math.max(-MOST, Math.min(MOST, wanted)) - this.#account.qty;
    if (Math.abs(change) < STEP / 3) return undefined;
    const decidedMs = this.#pen.pass(20, 70);
    const intent: Intent = {
      id: `intent_${this.#random.hex(24)}`,
      side: change > 0 ? 'buy' : 'sell',
      qty: Number(Math.abs(change).toFixed(4)),
      price: close,
      fast,
      slow,
      decidedMs,
    };
    this.#pen.event('intent', {
      side: intent.side,
      quantity: intent.qty,
      current_price: close,
      strategy_key: STRATEGY,
      intent_id: intent.id,
    });
    events.explain(this.#pen, intent);
    return intent;
  }

  /** Asks the gates in turn; the first that blocks ends it. Two gates speak the pipeline's vocabulary, one that of the fixtures. */
  #passes(intent: Intent, { spreadBps }: Bar): boolean {
    const notional = intent.qty * intent.price;
    return (
      this.#gate(intent, {
        name: 'MinNotionalGate',
        value: notional,
        passed: notional >= LEAST_NOTIONAL_USD,
        limit: LEAST_NOTIONAL_USD,
      }) &&
      this.#spreadGate(intent, spreadBps) &&
      this.#gate(intent, {
        name: 'FreshDataGate',
        value: this.#staleMs,
        passed: this.#staleMs <= MOST_STALE_MS,
        limit: MOST_STALE_MS,
      })
    );
  }

  #gate(
    { id }: Intent,
    { name, passed, value, limit }: { name: string; passed: boolean; value: number; limit: number },
  ): boolean {
    const reason = passed ? 'within limit' : `${Math.round(value)} is beyond ${limit}`;
    this.#pen.event('gate', { gate_name: name, passed, reason, value, limit, intent_id: id });
    return passed;
  }

  #spreadGate({ id }: Intent, spreadBps: number): boolean {
    const passed = spreadBps <= MOST_SPREAD_BPS;
    const decision = passed ? 'ALLOW' : 'BLOCK';
    this.#pen.event('gate', {
      gate: 'SpreadGate',
      decision,
      reason: `spread ${spreadBps.toFixed(1)} bps`,
      intent_id: id,
    });
    return passed;
  }

  #place(intent: Intent, bar: Bar, refused: boolean): void {
    const direction = intent.side === 'buy' ? 1 : -1;
    const riskMs = this.#pen.pass(1, 4);
    const order: Order = {
      clientId: `ord_${String(++this.#orders).padStart(5, '0')}`,
      intent,
      limitPx: Number((bar.close * (1 + (direction * 4) / 1e4)).toFixed(2)),
      sentMs: this.#pen.nowMs,
    };
    this.#pen.event('order', {
      client_id: order.clientId,
      intent_id: intent.id,
      side: intent.side,
      quantity: intent.qty,
      order_type: 'limit',
      limit_price: order.limitPx,
    });
    const wireMs = this.#pen.pass(30, 120);
    if (refused) {
      events.rejected(this.#pen, order, this.#random);
      return;
    }
    events.acknowledged(this.#pen, order);
    this.#fill(order, bar);
    events.latency(this.#pen, order, { riskMs, wireMs });
  }

  /** In one or two parts, at or inside the limit. */
  #fill(order: Order, bar: Bar): void {
    const { intent } = order;
    const direction = intent.side === 'buy' ? 1 : -1;
    const parts =
      intent.qty > STEP && this.#random.chance(0.4) ? [STEP, Number((intent.qty - STEP).toFixed(4))] : [intent.qty];
    for (const [index, qty] of parts.entries()) {
      this.#pen.pass(15, 90);
      const slipBps = bar.spreadBps / 2 + this.#random.between(0, 1);
      const price = Number((bar.close * (1 + (direction * slipBps) / 1e4)).toFixed(2));
      const feeUsd = (qty * price * FEE_BPS) / 1e4;
      this.#account = book(this.#account, { side: intent.side, qty, price, chargedUsd: feeUsd });
      this.#pen.event('fill', {
        client_id: order.clientId,
        intent_id: intent.id,
        side: intent.side,
        filled_quantity: qty,
        fill_price: price,
        fill_notional: qty * price,
        fill_fee: feeUsd,
        fill_fee_currency: 'USD',
        trade_id: `${order.clientId}-${index + 1}`,
        liquidity: 'taker',
      });
    }
    events.filled(this.#pen, order);
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
