import type { Args, Work } from './instrument-methods.ts';
import { type Fields, statusOf } from './instrument-orders.ts';
import type { Quotes } from './instrument-quotes.ts';
import { isRaw, itemsOf, known, momentOf, type Raw, rawOf, textIn } from './instrument-read.ts';
import type { Attempts } from './instrument-repeats.ts';
import type { Teller } from './instrument-teller.ts';

/** A call of the exchange that has begun. */
export interface Doing {
  readonly method: string;
  readonly work: Work;
  readonly args: Args;
  /** On the clock that only goes forward. */
  readonly startMs: number;
  readonly sentTs: string | undefined;
  /** What was asked for, order by order. */
  readonly asked: readonly Fields[];
}

const isOrder = (raw: Raw): boolean => 'id' in raw || 'status' in raw || 'info' in raw;
const isTrade = (raw: Raw): boolean => 'id' in raw || 'price' in raw;

/** What the exchange's answers tell, by what the call was for. */
export class Answers {
  readonly #teller: Teller;
  readonly #quotes: Quotes;
  readonly #attempts: Attempts;

  constructor(teller: Teller, quotes: Quotes, attempts: Attempts) {
    this.#teller = teller;
    this.#quotes = quotes;
    this.#attempts = attempts;
  }

  see(doing: Doing, answer: unknown): void {
    this.#works[doing.work]?.(doing, answer, performance.now());
  }

  readonly #works: Readonly<Partial<Record<Work, (doing: Doing, answer: unknown, nowMs: number) => void>>> = {
    create: (doing, answer, nowMs) => {
      const [asked = {}] = doing.asked;
      this.#created(doing, asked, rawOf(answer));
      this.#latency({ execution_ms: nowMs - doing.startMs }, asked, answer);
    },
    create_many: (doing, answer, nowMs) => {
      const items = listOf(answer);
      const isAligned = items.length === doing.asked.length; // else nobody knows which is which
      items.forEach((item, i) => {
        if (isAligned) this.#created(doing, doing.asked[i] ?? {}, rawOf(item));
        else this.#teller.order(rawOf(item));
      });
      this.#latency({ execution_ms: nowMs - doing.startMs });
    },
    edit: (doing, answer, nowMs) => {
      this.#edited(doing, doing.asked[0] ?? {}, { from: textIn(doing.args.id), to: rawOf(answer) });
      this.#latency({ stages_ms: { edit_order: nowMs - doing.startMs } }, doing.asked[0], answer);
    },
    edit_many: (doing, answer, nowMs) => {
      const requests = listOf(doing.args.orders);
      listOf(answer).forEach((item, i) => {
        this.#edited(doing, doing.asked[i] ?? {}, { from: textIn(rawOf(requests[i]).id), to: rawOf(item) });
      });
      this.#latency({ stages_ms: { edit_orders: nowMs - doing.startMs } });
    },
    cancel: ({ args, startMs }, answer, nowMs) => {
      const of = rawOf(args.order);
      const id = textIn(args.id) ?? textIn(of.id);
      const symbol = textIn(args.symbol) ?? textIn(of.symbol);
      const names = known({ client_order_id: textIn(args.client), venue_order_id: id });
      this.#teller.order(rawOf(answer), { id, symbol, ends: 'cancelled', more: names });
      this.#latency({ stages_ms: { cancel_order: nowMs - startMs } }, { ...names, symbol }, answer);
    },
    cancel_many: ({ args, startMs }, answer, nowMs) => {
      const symbol = textIn(args.symbol);
      for (const item of itemsOf(answer, isOrder))
        if (textIn(rawOf(item).id) !== undefined) this.#teller.order(rawOf(item), { symbol, ends: 'cancelled' });
      this.#latency({ stages_ms: { cancel_orders: nowMs - startMs } }, { symbol });
    },
    orders: (_, answer) => {
      for (const item of itemsOf(answer, isOrder)) if (isRaw(item)) this.#teller.order(item);
    },
    trades: (_, answer) => this.#teller.trades(itemsOf(answer, isTrade)),
    quotes: (_, answer, nowMs) => this.#quotes.see(answer, nowMs),
    candles: ({ args }, answer, atMs) => {
      if (args.timeframe === '1m') this.#quotes.seeCandles(textIn(args.symbol), answer, { nowMs: Date.now(), atMs });
    },
  };

  #created({ sentTs }: Doing, asked: Fields, answer: Raw): void {
    const isRefused = statusOf(answer, asked.qty) === 'rejected';
    if (isRefused) this.#attempts.failed(asked, performance.now());
    else this.#attempts.worked(asked);
    const refusal = {
      rejection_reason: 'rejected',
      rejection_message: 'the venue answered that the order is rejected',
      market_at_rejection: this.#quotes.market(textIn(asked.symbol), performance.now()),
      retry_attempt: asked.retry_attempt ?? 0,
    };
    const times = { order_sent_ts: sentTs, acked_ts: momentOf(Date.now()) };
    this.#teller.order(answer, { asked, isNew: true, more: { ...times, ...(isRefused && refusal) } });
  }

  /** An order that was edited may go on under another id. */
  #edited({ sentTs }: Doing, asked: Fields, { from, to }: { from: string | undefined; to: Raw }): void {
    const id = textIn(to.id) ?? from;
    if (from === undefined || id === from) {
      this.#teller.order(to, { id, asked });
      return;
    }
    const gone = { id: from, symbol: asked.symbol, status: 'canceled' };
    this.#teller.order(gone, { more: { reason: `replaced by ${id}` } });
    const more = { parent_order_id: from, order_sent_ts: sentTs, acked_ts: momentOf(Date.now()) };
    this.#teller.order(to, { asked, isNew: true, more });
  }

  #latency(times: Fields, asked: Fields = {}, answer: unknown = undefined): void {
    const { order_id, client_order_id, venue_order_id, symbol } = asked;
    const id = textIn(rawOf(answer).id) ?? venue_order_id;
    this.#teller.emit('latency', { ...times, symbol, order_id, client_order_id, venue_order_id: id });
  }
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
