import { NightdeskError } from '../errors.ts';
import { assetOf, shapeOf } from './symbol.ts';
import type { Instrument } from './types.ts';

export interface Known {
  /** What the settings, or a markets file, say of the symbol. */
  readonly configured?: Partial<Instrument> | undefined;
  /** What events said of it. */
  readonly recorded?: Partial<Instrument> | undefined;
}

/**
 * What a symbol is: each field from the settings, else from events, else from the shape of the symbol. A symbol that looks
 * like a derivative while neither of the first two says its kind is `assumed`: linear with multiplier 1, unless it names
 * the settle asset as ccxt's symbols do (`BTC/USD:BTC` is inverse). Everything else is spot. A symbol that names no quote
 * (`BTC`) settles in nothing known, so that its PnL has no dollars until the settings say the quote.
 */
export function instrumentOf(symbol: string, { configured, recorded }: Known): Instrument {
  const shape = shapeOf(symbol);
  const known = configured?.kind ?? recorded?.kind;
  const kind = known ?? kindOf(shape);
  const base = asset(configured?.base ?? recorded?.base ?? shape.base);
  const quote = asset(configured?.quote ?? recorded?.quote ?? shape.quote);
  const named = configured?.settle ?? recorded?.settle ?? (known === undefined ? shape.settle : null);
  return {
    kind,
    base,
    quote,
    settle: asset(named ?? (kind === 'inverse' ? base : quote)),
    multiplier: positive(configured?.multiplier) ?? positive(recorded?.multiplier) ?? 1,
    lot: positive(configured?.lot) ?? positive(recorded?.lot) ?? null,
    assumed: known === undefined && shape.derivative,
  };
}

function kindOf({ derivative, base, quote, settle }: ReturnType<typeof shapeOf>): Instrument['kind'] {
  if (!derivative) return 'spot';
  return settle !== null && settle === base && settle !== quote ? 'inverse' : 'linear';
}

const asset = (name: string | null): string | null => (name === null ? null : assetOf(name));

const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : undefined;

type Json = Readonly<Record<string, unknown>>;

/**
 * Instruments of a ccxt markets JSON (`exchange.markets`, or the array that `fetchMarkets` gives), by ccxt's symbol and by
 * the venue's own id where that names one market only (Binance's BTCUSDT is a pair and a swap). Options, and contracts
 * settled in a third asset, have no kind here that their PnL would follow: options are left out, the others get none.
 * @throws CONFIG_INVALID where it is neither an array nor an object of markets
 */
export function readMarkets(json: unknown): Record<string, Partial<Instrument>> {
  const markets = (Array.isArray(json) ? json : isObject(json) ? Object.values(json) : []).filter(isMarket);
  if (markets.length === 0)
    throw new NightdeskError(
      'CONFIG_INVALID',
      'the markets are no array or object of markets as ccxt writes them; save `exchange.markets` as JSON',
    );
  const bySymbol: Record<string, Partial<Instrument>> = Object.create(null);
  const owners = new Map<string, number>();
  for (const { id } of markets) if (typeof id === 'string') owners.set(id, (owners.get(id) ?? 0) + 1);
  for (const market of markets) {
    if (market.option === true || market.type === 'option') continue;
    const instrument = instrumentOfMarket(market);
    if (typeof market.id === 'string' && owners.get(market.id) === 1) bySymbol[market.id] ??= instrument;
    bySymbol[market.symbol] = instrument;
  }
  return bySymbol;
}

type Market = Json & { readonly symbol: string };

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

const isMarket = (value: unknown): value is Market =>
  isObject(value) && typeof value.symbol === 'string' && typeof value.base === 'string';

function instrumentOfMarket(market: Market): Partial<Instrument> {
  const kind = market.inverse === true ? 'inverse' : market.linear === true ? 'linear' : isSpot(market) ? 'spot' : null;
  const multiplier = kind === 'spot' ? 1 : positive(market.contractSize);
  const lot = lotOf(market);
  return {
    ...(kind === null ? {} : { kind }),
    ...named('base', market.base),
    ...named('quote', market.quote),
    ...named('settle', market.settle),
    ...(multiplier === undefined ? {} : { multiplier }),
    ...(lot === undefined ? {} : { lot }),
  };
}

const isSpot = ({ spot, type }: Market): boolean => spot === true || type === 'spot' || type === 'margin';

const named = (key: 'base' | 'quote' | 'settle', value: unknown): Partial<Instrument> =>
  typeof value === 'string' && value !== '' ? { [key]: assetOf(value) } : {};

/**
 * Step of a quantity. ccxt gives it (TICK_SIZE), or the number of decimals (older versions), and the JSON does not say
 * which: a fraction is a step; a whole number is one where the smallest order is not below it, and counts decimals where it
 * is. Where that cannot be told it is not known, for a lot that is too large would call open positions flat.
 */
function lotOf({ precision, limits }: Market): number | undefined {
  const amount = isObject(precision) ? precision.amount : undefined;
  const least = isObject(limits) && isObject(limits.amount) ? positive(limits.amount.min) : undefined;
  if (typeof amount !== 'number' || !(amount >= 0)) return undefined;
  if (!Number.isInteger(amount)) return amount;
  if (least === undefined) return undefined;
  if (amount > 0 && least >= amount) return amount;
  return amount <= 12 ? Number(`1e-${amount}`) : undefined;
}
