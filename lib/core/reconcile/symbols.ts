const STABLE = 'USDT|USDC|USD|DAI|FDUSD|TUSD|BUSD|USDP|PYUSD';
const QUOTED = new RegExp(`^(.+?)(?:${STABLE}|EUR|GBP|BTC|ETH|BNB)$`);

/**
 * One spelling for `BTC/USDT`, `BTC-USDT`, `BTC_USDT`, `btcusdt`, `BTC/USDT:USDT`, `BTC-USDT-SWAP` and Kraken's `XXBTZUSD`.
 * Spot and perpetual of one pair read alike: compare them apart, by --symbol or by account.
 */
export function normalSymbol(symbol: string): string {
  const plain = symbol
    .trim()
    .toUpperCase()
    .replace(/:[A-Z0-9]+$/, '') // ccxt: the settle asset
    .replace(/[-_]?(?:SWAP|PERP(?:ETUAL)?)$/, '')
    .replaceAll(/[^A-Z0-9]/g, '');
  const kraken = /^X([A-Z]{3,4})Z([A-Z]{3})$/.exec(plain);
  const pair = kraken === null ? plain : `${kraken[1]}${kraken[2]}`;
  return pair.replace(/^XBT/, 'BTC');
}

/** Base asset of a symbol in its normal spelling; the symbol itself where it names no quote. */
export const baseOf = (symbol: string): string => QUOTED.exec(normalSymbol(symbol))?.[1] ?? normalSymbol(symbol);

/** How symbols of a venue's file are named by us. */
export type NameOf = (symbol: string) => string;

/**
 * Finds the normal spelling under which we know a venue's symbol. A bare coin (`BTC`, as Hyperliquid writes it) is the
 * one symbol of ours with that base. `given` names the rest, as the venue spells it and as we do.
 */
export function symbolNames(ours: Iterable<string>, given: Readonly<Record<string, string>> = {}): NameOf {
  const known = new Set([...ours].map(normalSymbol));
  const byBase = new Map<string, Set<string>>();
  for (const symbol of known) {
    const symbols = byBase.get(baseOf(symbol)) ?? new Set();
    byBase.set(baseOf(symbol), symbols.add(symbol));
  }
  const remembered = new Map<string, string>(); // a file names few symbols, and each in every row
  const find = (symbol: string): string => {
    const named = Object.hasOwn(given, symbol) ? given[symbol] : undefined;
    if (named !== undefined) return normalSymbol(named);
    const normal = normalSymbol(symbol);
    if (known.has(normal)) return normal;
    const [only, ...others] = byBase.get(normal) ?? [];
    return only !== undefined && others.length === 0 ? only : normal;
  };
  return (symbol) => {
    let name = remembered.get(symbol);
    if (name === undefined) {
      name = find(symbol);
      remembered.set(symbol, name);
    }
    return name;
  };
}
