import type { Emitting } from './emitter.ts';
import { Answers, type Doing, listOf } from './instrument-answers.ts';
import { type Failure, failureOf } from './instrument-errors.ts';
import { type Args, argsOf, type Work, workOf } from './instrument-methods.ts';
import { askedOf, type Fields } from './instrument-orders.ts';
import { Quotes } from './instrument-quotes.ts';
import { isRaw, known, momentOf, rawOf, textIn } from './instrument-read.ts';
import { Attempts, Floods } from './instrument-repeats.ts';
import { Teller, type TellerOptions } from './instrument-teller.ts';

/** One call of the exchange. Neither function throws. */
export interface Call {
  done(answer: unknown): void;
  failed(error: unknown): void;
}

const NOTHING: Call = { done: () => undefined, failed: () => undefined };

const isCreation = (work: Work): boolean => work === 'create' || work === 'create_many';

/** What calls of an exchange tell: before, after, and where they fail. */
export class Watcher {
  readonly #exchange: object;
  readonly #teller: Teller;
  readonly #answers: Answers;
  readonly #quotes = new Quotes();
  readonly #attempts = new Attempts();
  readonly #floods = new Floods();
  /** Errors that were told; a websocket hands one to all that wait. */
  readonly #told = new WeakSet<object>();

  constructor(exchange: object, emitter: Emitting<unknown>, options: TellerOptions) {
    this.#exchange = exchange;
    this.#teller = new Teller(exchange, emitter, options);
    this.#answers = new Answers(this.#teller, this.#quotes, this.#attempts);
  }

  /** Before the call: what is submitted is told first, so that a bot that dies in the call has said it. */
  begin(method: string, given: readonly unknown[]): Call {
    let doing: Doing;
    try {
      doing = this.#doing(method, given);
      const at = { ts: doing.sentTs, order_sent_ts: doing.sentTs };
      if (isCreation(doing.work))
        for (const asked of doing.asked) this.#teller.emit('order', { ...asked, status: 'submitted', ...at });
    } catch {
      return NOTHING; // arguments with getters that throw
    }
    return {
      done: (answer) => {
        try {
          this.#answers.see(doing, answer);
        } catch {
          // an answer that cannot be read
        }
      },
      failed: (error) => {
        try {
          this.#failed(doing, error);
        } catch {
          // an error that cannot be read
        }
      },
    };
  }

  #doing(method: string, given: readonly unknown[]): Doing {
    const work = workOf(method);
    const args = argsOf(method, given);
    const requests = work.endsWith('_many') ? listOf(args.orders).map(rawOf) : [args];
    const changes = isCreation(work) || work === 'edit' || work === 'edit_many';
    const asked = changes ? requests.map((request) => this.#asked(work, request)) : [];
    return { method, work, args, startMs: performance.now(), sentTs: momentOf(Date.now()), asked };
  }

  #asked(work: Work, request: Args): Fields {
    const asked = known(askedOf(request));
    if (!isCreation(work)) return asked;
    const retry = this.#attempts.before(asked, performance.now());
    return {
      ...(asked.client_order_id === undefined && known({ order_id: this.#teller.nextId('order') })),
      ...asked,
      ...(retry > 0 && { retry_attempt: retry }),
    };
  }

  #failed(doing: Doing, error: unknown): void {
    const failure = failureOf(error, this.#exchange);
    const creates = isCreation(doing.work);
    if (creates)
      for (const asked of doing.asked) {
        this.#attempts.failed(asked, performance.now());
        this.#teller.emit('order', { ...asked, ...this.#refusal(failure, asked), order_sent_ts: doing.sentTs });
      }
    if (!creates || failure.kind === 'unknown') this.#error(doing, failure, error);
  }

  /** S1 H5. Of an order whose answer was lost nothing is known but that. */
  #refusal({ kind, type, code, message }: Failure, asked: Fields): Fields {
    const reason = `${type}: ${message}`;
    if (kind === 'unknown') return { status: 'unknown', reason };
    return {
      status: 'rejected',
      reason,
      rejection_reason: code ?? type,
      rejection_message: message,
      market_at_rejection: this.#quotes.market(textIn(asked.symbol), performance.now()),
      retry_attempt: asked.retry_attempt ?? 0,
    };
  }

  #error({ method, work, args, asked }: Doing, failure: Failure, error: unknown): void {
    if (work === 'other' && failure.type === 'NotSupported') return; // how bots find out what there is
    if (isRaw(error) && this.#told.has(error)) return;
    if (isRaw(error)) this.#told.add(error);
    const changes = /^(?:create|edit|cancel)/.test(work);
    const held = changes ? 0 : this.#floods.held(`${method} ${failure.type}`, performance.now());
    if (held === undefined) return;
    const { side, limit_px, price, qty, symbol, ...names }: Fields = asked.length === 1 ? (asked[0] ?? {}) : {};
    this.#teller.emit('error', {
      message: failure.message,
      error_type: failure.type,
      code: failure.code,
      stacktrace: failure.stack,
      component: `exchange.${method}`,
      level: failure.isNetwork ? 'warning' : 'error',
      is_error: true,
      symbol: symbol ?? textIn(args.symbol),
      side,
      qty,
      price: price ?? limit_px,
      order_id: names.order_id,
      client_order_id: names.client_order_id ?? textIn(args.client),
      venue_order_id: textIn(args.id),
      retry_attempt: names.retry_attempt,
      ...(held > 0 && { x_held_back: held }),
    });
  }
}
