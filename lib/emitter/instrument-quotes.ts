import {
  isRaw,
  itemsOf,
  known,
  numberIn,
  positiveIn,
  type Raw,
  Recent,
  rawOf,
  textIn,
  wordIn,
} from './instrument-read.ts';

const MOST_SYMBOLS = 2_000;

/** Older quotes say nothing of the market an order met. */
const MOST_AGE_MS = 60_000;

interface Quote {
  readonly bid: number;
  readonly ask: number;
  readonly atMs: number;
}

/** What the bot itself last saw of each market, for the details of rejections. */
export class Quotes {
  readonly #quotes = new Recent<Quote>(MOST_SYMBOLS);
  readonly #volumes = new Recent<{ readonly volume: number; readonly atMs: number }>(MOST_SYMBOLS);

  /** A ticker, tickers by symbol, or an order book. */
  see(answer: unknown, atMs: number): void {
    for (const item of itemsOf(answer, (raw) => 'symbol' in raw || 'bids' in raw)) {
      const raw = rawOf(item);
      const symbol = textIn(raw.symbol);
      const bid = positiveIn(raw.bid) ?? bestOf(raw.bids);
      const ask = positiveIn(raw.ask) ?? bestOf(raw.asks);
      if (symbol !== undefined && bid !== undefined && ask !== undefined) this.#quotes.set(symbol, { bid, ask, atMs });
    }
  }

  /** Candles of a minute, the newest last; the one that still grows is passed over. */
  seeCandles(symbol: string | undefined, answer: unknown, { nowMs, atMs }: { nowMs: number; atMs: number }): void {
    if (symbol === undefined || !Array.isArray(answer)) return;
    for (const candle of answer.slice(-2).reverse()) {
      const [startMs, volume] = Array.isArray(candle) ? [numberIn(candle[0]), numberIn(candle[5])] : [];
      if (startMs === undefined || volume === undefined || startMs + 60_000 > nowMs) continue;
      if (startMs + 60_000 + MOST_AGE_MS >= nowMs) this.#volumes.set(symbol, { volume, atMs });
      return;
    }
  }

  /** What `market_at_rejection` holds (S1 H5); undefined where the bot has seen nothing in the last minute. */
  market(symbol: string | undefined, atMs: number): Record<string, unknown> | undefined {
    const quote = this.#quotes.get(symbol ?? '');
    const minute = this.#volumes.get(symbol ?? '');
    const fresh = quote !== undefined && atMs - quote.atMs <= MOST_AGE_MS;
    const market = known({
      bid: fresh ? quote.bid : undefined,
      ask: fresh ? quote.ask : undefined,
      spread_bps: fresh ? ((quote.ask - quote.bid) / ((quote.ask + quote.bid) / 2)) * 1e4 : undefined,
      volume_1m: minute !== undefined && atMs - minute.atMs <= MOST_AGE_MS ? minute.volume : undefined,
    });
    return Object.keys(market).length === 0 ? undefined : market;
  }
}

function bestOf(levels: unknown): number | undefined {
  const [best] = Array.isArray(levels) ? levels : [];
  return Array.isArray(best) ? positiveIn(best[0]) : undefined;
}

/** ccxt's `TICK_SIZE`: precisions are steps. */
const TICK_SIZE = 4;

/** What the exchange has loaded of a symbol; without its contract size, quantities in contracts have no value. */
export function instrumentOf(exchange: Raw, symbol: string): Record<string, unknown> | undefined {
  const { markets, precisionMode } = exchange;
  const market = isRaw(markets) && Object.hasOwn(markets, symbol) ? markets[symbol] : undefined;
  if (!isRaw(market) || market.option === true) return undefined;
  const type = wordIn(market.type);
  const kind =
    market.inverse === true
      ? 'inverse'
      : market.linear === true
        ? 'linear'
        : market.spot === true || type === 'spot' || type === 'margin'
          ? 'spot'
          : undefined;
  if (kind === undefined) return undefined;
  const { amount, price } = rawOf(market.precision);
  const isStep = precisionMode === TICK_SIZE;
  return known({
    kind,
    base: textIn(market.base),
    quote: textIn(market.quote),
    settle: textIn(market.settle),
    multiplier: kind === 'spot' ? 1 : positiveIn(market.contractSize),
    lot: isStep ? positiveIn(amount) : undefined,
    tick: isStep ? positiveIn(price) : undefined,
  });
}
