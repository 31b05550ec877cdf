import { types } from 'node:util';
import type { Emitting } from './emitter.ts';
import type { BotStream, Context } from './event.ts';
import { bookedOf, Fills, fillOf, growthOf, keyOf } from './instrument-fills.ts';
import {
  carriedOf,
  type Fields,
  factsOf,
  hasEnded,
  isNews,
  looksOf,
  Orders,
  statusOf,
  termsOf,
} from './instrument-orders.ts';
import { instrumentOf } from './instrument-quotes.ts';
import { known, millisecondsIn, momentOf, numberIn, type Raw, rawOf, textIn } from './instrument-read.ts';

export interface TellerOptions {
  readonly venue?: string;
  readonly accountId?: string;
  readonly symbols?: readonly string[];
  readonly fills?: 'trades' | 'orders';
  /** What ended or traded before is history. */
  readonly sinceMs: number;
}

/** How an order came to be told of. */
export interface Sight {
  /** What was asked for, where this is the answer to it. */
  readonly asked?: Fields;
  /** Fields of the event beside those of the order. */
  readonly more?: Fields;
  /** Where the answer leaves them out. */
  readonly id?: string | undefined;
  readonly symbol?: string | undefined;
  /** The state that the call was to bring about: an answer that names none says that it did. */
  readonly ends?: 'cancelled';
  /** Nothing of it can have traded before. */
  readonly isNew?: boolean;
}

const MOST_SYMBOLS = 10_000;

/** Tells the emitter of orders and fills: each change of an order once, each fill once. */
export class Teller {
  readonly venue: string | undefined;
  readonly #exchange: object;
  readonly #emitter: Emitting<unknown>;
  readonly #options: TellerOptions;
  readonly #symbols: ReadonlySet<unknown> | undefined;
  /** As of when each symbol was described. */
  readonly #described = new Map<string, string>();
  readonly #orders = new Orders();
  readonly #fills = new Fills();

  constructor(exchange: object, emitter: Emitting<unknown>, options: TellerOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#symbols = options.symbols && new Set(options.symbols);
    this.venue = options.venue ?? idOf(exchange);
    this.#emitter = childOf(emitter, known({ venue: this.venue, account_id: options.accountId }));
  }

  /** Never throws, whatever emitter it is; an event of a moment ago unless it says when. */
  emit(stream: BotStream, event: Fields): void {
    if (this.#symbols !== undefined && event.symbol !== undefined && !this.#symbols.has(event.symbol)) return;
    try {
      const full = { ts: momentOf(Date.now()), ...event };
      if (stream === 'order' || stream === 'execution') this.#describe(full);
      const sent: unknown = this.#emitter.emit(stream, full);
      if (types.isPromise(sent)) sent.catch(() => undefined);
    } catch {
      // an emitter of the bot's own
    }
  }

  nextId(kind: string): string | undefined {
    try {
      return textIn(this.#emitter.nextId(kind));
    } catch {
      return undefined;
    }
  }

  /** What the ledger must know of a symbol before its first fill: again where an older one turns up. */
  #describe({ symbol, ts }: Fields): void {
    if (typeof symbol !== 'string' || typeof ts !== 'string') return;
    const known = this.#described.get(symbol);
    if (known === undefined ? this.#described.size >= MOST_SYMBOLS : known <= ts) return;
    const instrument = instrumentOf(rawOf(this.#exchange), symbol);
    if (instrument === undefined) return; // not loaded yet
    this.#described.set(symbol, ts);
    this.emit('market', { symbol, instrument, ts });
  }

  /** An order as it is now. An answer to what was asked is always told, for it ties the bot's name to the venue's. */
  order(raw: Raw, sight: Sight = {}): void {
    const { asked = {}, more = {} } = sight;
    const seen = looksOf(raw);
    const isListed = sight.asked === undefined && sight.ends === undefined;
    const before = isListed ? this.#orders.find(textIn(raw.id), textIn(raw.symbol)) : undefined;
    if (before?.seen === seen) {
      if (Array.isArray(raw.trades)) this.trades(raw.trades, raw, before.carried);
      return;
    }
    const facts = known(factsOf(raw));
    const id = (facts.venue_order_id as string | undefined) ?? sight.id;
    const symbol = (facts.symbol ?? asked.symbol ?? sight.symbol) as string | undefined;
    const filled = numberIn(facts.filled_qty);
    const tracked = this.#orders.find(id, symbol);
    const status = this.#statusOf(raw, sight);
    const now = { status, filled, terms: termsOf({ ...asked, ...facts }) };
    const news = tracked === undefined ? !this.#isHistory(raw, status) : isNews(tracked, now);
    const isAnswer = sight.asked !== undefined;
    const overtaken = tracked !== undefined && !news;
    const carried = carriedOf(facts, asked, tracked?.carried ?? {}, { venue_order_id: id });
    const own = { ...asked, ...facts, ...carried, symbol, ...more };
    if (overtaken && isAnswer) this.emit('order', { ...own, status: tracked.status, filled_qty: tracked.filled });
    else if (news) this.emit('order', { ...own, status });

    const order = tracked ?? {
      symbol,
      carried,
      ...now,
      seen,
      booked: bookedOf(sight.isNew === true ? {} : raw),
    };
    order.carried = carried;
    order.seen = seen;
    if (news) Object.assign(order, { ...now, filled: filled ?? order.filled });
    if (id !== undefined) this.#orders.keep(id, order);

    if (this.#options.fills === 'orders') {
      const growth = growthOf(raw, order);
      if (growth !== undefined)
        this.emit('execution', { symbol, side: facts.side ?? asked.side, ...carried, ...growth });
    } else if (Array.isArray(raw.trades)) this.trades(raw.trades, raw, { ...carried, symbol, side: asked.side });
  }

  /** The bot's trades; those told already are passed over. @param order that they are part of, where the answer is an order's */
  trades(trades: readonly unknown[], order: Raw = {}, facts: Fields = {}): void {
    if (this.#options.fills === 'orders') return;
    const repeats = new Map<string, number>();
    const fills = Array.from(trades, rawOf)
      .filter(({ id, symbol }) => !this.#fills.has(textIn(symbol), textIn(id)))
      .map((trade) => fillOf(trade, order))
      .filter((fill) => fill !== undefined);
    for (const fill of fills.sort((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0))) {
      const { atMs, ...own } = fill;
      if (atMs !== undefined && atMs < this.#options.sinceMs) continue;
      const named = { ...facts, ...known(own) };
      if (!this.#fills.first(keyOf(named, repeats))) continue;
      const tracked = this.#orders.find(textIn(named.venue_order_id), textIn(named.symbol));
      this.emit('execution', {
        ...carriedOf(named, tracked?.carried ?? {}),
        ...named,
        ...(atMs !== undefined && { ts: named.exec_ts }),
      });
    }
  }

  #statusOf(raw: Raw, { asked = {}, ends }: Sight): string {
    if (ends === undefined) return statusOf(raw, asked.qty);
    if (raw.status == null) return ends;
    const status = statusOf(raw, asked.qty);
    return hasEnded(status) ? status : 'pending_cancel';
  }

  #isHistory({ lastUpdateTimestamp, lastTradeTimestamp, timestamp }: Raw, status: string): boolean {
    const atMs = [lastUpdateTimestamp, lastTradeTimestamp, timestamp]
      .map(millisecondsIn)
      .find((ms) => ms !== undefined);
    return hasEnded(status) && atMs !== undefined && atMs < this.#options.sinceMs;
  }
}

function idOf(exchange: object): string | undefined {
  try {
    return textIn(rawOf(exchange).id);
  } catch {
    return undefined; // a getter of the bot's own
  }
}

function childOf(emitter: Emitting<unknown>, context: Context): Emitting<unknown> {
  try {
    return emitter.child(context);
  } catch {
    return emitter;
  }
}
