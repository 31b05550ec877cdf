import {
  type Attribution,
  attributionOf,
  type Cost,
  costOf,
  type Intent,
  intentOf,
  type Order,
  orderIdsOf,
  orderOf,
  type Signal,
  type Stages,
  signalOf,
  stagesOf,
} from './contexts.ts';
import { SEPARATOR } from './fill.ts';
import {
  agree,
  chosen,
  consider,
  type Joined,
  nothingFound,
  SAME_RUN_BACK_US,
  SAME_RUN_CONFIDENCE,
  sameNotional,
  type Tie,
  together,
} from './match.ts';
import { SurroundingRecords, type Surroundings } from './surroundings.ts';
import type { Input, InputOf, Place, Scope } from './types.ts';
import { Memory, Window } from './windows.ts';

/** A fill is decided once everything up to so long after it is there: real bots write the decision up to 67 ms after its fill. */
export const JOIN_AHEAD_US = 5_000_000;

/** Names of orders that are remembered although everything of them filled: a venue may fill a little more. */
const MOST_FILLED = 4_000;
/** How long an id is remembered that no order event ties to its fills. */
const ID_US = 3_600_000_000;

/** What a fill is joined by. */
export interface FillTies extends Tie {
  readonly side: 'buy' | 'sell';
  readonly notional: number;
  /** Fills of one order share their context; a fill without an order stands for itself. */
  readonly unit: string;
  readonly orderIds: readonly string[];
  readonly decisionId: string | null;
  readonly intentId: string | null;
}

interface Commit {
  readonly git: string | null;
  readonly model: string | null;
}

export interface ContextsOptions {
  readonly mode: string | null;
  readonly scope: Scope;
  readonly memoryUs: number;
}

/** Records that explain fills, as of any moment of the last while. */
export class Contexts {
  readonly #mode: string | null;
  readonly #scope: Scope;
  readonly #signals: Window<Signal>;
  readonly #intents: Window<Intent>;
  readonly #costs: Window<Cost>;
  readonly #attributions: Window<Attribution>;
  readonly #stages: Window<Tie & { decisionId: string | null; stages: Stages }>;
  readonly #orders: Memory<Order>;
  /** Orders of which everything filled, for what is still said of them; and how much of the others did. */
  readonly #filledOrders: Memory<Order>;
  readonly #filled: Memory<number>;
  readonly #signalByDecision: Memory<Signal>;
  readonly #intentById: Memory<Intent>;
  readonly #intentByDecision: Memory<Intent>;
  readonly #costsByOrder: Memory<Cost[]>;
  /** Which order or fill took a record: none is used twice. */
  readonly #used: Memory<string>;
  readonly #surroundings: SurroundingRecords;
  readonly #commits: Memory<Commit>;

  constructor({ mode, scope, memoryUs }: ContextsOptions, saved?: SavedContexts) {
    const keep = SAME_RUN_BACK_US + JOIN_AHEAD_US;
    this.#mode = mode;
    this.#scope = scope;
    this.#signals = new Window(keep, saved?.signals);
    this.#intents = new Window(keep, saved?.intents);
    this.#costs = new Window(keep, saved?.costs);
    this.#attributions = new Window(keep, saved?.attributions);
    this.#stages = new Window(keep, saved?.stages);
    this.#orders = new Memory(memoryUs, saved?.orders);
    this.#filledOrders = new Memory(memoryUs, saved?.filledOrders, MOST_FILLED);
    this.#filled = new Memory(memoryUs, saved?.filled);
    this.#signalByDecision = new Memory(ID_US, saved?.signalByDecision);
    this.#intentById = new Memory(ID_US, saved?.intentById);
    this.#intentByDecision = new Memory(ID_US, saved?.intentByDecision);
    this.#costsByOrder = new Memory(ID_US, saved?.costsByOrder);
    this.#used = new Memory(keep, saved?.used);
    this.#surroundings = new SurroundingRecords(saved?.surroundings);
    this.#commits = new Memory(memoryUs, saved?.commits);
  }

  /** Takes a record in; in place order. */
  note(input: Input): void {
    if (input.stream === 'signals') this.#noteSignal(signalOf(input));
    else if (input.stream === 'order_intent') this.#noteIntent(intentOf(input), input);
    else if (input.stream === 'order') this.#noteOrder(input);
    else if (input.stream === 'costs') this.#noteCosts(input);
    else if (input.stream === 'latency') this.#noteStages(input);
    else if (input.stream === 'repro') this.#noteCommit(input);
    else this.#surroundings.note(input);
  }

  /** The order of a fill, by any of its names. */
  orderOf(ids: readonly string[], session: string | null, us: number): Order | undefined {
    for (const id of ids) {
      const found = this.#named(this.#orders, id, session, us) ?? this.#named(this.#filledOrders, id, session, us);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Notes that a fill was applied: an order of which everything filled is not kept as long as one that waits. */
  filled(ids: readonly string[], { session, us }: { session: string | null; us: number }, qty: number): void {
    const order = this.orderOf(ids, session, us);
    const first = order?.names[0];
    if (order === undefined || first === undefined || order.qty === null) return;
    const key = this.#nameOf(first, session);
    const filled = (this.#filled.get(key, us) ?? 0) + qty;
    if (filled < order.qty * (1 - 1e-9)) {
      this.#filled.set(key, us, filled);
      return;
    }
    this.#filled.delete(key);
    for (const id of order.names) {
      const name = this.#nameOf(id, session);
      this.#orders.delete(name);
      this.#filledOrders.set(name, us, order);
    }
  }

  /** The signal that a fill traded. */
  signal(fill: FillTies): Joined<Signal> | undefined {
    const named =
      fill.decisionId === null
        ? undefined
        : this.#named(this.#signalByDecision, fill.decisionId, fill.session, fill.us);
    if (named !== undefined) return { record: named, confidence: 1, by: 'id' };
    const direction = fill.side === 'buy' ? 1 : -1;
    return this.#nearest(this.#signals, fill, (signal) => Math.sign(signal.direction ?? direction) === direction);
  }

  /** The last signal of the fill's run, whatever it said; for exits that no signal asked for. */
  signalAsOf(fill: FillTies): Joined<Signal> | undefined {
    if (fill.session === null) return undefined;
    for (const record of this.#signals.newestFirst(fill.us - SAME_RUN_BACK_US, fill.us))
      if (
        record.session === fill.session &&
        agree(record.symbol, fill.symbol) &&
        agree(record.timeframe, fill.timeframe)
      )
        return { record, confidence: SAME_RUN_CONFIDENCE, by: 'session' };
    return undefined;
  }

  /** The intent of a fill: by ids, else the last of its run for its side. */
  intent(fill: FillTies): Intent | undefined {
    const { intentId, decisionId, us } = fill;
    const named =
      (intentId === null ? undefined : this.#named(this.#intentById, intentId, fill.session, us)) ??
      (decisionId === null ? undefined : this.#named(this.#intentByDecision, decisionId, fill.session, us));
    if (named !== undefined || intentId !== null || fill.session === null) return named;
    for (const intent of this.#intents.newestFirst(us - SAME_RUN_BACK_US, us))
      if (intent.session === fill.session && intent.symbol === fill.symbol && intent.side === fill.side) return intent;
    return undefined;
  }

  /** The cost record of a fill. */
  cost(fill: FillTies): Joined<Cost> | undefined {
    for (const id of fill.orderIds) {
      const costs = this.#named(this.#costsByOrder, id, fill.session, fill.us);
      const free = costs?.filter((cost) => cost.us <= fill.us + JOIN_AHEAD_US && this.#isFree(cost, fill)) ?? [];
      const record = free.find((cost) => sameNotional(cost.notional, fill.notional)) ?? free[0];
      if (record === undefined) continue;
      this.#used.set(record.id, record.us, fill.id);
      return { record, confidence: 1, by: 'id' };
    }
    return this.#nearest(
      this.#costs,
      { ...fill, unit: fill.id },
      (cost) => cost.orderIds.length === 0 && sameNotional(cost.notional, fill.notional),
    );
  }

  attribution(fill: FillTies): Joined<Attribution> | undefined {
    return this.#nearest(this.#attributions, { ...fill, unit: fill.id }, () => true);
  }

  stages(fill: FillTies): Stages | null {
    const { session, decisionId, us, symbol } = fill;
    for (const record of this.#stages.newestFirst(us - SAME_RUN_BACK_US, us + JOIN_AHEAD_US)) {
      if (decisionId !== null && record.decisionId !== null ? record.decisionId === decisionId : false)
        return record.stages;
      if (decisionId === null && session !== null && record.session === session && agree(record.symbol, symbol))
        return record.stages;
    }
    return null;
  }

  /** What was so at the moment of a fill. */
  around(fill: FillTies): Surroundings {
    return this.#surroundings.of(fill);
  }

  /** The code that the run said last it runs; of logs that name no run, the last of them. */
  commitOf(session: string | null, us: number): Commit | undefined {
    return (session === null ? undefined : this.#commits.get(session, us)) ?? this.#commits.get('', us);
  }

  forget(us: number): void {
    this.#surroundings.forget(us);
    for (const window of [this.#signals, this.#intents, this.#costs, this.#attributions, this.#stages])
      window.forget(us);
    for (const memory of [
      this.#orders,
      this.#filledOrders,
      this.#filled,
      this.#signalByDecision,
      this.#intentById,
      this.#intentByDecision,
      this.#costsByOrder,
      this.#used,
      this.#commits,
    ])
      memory.forget(us);
  }

  save() {
    return {
      signals: this.#signals.save(),
      intents: this.#intents.save(),
      costs: this.#costs.save(),
      attributions: this.#attributions.save(),
      stages: this.#stages.save(),
      orders: this.#orders.save(),
      filledOrders: this.#filledOrders.save(),
      filled: this.#filled.save(),
      signalByDecision: this.#signalByDecision.save(),
      intentById: this.#intentById.save(),
      intentByDecision: this.#intentByDecision.save(),
      costsByOrder: this.#costsByOrder.save(),
      used: this.#used.save(),
      surroundings: this.#surroundings.save(),
      commits: this.#commits.save(),
    };
  }

  #noteSignal(signal: Signal): void {
    this.#signals.add(signal);
    if (signal.decisionId !== null)
      this.#signalByDecision.set(this.#nameOf(signal.decisionId, signal.session), signal.us, signal);
  }

  #noteIntent(intent: Intent, { event }: InputOf<'order_intent'>): void {
    this.#intents.add(intent);
    if (event.intent_id != null) this.#intentById.set(this.#nameOf(event.intent_id, intent.session), intent.us, intent);
    if (event.decision_id != null)
      this.#intentByDecision.set(this.#nameOf(event.decision_id, intent.session), intent.us, intent);
  }

  #noteOrder(input: InputOf<'order'>): void {
    const session = input.event.session_id ?? null;
    const known = this.orderOf(orderIdsOf(input.event), session, input.us);
    const order = orderOf(input, known);
    const first = order.names[0];
    if (first === undefined) return;
    const over = this.#named(this.#filledOrders, first, session, input.us) !== undefined;
    for (const id of order.names)
      (over ? this.#filledOrders : this.#orders).set(this.#nameOf(id, session), input.us, order);
  }

  #noteCosts(input: InputOf<'costs'>): void {
    const cost = costOf(input, this.#mode);
    if (cost !== undefined) {
      this.#costs.add(cost);
      for (const id of cost.orderIds) {
        const name = this.#nameOf(id, cost.session);
        this.#costsByOrder.set(name, cost.us, [...(this.#costsByOrder.get(name, cost.us) ?? []), cost].slice(-64));
      }
    }
    const attribution = attributionOf(input);
    if (attribution !== undefined) this.#attributions.add(attribution);
  }

  #noteStages({ us, seq, id, event }: InputOf<'latency'>): void {
    const stages = stagesOf(event);
    if (stages === null) return;
    const { session_id, symbol, bar_ts, timeframe, decision_id } = event;
    this.#stages.add({
      us,
      seq,
      id,
      session: session_id ?? null,
      symbol: symbol ?? null,
      barTs: bar_ts ?? null,
      timeframe: timeframe ?? null,
      decisionId: decision_id ?? null,
      stages,
    });
  }

  #noteCommit({ us, event }: InputOf<'repro'>): void {
    const commit = { git: event.git_sha ?? null, model: event.model_version ?? null };
    this.#commits.set(event.session_id ?? '', us, commit);
  }

  /** Runs count their orders alike: where positions end with the run, an id means what it says within its run. */
  #nameOf(id: string, session: string | null): string {
    return this.#scope === 'account' ? id : `${id}${SEPARATOR}${session ?? ''}`;
  }

  /** What a record of the run said under the id, or one that names no run. */
  #named<T>(memory: Memory<T>, id: string, session: string | null, us: number): T | undefined {
    return memory.get(this.#nameOf(id, session), us) ?? memory.get(this.#nameOf(id, null), us);
  }

  #isFree(record: Place, { unit, id }: FillTies): boolean {
    const user = this.#used.get(record.id, record.us);
    return user === undefined || user === unit || user === id;
  }

  /** The record nearest in time that nobody else took; the more there are, the less sure. */
  #nearest<T extends Tie>(window: Window<T>, fill: FillTies, fits: (record: T) => boolean): Joined<T> | undefined {
    const found = nothingFound<T>();
    for (const record of window.newestFirst(fill.us - SAME_RUN_BACK_US, fill.us + JOIN_AHEAD_US)) {
      if (!together(record, fill) || !fits(record)) continue;
      consider(found, record, { fill, free: this.#isFree(record, fill) });
      if (found.run !== undefined && record.us <= fill.us) break; // newest first: no later one can be nearer
    }
    const joined = chosen(found);
    if (joined !== undefined) this.#used.set(joined.record.id, joined.record.us, fill.unit);
    return joined;
  }
}

export type SavedContexts = ReturnType<Contexts['save']>;
