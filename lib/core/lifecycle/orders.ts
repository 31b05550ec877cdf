import { isFill, SEPARATOR, scopeOf } from './fill.ts';
import { NO_CLOCK_US } from './input.ts';
import { executionWord, noteError, noteExecution, noteFill, noteOrder, wordOfOrder } from './order-events.ts';
import { fillName, isStrong, nameOf, namesOf } from './order-ids.ts';
import { type About, OrderIndex } from './order-index.ts';
import { intentNoteOf, type Note, Notes, type SavedNotes } from './order-notes.ts';
import { isOver, orderRow, type RowMaker, retraction } from './order-row.ts';
import { idsOf, learn, newOrder, type OrderState, reopened, unite, united } from './order-state.ts';
import { orderWord, PROGRESS } from './order-words.ts';
import type { DerivedRow, Input, InputOf, LedgerConfig, LedgerKey, LedgerTools, Place, Scope } from './types.ts';

/** How far apart events may lie that name nothing, to be told to belong together. */
const NEAR_US = 5_000_000;
/** Names of one order, those of its fills among them. */
const MOST_NAMES = 512;
/** Above so many orders, those that ended are remembered for an hour only. */
const CROWDED = 2_000;
const ENDED_US = 3_600_000_000;
/** Longest an intent is remembered after its last event, for the orders that come of it. */
const INTENT_US = 86_400_000_000;

/** In so many steps of its length the memory is let go of. */
const STEPS = 256;

export interface OrdersOptions extends LedgerTools {
  readonly key: LedgerKey;
  readonly config: LedgerConfig;
  readonly saved?: SavedOrders;
  /** Marks every order that is remembered as changed. */
  readonly everything?: boolean;
}

export interface SavedOrders {
  readonly count: number;
  readonly place: Place | null;
  readonly here: readonly string[];
  readonly orders: readonly OrderState[];
  readonly loose: readonly OrderState[];
  readonly gone: readonly OrderState[];
  readonly withdrawn: readonly DerivedRow[];
  readonly changed: readonly number[];
  readonly notes: SavedNotes;
}

interface Found {
  readonly order: OrderState;
  /** Names that the order learned by the event. */
  readonly fresh: readonly string[];
  /** The event tells of a fill that was counted. */
  readonly repeated: boolean;
}

type Told = InputOf<'execution'> | InputOf<'order'> | InputOf<'error'>;

/**
 * Orders from intent to end, one row each. Events are tied by the names they carry, one learned after another; by time only
 * where neither side names anything (semantics 4). An order is forgotten `memoryMs` of event time after its last event.
 */
export class Orders {
  readonly #scope: Scope;
  readonly #maker: RowMaker;
  readonly #memoryUs: number;
  readonly #stable: ReadonlySet<string>;
  readonly #index: OrderIndex;
  readonly #notes: Notes;
  /** Orders that have a name, by the time of their last event. */
  readonly #orders: Set<OrderState>;
  /** Orders without any name, of the last seconds. */
  #loose: OrderState[];
  /** Forgotten ones whose last row is still to be given. */
  #gone: OrderState[];
  #withdrawn: DerivedRow[];
  readonly #changed: Set<OrderState>;
  #count: number;
  #place: Place | null;
  /** Events at that place: a repeated one stands at the same. */
  #here: string[];

  static open(options: OrdersOptions): Orders {
    return new Orders(options);
  }

  private constructor({ key, config, sha256, saved, everything = false }: OrdersOptions) {
    this.#scope = scopeOf(key, config);
    this.#maker = { key, sha256 };
    this.#memoryUs = config.memoryMs * 1000;
    this.#stable = new Set(config.stableCoins);
    this.#index = new OrderIndex(this.#scope);
    this.#notes = new Notes(saved?.notes);
    this.#orders = new Set(saved?.orders.map(reopened));
    for (const order of [...this.#orders].sort((a, b) => a.n - b.n)) this.#index.add(order);
    this.#loose = (saved?.loose ?? []).map(reopened);
    this.#gone = (saved?.gone ?? []).map(reopened);
    this.#withdrawn = [...(saved?.withdrawn ?? [])];
    const changed = new Set(saved?.changed);
    const known = [...this.#orders, ...this.#loose].sort((a, b) => a.n - b.n);
    this.#changed = new Set(known.filter(({ n }) => everything || changed.has(n)));
    this.#count = saved?.count ?? 0;
    this.#place = saved?.place ?? null;
    this.#here = [...(saved?.here ?? [])];
  }

  /** Takes an event in, in its place; events of other streams than orders are made of are passed over. */
  apply(input: Input): void {
    const { stream } = input;
    if (
      stream !== 'execution' &&
      stream !== 'order' &&
      stream !== 'order_intent' &&
      stream !== 'gate' &&
      stream !== 'error'
    )
      return;
    if (this.#isRepeated(input)) return;
    this.#forgetLoose(input.us);
    if (input.stream === 'order_intent') this.#intent(input);
    else if (input.stream === 'gate') this.#gate(input);
    else if (input.stream === 'order') this.#order(input);
    else if (input.stream === 'execution') this.#execution(input);
    else if (input.stream === 'error') this.#error(input);
  }

  /** Rows of orders that changed since the last call, and of records that turned out to be part of another, withdrawn. */
  rows(): DerivedRow[] {
    const rows = new Map<string, DerivedRow>();
    const changed = [...this.#gone, ...this.#changed].map((order) => orderRow(order, this.#maker));
    for (const row of [...this.#withdrawn, ...changed]) rows.set(`${row.id}${SEPARATOR}${row.date}`, row);
    this.#gone = [];
    this.#withdrawn = [];
    this.#changed.clear();
    return [...rows.values()];
  }

  save(): SavedOrders {
    const copy = (orders: Iterable<OrderState>): OrderState[] => [...orders].map((order) => ({ ...order }));
    return {
      count: this.#count,
      place: this.#place,
      here: [...this.#here],
      orders: copy(this.#orders),
      loose: copy(this.#loose),
      gone: copy(this.#gone),
      withdrawn: [...this.#withdrawn],
      changed: [...this.#changed].map(({ n }) => n),
      notes: this.#notes.save(),
    };
  }

  #isRepeated({ us, seq, id, stream, event }: Input): boolean {
    const what = `${stream}${SEPARATOR}${event.session_id ?? ''}`;
    const place = this.#place;
    if (place === null || place.us !== us || place.seq !== seq || place.id !== id) {
      if (us !== NO_CLOCK_US && (place === null || place.us === NO_CLOCK_US)) this.#begin(us);
      if (place !== null && this.#stepOf(us) !== this.#stepOf(place.us)) this.#forget(us);
      this.#place = { us, seq, id };
      this.#here = [what];
      return false;
    }
    if (this.#here.includes(what)) return true;
    this.#here.push(what);
    return false;
  }

  /** What came without any clock is as old as the first moment. */
  #begin(us: number): void {
    for (const order of this.#orders) order.seenUs = us;
    this.#notes.begin(us);
  }

  /** What is old is let go of in steps of event time, so that an event does not pay for it. */
  #stepOf = (us: number): number => Math.floor((us * STEPS) / this.#memoryUs);

  #forget(us: number): void {
    for (const order of this.#orders) {
      const crowded = this.#orders.size > CROWDED && order.seenUs < us - ENDED_US;
      if (order.seenUs >= us - this.#memoryUs && !(crowded && isOver(order))) continue;
      this.#orders.delete(order);
      this.#index.remove(order);
      this.#leave(order);
    }
    this.#notes.forget(us - Math.min(this.#memoryUs, INTENT_US));
  }

  #forgetLoose(us: number): void {
    this.#notes.forgetLoose(us - NEAR_US);
    const oldest = this.#loose[0];
    if (oldest !== undefined && oldest.seenUs < us - NEAR_US) {
      for (const order of this.#loose) if (order.seenUs < us - NEAR_US) this.#leave(order);
      this.#loose = this.#loose.filter((order) => order.seenUs >= us - NEAR_US);
    }
  }

  #leave(order: OrderState): void {
    if (this.#changed.delete(order)) this.#gone.push(order);
  }

  #order(input: InputOf<'order'>): void {
    const word = wordOfOrder(input);
    if (word === 'noop') return;
    const starts = word === undefined || (PROGRESS[word] ?? 9) < 2;
    const { order, fresh } = this.#orderOf(input, starts);
    noteOrder(order, input, word);
    this.#note(order, input, fresh);
  }

  #execution(input: InputOf<'execution'>): void {
    const word = executionWord(input);
    const fill = isFill(input);
    if (!fill && word === 'noop') return;
    const name = fill ? fillName(input.event) : undefined;
    const { order, fresh, repeated } = this.#orderOf(input, false, name);
    if (repeated && !this.#isOfRun(order, input.event.session_id)) return; // told again in another run
    noteExecution(order, input, word);
    if (fill && !repeated) noteFill(order, input, { word, stable: this.#stable });
    this.#note(order, input, fresh);
  }

  #error(input: InputOf<'error'>): void {
    if (orderWord(input.event.status) !== 'rejected' || namesOf(input.event).length === 0) return;
    const { order, fresh } = this.#orderOf(input, false);
    noteError(order, input);
    this.#note(order, input, fresh);
  }

  /** The order an event is about; made where there is none. */
  #orderOf(input: Told, starts: boolean, fill?: string): Found {
    const event: About = input.event;
    const names = namesOf(event);
    const owner = fill === undefined ? undefined : this.#index.byFill(fill);
    const found = names.length === 0 ? [] : this.#index.strong(event, starts);
    if (owner !== undefined && !found.includes(owner) && (found.length === 0 || this.#isOfRun(owner, event.session_id)))
      found.push(owner);
    const order =
      this.#united(found) ??
      this.#index.weak(event) ??
      (names.length === 0 && !starts ? this.#nearestLoose(input) : undefined) ??
      this.#made(input, fill === undefined ? names : [...names, fill]);
    const repeated = owner !== undefined;
    if (repeated && !this.#isOfRun(order, event.session_id)) return { order, repeated, fresh: [] };
    return { order, repeated, fresh: this.#name(order, fill === undefined || repeated ? names : [...names, fill]) };
  }

  #made(input: Told, names: readonly string[]): OrderState {
    const { us, id, stream } = input;
    const session = input.event.session_id ?? null;
    const first = names[0];
    // Names come again, after an order of the same name is forgotten: its first event makes the identity.
    const own = `e${stream}${SEPARATOR}${id}`;
    const identity = first === undefined ? own : `${first}${SEPARATOR}${own}`;
    return newOrder({ n: ++this.#count, identity, session, us, seenUs: us });
  }

  /** Several records turn out to be one order: the oldest takes the others in, and their rows are withdrawn. */
  #united(found: readonly OrderState[]): OrderState | undefined {
    const [oldest, ...others] = [...found].sort((a, b) => a.n - b.n);
    if (oldest === undefined) return undefined;
    for (const other of others) {
      this.#withdrawn.push(retraction(other, this.#maker));
      this.#index.remove(other);
      this.#orders.delete(other);
      this.#changed.delete(other);
      const names = other.names.filter((name) => !oldest.names.includes(name));
      unite(oldest, other);
      this.#index.add(oldest, names);
    }
    return oldest;
  }

  /** An order learns names. @returns those that are new */
  #name(order: OrderState, names: readonly string[]): readonly string[] {
    const fresh = names.filter((name) => !order.names.includes(name));
    if (fresh.length === 0) return fresh;
    const all = [...order.names, ...fresh];
    const fills = all.length > MOST_NAMES ? all.filter((name) => name.startsWith('f')) : [];
    // Of an order with very many fills the last ones are told from repeats; the books know them all.
    const dropped = fills.slice(0, Math.max(0, fills.length - MOST_NAMES / 2));
    this.#index.drop(order, dropped);
    order.names = dropped.length === 0 ? all : all.filter((name) => !dropped.includes(name));
    this.#index.add(order, fresh);
    return fresh;
  }

  /** Ends the taking in of an event: joins what is known under its names and remembers the order. */
  #note(order: OrderState, { us, event }: Told, fresh: readonly string[]): void {
    order.seenUs = us;
    this.#absorb(order, fresh);
    if (order.intent === undefined) this.#intentByTime(order, { us, side: event.side });
    this.#changed.add(order);
    if (order.names.length > 0) {
      this.#orders.delete(order); // a set keeps the order of insertion: the oldest stay in front
      this.#orders.add(order);
      this.#loose = this.#loose.includes(order) ? this.#loose.filter((other) => other !== order) : this.#loose;
    } else if (order.hasOrder && order.session !== null) {
      this.#loose = [...this.#loose.filter((other) => other !== order), order];
    } else this.#leave(order); // nothing that comes later can name it
  }

  /** Joins what intents and gates said under names that the order learned. */
  #absorb(order: OrderState, fresh: readonly string[]): void {
    const names = fresh.filter((name) => !name.startsWith('f'));
    for (const note of names.length === 0
      ? []
      : this.#notes.find({ ...idsOf(order), session_id: order.session }, names))
      this.#take(order, note);
  }

  #take(order: OrderState, note: Note): void {
    const side = order.facts.side;
    if (note.intent?.side !== undefined && side !== undefined && note.intent.side !== side) return;
    if (note.intent !== undefined) order.intent ??= note.intent;
    order.passed = united(order.passed, note.passed);
    order.blocked = united(order.blocked, note.blocked);
    note.taken = true;
  }

  /** The intent just before an order, where the intent has no name and the order names no request. */
  #intentByTime(order: OrderState, { us, side }: { us: number; side: unknown }): void {
    const { session, facts, names } = order;
    if (session === null || us === NO_CLOCK_US || order.us !== us) return; // only with its first event
    if (names.some((name) => !isStrong(name))) return;
    const note = this.#notes.nearest({ session, symbol: facts.symbol ?? null, side: facts.side ?? side }, us - NEAR_US);
    if (note === undefined) return;
    this.#take(order, note);
    order.byTime = true;
  }

  #nearestLoose({ us, event }: Told): OrderState | undefined {
    if (event.session_id == null || us === NO_CLOCK_US) return undefined;
    const order = this.#loose.findLast(
      ({ session, facts, seenUs, end, requested, fills, quantity }) =>
        session === event.session_id &&
        facts.symbol === (event.symbol ?? undefined) &&
        facts.side === (event.side ?? undefined) &&
        seenUs >= us - NEAR_US &&
        end === undefined &&
        (requested === undefined ? fills === 0 : quantity[0] < requested),
    );
    if (order !== undefined) order.byTime = true;
    return order;
  }

  #intent(input: InputOf<'order_intent'>): void {
    const { event, us } = input;
    if (event.side === 'hold') return;
    const note = this.#notes.noted(event, us);
    if (note.intent !== undefined) return; // told again
    const intent = intentNoteOf(input);
    note.intent = intent;
    note.us = us;
    note.passed = united(note.passed, intent.passed);
    note.blocked = united(note.blocked, intent.blocked);
    const orders = this.#index.all(event);
    for (const order of orders) {
      this.#take(order, note);
      this.#seen(order, us);
    }
    if (orders.length === 0) this.#intended(note, us);
  }

  #gate(input: InputOf<'gate'>): void {
    const { event, us } = input;
    if (event.passed == null) return;
    const gate = event.name ?? 'gate';
    const [passed, blocked] = event.passed ? [[gate], []] : [[], [gate]];
    const add = (to: OrderState | Note): void => {
      to.passed = united(to.passed, passed);
      to.blocked = united(to.blocked, blocked);
    };
    if (namesOf(event).length === 0) {
      const order = this.#looseOf(event, us);
      if (order !== undefined) {
        add(order);
        this.#changed.add(order);
      } else if (event.session_id != null) {
        const note = this.#notes.latest(event.session_id, event.symbol ?? null, us - NEAR_US);
        if (note !== undefined) add(note);
      }
      return;
    }
    const strong = this.#index.strong(event, false);
    const orders = strong.length > 0 ? strong : this.#index.all(event);
    for (const order of orders) {
      add(order);
      this.#seen(order, us);
    }
    if (strong.length > 0) return;
    const note = this.#notes.noted(event, us);
    add(note);
    if (orders.length === 0) this.#intended(note, us);
  }

  #looseOf(event: InputOf<'gate'>['event'], us: number): OrderState | undefined {
    if (event.session_id == null) return undefined;
    return this.#loose.findLast(
      ({ session, facts, seenUs }) =>
        session === event.session_id &&
        facts.symbol === (event.symbol ?? undefined) &&
        (event.side == null || facts.side === event.side) &&
        seenUs >= us - NEAR_US,
    );
  }

  #seen(order: OrderState, us: number): void {
    order.seenUs = us;
    this.#changed.add(order);
    if (!this.#orders.delete(order)) return;
    this.#orders.add(order);
  }

  /** An intent that something blocked has a row of its own, which becomes that of the order if one comes all the same. */
  #intended(note: Note, us: number): void {
    const { intent, ids, session } = note;
    const identity = nameOf(ids, 'intent_id');
    if (note.blocked.length === 0 || identity === undefined) return;
    if (intent?.side !== 'buy' && intent?.side !== 'sell') return;
    const start = { n: ++this.#count, identity, session, us: intent.us ?? NO_CLOCK_US, seenUs: us };
    const order = newOrder(start);
    order.facts = learn(intent.facts, Object.keys(ids), ids);
    order.intent = intent;
    order.passed = note.passed;
    order.blocked = note.blocked;
    this.#name(order, note.names);
    this.#orders.add(order);
    this.#changed.add(order);
  }

  #isOfRun = (order: OrderState, session: string | null | undefined): boolean =>
    this.#scope === 'account' || order.session === (session ?? null);
}
