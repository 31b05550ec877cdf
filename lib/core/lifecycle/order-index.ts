import type { EventOf } from '../catalog/index.ts';
import { contradict, type Ids, nameOf, namesOf, placesOf, weakNames } from './order-ids.ts';
import { idsOf, insertByNumber, newestFirst, type OrderState } from './order-state.ts';
import type { Scope } from './types.ts';

/** What an event says of the order it is about. */
export interface About extends Ids {
  readonly session_id?: string | null | undefined;
  readonly venue?: string | null | undefined;
  readonly account_id?: string | null | undefined;
  readonly symbol?: string | null | undefined;
  readonly side?: EventOf<'gate'>['side'];
}

/** Orders by each of their names. */
export class OrderIndex {
  readonly #scope: Scope;
  readonly #byName = new Map<string, OrderState[]>();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** Adds an order under names that it is not under yet. */
  add(order: OrderState, names: readonly string[] = order.names): void {
    for (const name of names)
      for (const place of placesOf(name, order.session, this.#scope)) {
        const list = this.#byName.get(place);
        if (list === undefined) this.#byName.set(place, [order]);
        else insertByNumber(list, order);
      }
  }

  remove(order: OrderState): void {
    this.drop(order, order.names);
  }

  /** Takes an order away from under names. */
  drop(order: OrderState, names: readonly string[]): void {
    for (const name of names)
      for (const place of placesOf(name, order.session, this.#scope)) {
        const list = this.#byName.get(place);
        if (list === undefined) continue;
        if (list.length === 1) this.#byName.delete(place);
        else list.splice(list.indexOf(order), 1);
      }
  }

  /** The order that a fill of the venue's number was counted for. */
  byFill(name: string): OrderState | undefined {
    return this.#byName.get(placesOf(name, null, this.#scope)[0] ?? '')?.[0];
  }

  /**
   * Orders that the event names by a name that stands for one order: several where it is the first to say that they are
   * one. `starts` is whether the event is the start of an order, which no order of another run can be.
   */
  strong(event: About, starts: boolean): OrderState[] {
    const found: OrderState[] = [];
    for (const field of ['order_id', 'client_order_id', 'venue_order_id'] as const) {
      const name = nameOf(event, field);
      const order = name === undefined ? undefined : this.#strongest(name, event, starts);
      if (order !== undefined && !found.includes(order)) found.push(order);
    }
    return found;
  }

  /** The one order that the event can mean by the request, intent or decision it names. */
  weak(event: About): OrderState | undefined {
    for (const { name, unless } of weakNames(event)) {
      const fits = this.#newest(
        name,
        event,
        (order) => sameSide(order, event) && !contradict(unless, event, named(order)),
      );
      const open = fits.length > 1 ? fits.filter(({ end }) => end === undefined) : fits;
      if (open.length === 1) return open[0];
      if (fits.length > 0) return undefined; // never guessed
    }
    return undefined;
  }

  /** Every order that the event can mean, for what holds of all orders of an intent. */
  all(event: About): OrderState[] {
    const strong = this.strong(event, false);
    if (strong.length > 0 || namesOf(event).length === 0) return strong;
    for (const { name, unless } of weakNames(event)) {
      const fits = this.#newest(
        name,
        event,
        (order) => sameSide(order, event) && !contradict(unless, event, named(order)),
      );
      if (fits.length > 0) return fits;
    }
    return [];
  }

  #strongest(name: string, event: About, starts: boolean): OrderState | undefined {
    const session = event.session_id ?? null;
    const fits = this.#newest(name, event, () => true);
    return (
      fits.find((order) => order.session === session) ??
      fits.find(
        (order) => order.session === null || session === null || (!starts && (name.startsWith('v') || !order.end)),
      )
    );
  }

  #newest(name: string, event: About, fits: (order: OrderState) => boolean): OrderState[] {
    const found: OrderState[] = [];
    for (const place of placesOf(name, event.session_id ?? null, this.#scope)) {
      const list = this.#byName.get(place);
      if (list === undefined) continue;
      for (const order of newestFirst(list))
        if (!found.includes(order) && agrees(order, event) && fits(order)) found.push(order);
      if (found.length > 0) return found;
    }
    return found;
  }
}

const named = (order: OrderState): { ids: Ids; names: readonly string[] } => ({
  ids: idsOf(order),
  names: order.names,
});

const agree = (a: unknown, b: unknown): boolean =>
  a === undefined || a === null || b === undefined || b === null || a === b;

const agrees = ({ facts }: OrderState, event: About): boolean =>
  agree(facts.venue, event.venue) &&
  agree(facts.account_id, event.account_id) &&
  (agree(facts.symbol, event.symbol) || spelled(facts.symbol) === spelled(event.symbol));

const sameSide = ({ facts, intent }: OrderState, { side }: About): boolean =>
  side === 'hold' || agree(facts.side ?? intent?.side, side);

/** A bot and its venue may spell one symbol differently: `BTC/EUR`, `BTC-EUR`, `BTCEUR`. */
const spelled = (symbol: unknown): string | undefined =>
  typeof symbol === 'string' ? symbol.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase() : undefined;
