import fc from 'fast-check';
import { type Instrument, LEDGER_DEFAULTS, type LedgerConfig } from '../../../lib/core/lifecycle/types.ts';
import type { LedgerEvent } from '../../support/ledger.ts';

// Histories of trading bots: a plan of few small choices, which fast-check shrinks, and the events that it stands for.

const START_US = Date.UTC(2026, 2, 3, 21, 30) * 1000; // the first midnight comes early
const LONGEST_US = 6.5 * 86_400e6; // within what the ledger remembers of fills and orders
const UNITS = 1_000_000_000_000n;

/** What the bots trade; prices begin here. SOL has a price in dollars only where a history tells it. */
export const MARKETS = [
  { symbol: 'BTCUSDT', price: 85_500, step: 13_000_000_000n },
  { symbol: 'ETH-USDC', price: 3_120, step: 1_000_000_000n },
  { symbol: 'XRP-PERP', price: 2.1, step: UNITS },
  { symbol: 'BTCUSD_PERP', price: 85_000, step: UNITS },
  { symbol: 'AVAXSOL', price: 17.25, step: 250_000_000_000n },
] as const;

/** What is known of the instruments; of BTCUSDT only its name. */
export const INSTRUMENTS: Readonly<Record<string, Partial<Instrument>>> = {
  'ETH-USDC': { kind: 'linear', base: 'ETH', quote: 'USDC', settle: 'USDC', multiplier: 1, lot: 0.001 },
  'XRP-PERP': { kind: 'linear', base: 'XRP', quote: 'USDT', settle: 'USDT', multiplier: 10 },
  BTCUSD_PERP: { kind: 'inverse', base: 'BTC', quote: 'USD', settle: 'BTC', multiplier: 100 },
  AVAXSOL: { kind: 'spot', base: 'AVAX', quote: 'SOL', settle: 'SOL', multiplier: 1 },
  SOLUSDT: { kind: 'spot', base: 'SOL', quote: 'USDT', settle: 'USDT', multiplier: 1 },
};

const STRATEGIES = ['s', 't', null] as const;
const MODES = ['live', 'paper', null] as const;
const VENUES = ['hyperliquid', 'okx', null] as const;
const ACCOUNTS = ['main', 'sub', null] as const;

/** Pauses between two steps, µs: none, within the time that fills wait for their orders, beyond it, days. */
const PAUSES_US = [0, 1, 1_000, 1e6, 4e6, 5e6, 5_000_001, 6e6, 60e6, 3_600e6, 9 * 3_600e6, 30 * 3_600e6] as const;
/** When the order of a fill without a side comes, from the fill, µs. */
const ORDER_OFFSETS_US = [-60e6, -1e6, 0, 1e6, 3e6, 4_999_999, 5e6, 5_000_001, 8e6] as const;
/** When the cost record of a fill comes, from the fill, µs. */
const COST_OFFSETS_US = [-100_000, -1, 0, 13_000, 3e6] as const;

export interface RunPlan {
  readonly strategy: number;
  readonly mode: number;
  readonly venue: number;
  readonly account: number;
  /** Positions are kept per side. */
  readonly hedge: boolean;
}

interface Paced {
  readonly run: number;
  readonly market: number;
  /** Pause before the step, an index of PAUSES_US. */
  readonly pause: number;
  /** How the step stands among those of the same time: counts up, has the same `seq`, or a smaller one. */
  readonly tie: 'up' | 'same' | 'down';
}

export interface FillStep extends Paced {
  readonly kind: 'fill';
  readonly side: 'buy' | 'sell';
  /** Steps of the market; a share of what is held; all of it; all and so many steps more; nearly all; any number of units. */
  readonly qty:
    | { readonly of: 'steps' | 'over' | 'dust'; readonly n: number }
    | { readonly of: 'share'; readonly n: number }
    | { readonly of: 'all' }
    | { readonly of: 'units'; readonly n: bigint };
  /** Last bits by which the quantity is off, as after arithmetic. */
  readonly noise: number;
  /** Thousandths by which the price is off the first. */
  readonly move: number;
  readonly fees: 'usd' | 'stable' | 'coin' | 'record' | 'none';
  /** Thousandths; below 0 a rebate. */
  readonly fee: number;
  readonly impact: 'charged' | 'in_price' | 'modelled' | 'nameless' | 'none';
  readonly costAt: number;
  /** The fill tells its side, or leaves it to its order. */
  readonly told: boolean;
  readonly order: 'none' | 'own' | 'last';
  readonly orderAt: number;
  readonly orderId: 'order_id' | 'client_order_id' | 'venue_order_id';
  readonly numbered: boolean;
  readonly reduceOnly: boolean;
  readonly log: boolean;
  readonly long: boolean;
  readonly signal: boolean;
}

export type Step =
  | FillStep
  | (Paced & { readonly kind: 'repeat'; readonly of: number; readonly onceMore: boolean })
  | (Paced & { readonly kind: 'no clock'; readonly side: 'buy' | 'sell'; readonly n: number; readonly move: number })
  | (Paced & {
      readonly kind: 'no fill';
      readonly what: 'rejected' | 'placed' | 'status' | 'no qty' | 'no price' | 'zero';
    })
  | (Paced & {
      readonly kind: 'flow';
      readonly flow: 'funding' | 'deposit' | 'interest';
      readonly amount: number;
      readonly asset: 'USDT' | 'SOL';
      readonly estimated: boolean;
      readonly numbered: 'no' | 'new' | 'again';
      readonly long: boolean;
    })
  | (Paced & { readonly kind: 'price'; readonly move: number })
  | (Paced & { readonly kind: 'signal'; readonly noSession: boolean })
  | (Paced & { readonly kind: 'end' });

export interface Plan {
  readonly runs: readonly RunPlan[];
  readonly steps: readonly Step[];
  readonly method: 'flat_to_flat' | 'fifo';
  readonly scope: 'default' | 'account' | 'session';
  /** The fills of a day lie in two logs. */
  readonly logs: boolean;
  /** When the books are looked at, hours after the last event. */
  readonly laterH: number;
}

export interface History {
  /** Every event once, as they lie in the lake, in the order they were made. */
  readonly events: readonly LedgerEvent[];
  readonly config: LedgerConfig;
  readonly asOfMs: number;
}

const paced = {
  run: fc.nat(3),
  market: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.nat(MARKETS.length - 1), weight: 2 }),
  pause: fc.nat(PAUSES_US.length - 1),
  tie: fc.constantFrom('up', 'same', 'down'),
} as const;
const side = fc.constantFrom('buy', 'sell');
const mostly = (likely: boolean, weight = 4) =>
  fc.oneof({ arbitrary: fc.constant(likely), weight }, { arbitrary: fc.constant(!likely), weight: 1 });

const quantity = fc.oneof(
  fc.record({ of: fc.constantFrom('steps', 'over', 'dust'), n: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ of: fc.constant('share'), n: fc.integer({ min: 1, max: 9 }) }),
  fc.constant({ of: 'all' }),
  fc.record({ of: fc.constant('units'), n: fc.bigInt({ min: 1_000_000_000n, max: 5_000_000_000_000n }) }),
);

const fillStep = fc.record({
  kind: fc.constant('fill'),
  ...paced,
  side,
  qty: quantity,
  noise: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.integer({ min: -2, max: 2 }), weight: 1 }),
  move: fc.integer({ min: -60, max: 60 }),
  fees: fc.constantFrom('usd', 'stable', 'usd', 'coin', 'record', 'none'),
  fee: fc.integer({ min: -5, max: 900 }),
  impact: fc.constantFrom('none', 'charged', 'in_price', 'modelled', 'nameless'),
  costAt: fc.nat(COST_OFFSETS_US.length - 1),
  told: mostly(true),
  order: fc.constantFrom('none', 'own', 'own', 'last'),
  orderAt: fc.nat(ORDER_OFFSETS_US.length - 1),
  orderId: fc.constantFrom('order_id', 'client_order_id', 'venue_order_id'),
  numbered: fc.boolean(),
  reduceOnly: mostly(false, 12),
  log: fc.boolean(),
  long: fc.boolean(),
  signal: fc.boolean(),
});

const flowStep = fc.record({
  kind: fc.constant('flow'),
  ...paced,
  flow: fc.constantFrom('funding', 'funding', 'funding', 'deposit', 'interest'),
  amount: fc.integer({ min: -500, max: 500 }),
  asset: fc.constantFrom('USDT', 'USDT', 'SOL'),
  estimated: mostly(false),
  numbered: fc.constantFrom('no', 'new', 'again'),
  long: fc.boolean(),
});

const otherStep = fc.oneof(
  fc.record({ kind: fc.constant('repeat'), ...paced, of: fc.nat(9), onceMore: fc.boolean() }),
  fc.record({
    kind: fc.constant('no clock'),
    ...paced,
    side,
    n: fc.integer({ min: 1, max: 5 }),
    move: fc.integer({ min: -60, max: 60 }),
  }),
  fc.record({
    kind: fc.constant('no fill'),
    ...paced,
    what: fc.constantFrom('rejected', 'placed', 'status', 'no qty', 'no price', 'zero'),
  }),
  flowStep,
  flowStep,
  fc.record({ kind: fc.constant('price'), ...paced, move: fc.integer({ min: -60, max: 60 }) }),
  fc.record({ kind: fc.constant('signal'), ...paced, noSession: fc.boolean() }),
  fc.record({ kind: fc.constant('end'), ...paced }),
);

const runPlan = fc.record({
  strategy: fc.constantFrom(0, 0, 0, 1, 2),
  mode: fc.constantFrom(0, 0, 1, 1, 1, 2),
  venue: fc.constantFrom(0, 0, 0, 1, 2),
  account: fc.constantFrom(0, 0, 0, 1, 2),
  hedge: mostly(false),
});

/** Plans of histories: mostly fills, of few runs, so that they meet in one book. */
export const plans = (maxSteps = 24): fc.Arbitrary<Plan> =>
  fc.record({
    runs: fc.array(runPlan, { minLength: 1, maxLength: 4 }),
    steps: fc.array(
      fc.oneof({ arbitrary: fillStep, weight: 2 }, { arbitrary: otherStep, weight: 1 }) as fc.Arbitrary<Step>,
      { minLength: 1, maxLength: maxSteps, size: 'max' },
    ),
    method: fc.constantFrom('flat_to_flat', 'flat_to_flat', 'flat_to_flat', 'fifo'),
    scope: fc.constantFrom('default', 'default', 'account', 'session'),
    logs: mostly(false),
    laterH: fc.constantFrom(0, 10, 23, 25, 100),
  });

/** How the events of a history come in: late, again, in any company, to processes that die. */
export interface ArrivalPlan {
  /** Of each event in turn. */
  readonly arrivals: readonly {
    /** How long after it was sent, an index of DELAYS_MS. */
    readonly delay: number;
    /** The object ends with it. */
    readonly cut: boolean;
    /** It comes once more, so much later; an index of DELAYS_MS. */
    readonly again: number | null;
  }[];
  /** Of each group of objects in turn. */
  readonly deliveries: readonly {
    /** Told with those before it, once more. */
    readonly redelivered: boolean;
    /** Two processes are told at once. */
    readonly race: boolean;
    /** Time is let go by before the next. */
    readonly tick: boolean;
  }[];
  /** Reads and writes, counted from the last death, before which the process dies. */
  readonly deaths: readonly number[];
}

/** At once; within the lateness that is waited for, at its end, beyond it; hours and days. */
const DELAYS_MS = [0, 0, 0, 1_000, 14_000, 16_000, 600_000, 3 * 3_600_000, 60 * 3_600_000] as const;

export const arrivalPlans: fc.Arbitrary<ArrivalPlan> = fc.record({
  arrivals: fc.array(
    fc.record({
      delay: fc.nat(DELAYS_MS.length - 1),
      cut: fc.boolean(),
      again: fc.option(fc.nat(DELAYS_MS.length - 1), { freq: 4 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  deliveries: fc.array(fc.record({ redelivered: mostly(false), race: mostly(false), tick: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  }),
  deaths: fc.array(fc.nat(40), { maxLength: 3 }),
});

/** Objects that are written at one moment. */
export interface Delivery {
  readonly atMs: number;
  readonly events: readonly LedgerEvent[];
}

/** The events as they come in: each at least once, stamped with when it did. */
export function deliveriesOf(events: readonly LedgerEvent[], { arrivals }: ArrivalPlan): Delivery[] {
  const coming = events.flatMap((event, i) => {
    const { delay = 0, cut = false, again = null } = arrivals[i % arrivals.length] ?? {};
    // Nothing comes in before it happened.
    const sentMs = Math.ceil(Math.max(Date.parse(String(event.ingested_at)), Number(event.ts_ms ?? 0)) + 1);
    const atMs = sentMs + (DELAYS_MS[delay] ?? 0);
    return [
      { event, atMs, cut },
      ...(again === null ? [] : [{ event, atMs: atMs + 1 + (DELAYS_MS[again] ?? 0), cut }]),
    ];
  });
  coming.sort((a, b) => a.atMs - b.atMs); // stable: what comes at one moment stays as it was made
  const deliveries: { atMs: number; events: LedgerEvent[] }[] = [];
  let open: LedgerEvent[] = [];
  for (const [i, { event, atMs, cut }] of coming.entries()) {
    open.push({ ...event, ingested_at: formatTs(atMs * 1000) });
    const next = coming[i + 1];
    // Objects are written within seconds.
    if (next !== undefined && !cut && next.atMs - atMs < 5_000 && open.length < 8) continue;
    deliveries.push({ atMs, events: open });
    open = [];
  }
  return deliveries;
}

/** The events that a plan stands for. The same plan gives the same events. */
export function historyOf(plan: Plan): History {
  const bot = new Bots(plan);
  for (const run of plan.runs.keys()) bot.begin(run);
  for (const step of plan.steps) bot.take(step);
  const strategy = {
    tradeMethod: plan.method,
    ...(plan.scope === 'default' ? {} : { scope: plan.scope }),
  };
  return {
    events: bot.events,
    config: {
      ...LEDGER_DEFAULTS,
      instruments: INSTRUMENTS,
      strategies: Object.fromEntries(STRATEGIES.filter((name) => name !== null).map((name) => [name, strategy])),
    },
    asOfMs: Math.ceil(bot.lastUs / 1000) + plan.laterH * 3_600_000 + 123,
  };
}

/** A time of the lake: UTC with six decimals. */
export const formatTs = (us: number): string =>
  `${new Date(Math.floor(us / 1000)).toISOString().slice(0, 23)}${String(us % 1000).padStart(3, '0')}Z`;

class Bots {
  readonly events: LedgerEvent[] = [];
  lastUs = START_US;
  readonly #plan: Plan;
  #us = START_US;
  #seq = 1_000;
  #ids = 0;
  /** What each book holds, more or less: only so that some fills close what is open. */
  readonly #held = new Map<string, bigint>();
  readonly #numbered: { event: LedgerEvent; us: number; recorded: boolean }[] = [];
  readonly #flows: LedgerEvent[] = [];
  /** What each run traded last. */
  readonly #traded = new Map<number, LedgerEvent>();
  readonly #lastOrder = new Map<string, LedgerEvent>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Every run says at least once that it lives. */
  begin(run: number): void {
    this.#emit('system', run, this.#us, { event: 'transport_opened' });
  }

  take(step: Step): void {
    const pause = PAUSES_US[step.pause] ?? 0;
    if (this.#us + pause - START_US < LONGEST_US) this.#us += pause;
    if (step.tie === 'up') this.#seq += 3;
    if (step.tie === 'down') this.#seq -= 1;
    const run = step.run % this.#plan.runs.length;
    switch (step.kind) {
      case 'fill':
        this.#fill(run, step);
        break;
      case 'repeat':
        this.#repeat(run, step);
        break;
      case 'no clock':
        this.#noClock(run, step);
        break;
      case 'no fill':
        this.#noFill(run, step);
        break;
      case 'flow':
        this.#flow(run, step);
        break;
      case 'price': {
        const price = 150 * (1 + step.move / 1000);
        this.#emit('market', run, this.#us, {
          symbol: 'SOLUSDT',
          ...{ bid: price, ask: price, mid: price, mark_px: price, last: price },
        });
        break;
      }
      case 'signal':
        this.#emit('signals', run, this.#us, {
          symbol: marketOf(step).symbol,
          direction: 1,
          ...(step.noSession ? { session_id: null } : {}),
        });
        break;
      case 'end':
        this.#emit('system', run, this.#us, { event: 'session_end' });
        break;
    }
  }

  #fill(run: number, step: FillStep): void {
    const { symbol, price: base, step: unit } = marketOf(step);
    const hedge = this.#plan.runs[run]?.hedge === true;
    const positionSide = hedge ? { position_side: step.long ? 'long' : 'short' } : {};
    const book = JSON.stringify([run, symbol, positionSide]);
    const held = this.#held.get(book) ?? 0n;
    const size = held < 0n ? -held : held;
    const [units, towards] = unitsOf(step, { size, unit });
    // The book of one side opens on it, save for a few whose opening nobody saw.
    const opens = hedge && step.move % 5 !== 0 ? (step.long ? 'buy' : 'sell') : step.side;
    const sideOf = held === 0n ? opens : towards === 'close' ? (held > 0n ? 'sell' : 'buy') : step.side;
    this.#traded.set(run, { symbol, ...positionSide });
    this.#held.set(book, held + (sideOf === 'buy' ? units : -units));

    const last = this.#lastOrder.get(book);
    const reused = step.order === 'last' && last !== undefined && last.side === sideOf && !this.#plan.logs;
    const orderId = `o${this.#ids + 1}`;
    const order = reused ? last : { [step.orderId]: orderId, side: sideOf };
    const hasOrder = step.order !== 'none' || !step.told || step.fees === 'record';
    const { side: _, ...ids } = hasOrder ? order : { side: sideOf };
    if (hasOrder && !reused) {
      const at = this.#us + (ORDER_OFFSETS_US[step.orderAt] ?? 0);
      this.#emit('order', run, at, { symbol, ...positionSide, ...ids, side: sideOf, qty: 1, status: 'submitted' });
    }
    const recorded = step.fees === 'record' && !reused && !this.#plan.logs;
    if (hasOrder && !reused && !recorded) this.#lastOrder.set(book, order);
    const price = base * (1 + step.move / 1000) * (step.move % 3 === 0 ? 1 : 1.000_012_3);
    const impact = this.#plan.logs ? {} : impactOf(step);
    this.#emit('execution', run, this.#us, {
      symbol,
      ...positionSide,
      ...ids,
      side: step.told ? sideOf : null,
      qty: noisy(Number(units) / 1e12, step.noise),
      price,
      result: 'filled',
      ...(step.reduceOnly ? { reduce_only: true } : {}),
      ...(recorded ? {} : { ...(this.#plan.logs ? { fee_usd: step.fee / 1000 } : feeOf(step)), ...impact }),
      ...(step.numbered && !this.#plan.logs ? { venue_fill_id: `v${this.#ids}` } : {}),
      ...(this.#plan.logs && step.log ? { source_log: 'execution_log' } : {}),
    });
    const made = this.events.at(-1);
    if (made?.venue_fill_id !== undefined) this.#numbered.push({ event: made, us: this.#us, recorded });
    if (recorded) {
      const at = this.#us + (COST_OFFSETS_US[step.costAt] ?? 0);
      this.#emit('costs', run, at, { symbol, ...ids, fee_usd: step.fee / 1000, ...impact });
    }
    if (step.signal) {
      this.#emit('signals', run, this.#us - 250_000, { symbol, direction: sideOf === 'buy' ? 1 : -1, alpha: 0.1 });
    }
  }

  /** The venue's fill once more: from the same run or another of the strategy, at once or when the venue is asked again. */
  #repeat(run: number, { of, onceMore }: Step & { kind: 'repeat' }): void {
    const found = this.#numbered[of % Math.max(1, this.#numbered.length)];
    if (found === undefined) return;
    const { event_id, seq, ts, ts_ms, ts_source, ingested_at, stream, schema_version, ...fields } = found.event;
    const other = this.#plan.runs[run];
    const same =
      nameOf(STRATEGIES, other?.strategy) === fields.strategy_id && nameOf(MODES, other?.mode) === fields.mode;
    // A cost record is looked for about its fill.
    this.#emit('execution', run, onceMore && !found.recorded ? this.#us : found.us, {
      ...fields,
      // Of ids that a bot gave, only its own session can tell what they stand for.
      ...(same && fields.order_id == null && fields.client_order_id == null && fields.venue_order_id == null
        ? { session_id: `run-${run}` }
        : {}),
    });
  }

  #noClock(run: number, step: Step & { kind: 'no clock' }): void {
    const { symbol, price, step: unit } = marketOf(step);
    this.#emit('execution', run, this.#us, {
      symbol,
      ...{ ts: null, ts_ms: null, ts_source: 'none' },
      side: step.side,
      qty: (Number(unit) / 1e12) * step.n,
      price: price * (1 + step.move / 1000),
      fee_usd: 0.25,
    });
  }

  #noFill(run: number, step: Step & { kind: 'no fill' }): void {
    if (this.#plan.logs) return;
    const whole = { side: 'buy', qty: 1, price: 100, result: 'filled' };
    this.#emit('execution', run, this.#us, {
      symbol: marketOf(step).symbol,
      ...(step.what === 'no qty' ? { ...whole, qty: null } : {}),
      ...(step.what === 'zero' ? { ...whole, qty: 0 } : {}),
      ...(step.what === 'no price' ? { ...whole, price: null } : {}),
      ...(step.what === 'status' ? { ...whole, status: 'rejected' } : {}),
      ...(step.what === 'rejected' || step.what === 'placed' ? { ...whole, result: step.what } : {}),
      order_id: `n${this.#ids}`,
    });
  }

  #flow(run: number, step: Step & { kind: 'flow' }): void {
    const again = this.#flows.at(-1);
    if (step.numbered === 'again' && again !== undefined) {
      const { event_id, seq, ts, ts_ms, ts_source, ingested_at, stream, schema_version, ...fields } = again;
      this.#emit('cash_flow', run, this.#us, fields);
      return;
    }
    const hedge = this.#plan.runs[run]?.hedge === true;
    const side = hedge ? { position_side: step.long ? 'long' : 'short' } : {};
    const about = (step.market === 0 ? this.#traded.get(run) : undefined) ?? { symbol: marketOf(step).symbol, ...side };
    const amount = (step.amount || 1) / 100;
    this.#emit('cash_flow', run, this.#us, {
      ...(step.flow === 'funding' ? about : {}),
      kind: step.flow,
      asset: step.asset,
      amount,
      ...(step.asset === 'USDT' && step.long ? { amount_usd: amount } : {}),
      ...(step.estimated ? { is_estimated: true } : {}),
      ...(step.numbered === 'no' ? {} : { venue_flow_id: `f${this.#ids}` }),
    });
    const made = this.events.at(-1);
    if (made?.venue_flow_id !== undefined) this.#flows.push(made);
  }

  #emit(stream: string, run: number, us: number, fields: LedgerEvent): void {
    const plan = this.#plan.runs[run];
    if (plan === undefined) return;
    const n = ++this.#ids;
    this.lastUs = Math.max(this.lastUs, us);
    const ts = formatTs(us);
    this.events.push({
      event_id: `${'0123456789abcdef'[(n * 7) % 16]}${n}`, // its order says nothing of the order in which it was made
      stream,
      schema_version: 1,
      ts,
      ts_ms: Math.floor(us / 1000),
      ts_source: 'ts',
      seq: this.#seq,
      ingested_at: formatTs(this.#us),
      dialect: 'canonical',
      strategy_id: nameOf(STRATEGIES, plan.strategy),
      session_id: `run-${run}`,
      venue: nameOf(VENUES, plan.venue),
      account_id: nameOf(ACCOUNTS, plan.account),
      mode: nameOf(MODES, plan.mode),
      ...fields,
    });
  }
}

const nameOf = (names: readonly (string | null)[], index = 0): string | null => names[index] ?? null;

const marketOf = ({ market }: Paced) => MARKETS[market] ?? MARKETS[0];

function unitsOf({ qty }: FillStep, { size, unit }: { size: bigint; unit: bigint }): [bigint, 'close' | 'any'] {
  switch (qty.of) {
    case 'units':
      return [qty.n < unit ? qty.n + unit : qty.n, 'any'];
    case 'steps':
      return [unit * BigInt(qty.n), 'any'];
    case 'all':
      return [size === 0n ? unit : size, 'close'];
    case 'over':
      return [size + unit * BigInt(qty.n), 'close'];
    case 'share':
      return [(size * BigInt(qty.n)) / 10n || unit, 'close'];
    case 'dust': // a trillionth and more is left over, or too much
      return [size < 1_000_000n ? unit : size + BigInt(qty.n - 4), 'close'];
  }
}

const feeOf = ({ fees, fee }: FillStep): LedgerEvent =>
  fees === 'usd'
    ? { fee_usd: fee / 1000 }
    : fees === 'stable'
      ? { fee: fee / 1000, fee_asset: 'USDT' }
      : fees === 'coin'
        ? { fee: (fee || 1) / 100_000, fee_asset: 'SOL' }
        : {};

const impactOf = ({ impact, fee }: FillStep): LedgerEvent =>
  impact === 'none'
    ? {}
    : { impact_usd: Math.abs(fee) / 250, ...(impact === 'nameless' ? {} : { impact_basis: impact }) };

/** The double so many steps beside: what arithmetic leaves. */
function noisy(value: number, steps: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(steps));
  return view.getFloat64(0);
}
