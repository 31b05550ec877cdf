// What the text of a symbol says: venues and libraries name pairs and derivatives in a handful of shapes.

/** What can be read from a symbol. */
export interface SymbolShape {
  readonly base: string | null;
  readonly quote: string | null;
  /** Where the symbol names it, as ccxt's do. */
  readonly settle: string | null;
  readonly derivative: boolean;
  /** Whether it ends on a day: its price is not that of the asset. */
  readonly dated: boolean;
}

/** Quotes that end a symbol without a separator. */
const DOLLARS = 'USDT USDC FDUSD USDE USDP DAI USD EUR GBP JPY AUD CAD CHF TRY BRL KRW MXN ZAR PLN UAH ARS IDR'.split(
  ' ',
);
/** The same, where enough is left for a base: WBTC is none of W in BTC. */
const COINS = 'BTC XBT ETH BNB SOL TRX'.split(' ');
/** Dollars whose name is a letter and USD: BTCTUSD is BTC in TUSD, but DOTUSD is DOT in USD. */
const LETTER_DOLLARS = ['TUSD', 'BUSD', 'PYUSD'];
const MAJORS = new Set('BTC XBT ETH BNB XRP ADA SOL LTC DOGE TRX LINK AVAX USDT USDC'.split(' '));

const CCXT = /^([^/:]+)\/([^/:]+)(?::([^-:/]+)(?:-(\d{6}))?)?$/;
const OPTION = /[-_]\d+(?:\.\d+)?[-_][CP](?:[-_]|$)/;
/** Words after the pair that make it a derivative: perpetual, or a day (310404, 20240628, 0326, 27DEC24, Z24). */
const PERPETUAL = /^(?:X?PERP|PERPETUAL|SWAP|UM|CM|FUTURES?)$/;
const DAY = /^(?:\d{4}|\d{6}|\d{8}|\d{1,2}[A-Z]{3}\d{2}|[FGHJKMNQUVXZ]\d{1,2})$/;
/** The same without a separator: XBTUSDTM (KuCoin), BTCPERP (Bybit), BTCUSDT.P (TradingView), XBTZ24 (BitMEX). */
const GLUED = /^(.+?)(?:(?<=USDT|USDC|USD)M|PERP|\.P)$/;
const MONTH = /^([A-Z]{3,4}?)(USDT?)?[FGHJKMNQUVXZ]\d{2}$/;
/** Kraken's futures: PF_XBTUSD, PI_XBTUSD, FI_XBTUSD_240628. */
const KRAKEN = /^[PF][FIV]_(.+)$/;

const NOTHING: SymbolShape = { base: null, quote: null, settle: null, derivative: false, dated: false };

/** Reads a symbol, of whatever case. What it does not say is null. */
export function shapeOf(symbol: string): SymbolShape {
  const text = symbol.trim().toUpperCase();
  // The price of an option is not that of its asset.
  if (OPTION.test(text)) return { ...NOTHING, derivative: true, dated: true };
  const ccxt = CCXT.exec(text);
  if (ccxt === null) return venueShape(text);
  const [, base = '', quote = '', settle, day] = ccxt;
  return {
    base: assetOf(base),
    quote: assetOf(quote),
    settle: settle === undefined ? null : assetOf(settle),
    derivative: settle !== undefined,
    dated: day !== undefined,
  };
}

function venueShape(text: string): SymbolShape {
  const colon = text.lastIndexOf(':') + 1;
  if (colon > 0) {
    const shape = venueShape(text.slice(colon)); // BINANCE:BTCUSDT
    return shape.quote === null ? NOTHING : shape;
  }
  const kraken = KRAKEN.exec(text)?.[1];
  const [first = '', ...rest] = (kraken ?? text).split(/[-_/]/);
  const perpetual = rest.some((word) => PERPETUAL.test(word)) || GLUED.test(first);
  const dated = !perpetual && (rest.some((word) => DAY.test(word)) || MONTH.test(first));
  const derivative = perpetual || dated || kraken !== undefined;
  const [second] = rest;
  const separate = second !== undefined && second !== '' && !PERPETUAL.test(second) && !DAY.test(second);
  const [base, quote] = separate ? [first, second] : pairOf(first, derivative);
  if (base === '') return { ...NOTHING, derivative };
  // Derivatives that name no quote are quoted in dollars: BTC-PERP, BTC-27DEC24.
  return {
    base: assetOf(base),
    quote: quote === null ? (derivative ? 'USD' : null) : assetOf(quote),
    settle: null,
    derivative,
    dated,
  };
}

/** One name per asset: BitMEX and Kraken write XBT. */
export function assetOf(name: string): string {
  const upper = name.toUpperCase();
  return upper === 'XBT' ? 'BTC' : upper;
}

function pairOf(word: string, derivative: boolean): [base: string, quote: string | null] {
  const month = MONTH.exec(word);
  if (month !== null) return [month[1] ?? '', month[2] ?? null];
  const pair = GLUED.exec(word)?.[1] ?? word;
  const split = (quotes: readonly string[], isBase: (base: string) => boolean): string | undefined =>
    quotes.find((quote) => pair.endsWith(quote) && isBase(pair.slice(0, -quote.length)));
  const quote =
    split(LETTER_DOLLARS, (base) => MAJORS.has(base)) ??
    split(DOLLARS, (base) => base !== '') ??
    (derivative ? undefined : split(COINS, (base) => base.length > 2));
  return quote === undefined ? [pair, null] : [pair.slice(0, -quote.length), quote];
}
