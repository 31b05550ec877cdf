// An exchange in the shape of ccxt's classes: private fields, methods that call each other, errors by ccxt's names.

class BaseError extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}
class ExchangeError extends BaseError {}
class OperationFailed extends BaseError {}
export class AuthenticationError extends ExchangeError {}
export class InsufficientFunds extends ExchangeError {}
export class InvalidOrder extends ExchangeError {}
export class OrderNotFound extends InvalidOrder {}
export class DuplicateOrderId extends InvalidOrder {}
export class NotSupported extends ExchangeError {}
export class NetworkError extends OperationFailed {}
export class RateLimitExceeded extends NetworkError {}
export class ExchangeNotAvailable extends NetworkError {}
export class RequestTimeout extends NetworkError {}
/** A class of the venue's own. */
export class TooManyOpenOrders extends InvalidOrder {}

/** What the venue does with the next request: answers, refuses, or answers without a promise. */
export type Turn = { readonly gives: unknown } | { readonly fails: unknown } | { readonly atOnce: unknown };

type Params = Record<string, unknown>;

export class FakeExchange {
  readonly id = 'fake';
  apiKey = 'KEY-0123456789abcdef';
  secret = 'SECRET-0123456789abcdef';
  password = 'PASSPHRASE-42';
  markets: Record<string, unknown> = {};
  precisionMode = 4;
  readonly has = { createOrder: true, fetchMyTrades: true };
  #turns: Turn[] = [];
  #nonce = 0;
  /** Every request, with its arguments. */
  readonly requests: [method: string, ...args: unknown[]][] = [];

  describe(): object {
    return { id: this.id, nonce: this.#nonce };
  }

  get nonce(): number {
    return ++this.#nonce;
  }

  set nonce(value: number) {
    this.#nonce = value;
  }

  will(...turns: Turn[]): this {
    this.#turns.push(...turns);
    return this;
  }

  #ask(method: string, ...args: unknown[]): Promise<unknown> {
    this.requests.push([method, ...args]);
    this.#nonce++;
    const turn = this.#turns.shift() ?? { gives: {} };
    if ('atOnce' in turn) return turn.atOnce as Promise<unknown>;
    return new Promise((resolve, reject) =>
      setImmediate(() => ('gives' in turn ? resolve(turn.gives) : reject(turn.fails))),
    );
  }

  createOrder(symbol: string, type: string, side: string, amount?: number, price?: number, params: Params = {}) {
    return this.#ask('createOrder', symbol, type, side, amount, price, params);
  }
  async createLimitOrder(symbol: string, side: string, amount: number, price: number, params: Params = {}) {
    return await this.createOrder(symbol, 'limit', side, amount, price, params);
  }
  async createLimitBuyOrder(symbol: string, amount: number, price: number, params: Params = {}) {
    return await this.createLimitOrder(symbol, 'buy', amount, price, params);
  }
  async createMarketSellOrder(symbol: string, amount: number, params: Params = {}) {
    return await this.createOrder(symbol, 'market', 'sell', amount, undefined, params);
  }
  createOrders(orders: readonly object[]) {
    return this.#ask('createOrders', orders);
  }
  editOrder(id: string, symbol: string, type: string, side: string, amount?: number, price?: number) {
    return this.#ask('editOrder', id, symbol, type, side, amount, price);
  }
  cancelOrder(id: string, symbol?: string) {
    return this.#ask('cancelOrder', id, symbol);
  }
  cancelAllOrders(symbol?: string) {
    return this.#ask('cancelAllOrders', symbol);
  }
  fetchOrder(id: string, symbol?: string) {
    return this.#ask('fetchOrder', id, symbol);
  }
  fetchOpenOrders(symbol?: string) {
    return this.#ask('fetchOpenOrders', symbol);
  }
  async fetchClosedOrders(symbol?: string) {
    return await this.fetchOpenOrders(symbol);
  }
  fetchMyTrades(symbol?: string) {
    return this.#ask('fetchMyTrades', symbol);
  }
  watchOrders(symbol?: string) {
    return this.#ask('watchOrders', symbol);
  }
  watchMyTrades(symbol?: string) {
    return this.#ask('watchMyTrades', symbol);
  }
  fetchTicker(symbol: string) {
    return this.#ask('fetchTicker', symbol);
  }
  fetchBalance() {
    return this.#ask('fetchBalance');
  }
  setSandboxMode(): this {
    this.#nonce = 0;
    return this;
  }
  /** Not one of ccxt's. */
  ownNonce(): number {
    return this.#nonce;
  }
}

/** An order as ccxt gives it, with the venue's raw answer in `info`. */
export const ccxtOrder = (id: string, over: Record<string, unknown> = {}): Record<string, unknown> => ({
  id,
  clientOrderId: undefined,
  symbol: 'BTC/USDT',
  type: 'limit',
  side: 'buy',
  amount: 1,
  price: 100_000,
  status: 'open',
  filled: 0,
  remaining: 1,
  timestamp: Date.now(),
  trades: [],
  info: { apiKey: 'KEY-0123456789abcdef', note: 'raw-answer' },
  ...over,
});

export const ccxtTrade = (id: string, over: Record<string, unknown> = {}): Record<string, unknown> => ({
  id,
  order: 'v-1',
  symbol: 'BTC/USDT',
  side: 'buy',
  type: 'limit',
  amount: 0.5,
  price: 100_000,
  takerOrMaker: 'maker',
  fee: { cost: 0.5, currency: 'USDT' },
  timestamp: Date.now(),
  info: { note: 'raw-answer' },
  ...over,
});
