import { formatUs } from '../transform/time.ts';
import { breakOf } from './break.ts';
import { unitsNumber, unitsOf, unitsOfNumber, unitsText } from './decimal.ts';
import { baseOf, type NameOf } from './symbols.ts';
import { allowed, type Tolerances, verdictOf } from './tolerances.ts';
import type { Break, Ours, VenueBalance, VenuePosition } from './types.ts';

export interface HoldingsOptions {
  readonly nameOf: NameOf;
  readonly tolerances: Tolerances;
  readonly lotOf: (symbol: string) => number | null;
  readonly stableCoins: readonly string[];
}

interface Compared {
  readonly breaks: readonly Break[];
  readonly compared: number;
  readonly notes: readonly string[];
}

/** Holds the positions a venue reports against those of our ledger, as of the same moment; what it does not list it holds none of. */
export function comparePositions(venue: readonly VenuePosition[], ours: Ours, options: HoldingsOptions): Compared {
  const { nameOf } = options;
  const bySymbol = new Map<string, VenuePosition[]>();
  for (const one of venue) bySymbol.set(nameOf(one.symbol), [...(bySymbol.get(nameOf(one.symbol)) ?? []), one]);
  const lastUs = venue.reduce<number | null>((last, { us }) => (us === null ? last : Math.max(last ?? us, us)), null);
  const held = new Set([...bySymbol.keys(), ...ours.positions.map(({ symbol }) => nameOf(symbol))]);
  const breaks: Break[] = [];
  for (const symbol of [...held].sort()) {
    const rows = bySymbol.get(symbol) ?? [];
    const hedged = rows.some(({ quantity }) => quantity.value > 0) && rows.some(({ quantity }) => quantity.value < 0);
    for (const side of hedged ? (['long', 'short'] as const) : (['net'] as const)) {
      const of = rows.filter(({ quantity }) => side === 'net' || quantity.value > 0 === (side === 'long'));
      const us = of[0]?.us ?? lastUs;
      const theirs = of.reduce((sum, { quantity }) => sum + unitsOf(quantity), 0n);
      const own = heldAt(ours, { symbol, side, us, nameOf });
      const one = positionBreak({ symbol, side, us, own, theirs, row: of[0]?.row ?? null }, options);
      if (one !== undefined) breaks.push(one);
    }
  }
  return { breaks, compared: held.size, notes: [] };
}

type Side = 'long' | 'short' | 'net';

/** What our ledger holds now, less what was filled since the moment; a position per side changes only by its own fills. */
function heldAt(
  { positions, later }: Ours,
  { symbol, side, us, nameOf }: { symbol: string; side: Side; us: number | null; nameOf: NameOf },
): bigint {
  let units = 0n;
  for (const one of positions) {
    if (nameOf(one.symbol) !== symbol) continue;
    if (side !== 'short') units += one.long;
    if (side !== 'long') units -= one.short;
  }
  if (us === null || side !== 'net') return units;
  for (const fill of later) {
    if (fill.us <= us || fill.side === null || nameOf(fill.symbol) !== symbol) continue;
    units -= (fill.side === 'buy' ? 1n : -1n) * unitsOfNumber(fill.qty);
  }
  return units;
}

interface Held {
  readonly symbol: string;
  readonly side: Side;
  readonly us: number | null;
  readonly own: bigint;
  readonly theirs: bigint;
  readonly row: number | null;
}

function positionBreak(
  { symbol, side, us, own, theirs, row }: Held,
  { tolerances, lotOf }: HoldingsOptions,
): Break | undefined {
  const figure = unitsNumber(theirs);
  const tolerance = allowed(tolerances.position, figure, (lotOf(symbol) ?? 0) / 2);
  const verdict = own === theirs ? 'equal' : verdictOf(unitsNumber(own), figure, tolerance);
  if (verdict === 'equal') return undefined;
  const name = side === 'net' ? symbol : `${symbol} ${side}`;
  return breakOf({
    kind: 'position',
    state: verdict,
    subject: name,
    field: 'position_qty',
    ours: unitsText(own),
    theirs: unitsText(theirs),
    difference: unitsNumber(own - theirs),
    tolerance,
    us,
    symbol,
    row,
    sentence: `We hold ${unitsText(own)} ${name}, the venue ${unitsText(theirs)}${us === null ? '' : ` at ${formatUs(us)}`}.`,
    advice:
      'Compare the fills of the symbol; what was held before the first of them is recorded with `nightdesk positions adopt`.',
  });
}

/**
 * Holds balances against what we know of them: dollars and their like together against the cash of the account, any
 * other asset against our spot positions with that base. What we know nothing of is not compared, and said.
 */
export function compareBalances(venue: readonly VenueBalance[], ours: Ours, options: HoldingsOptions): Compared {
  const { stableCoins, nameOf } = options;
  const breaks: Break[] = [];
  const notes: string[] = [];
  let compared = 0;
  const dollars = venue.filter(({ asset }) => stableCoins.includes(asset.toUpperCase()));
  if (dollars.length > 0 && ours.cashUsd === null)
    notes.push('The dollar balances are not compared: no event says the cash of the account.');
  if (dollars.length > 0 && ours.cashUsd !== null) {
    compared++;
    const theirs = dollars.reduce((sum, { total }) => sum + total.value, 0);
    push(breaks, { asset: 'USD', own: ours.cashUsd.usd, theirs, row: dollars[0] ?? null, least: 0 }, options);
  }
  const unknown: string[] = [];
  for (const one of venue) {
    if (dollars.includes(one)) continue;
    const symbols = [...ours.positions, ...ours.later].map(({ symbol }) => nameOf(symbol));
    const symbol = symbols.find((name) => baseOf(name) === one.asset.toUpperCase());
    if (symbol === undefined) {
      if (one.total.value !== 0) unknown.push(one.asset);
      continue;
    }
    compared++;
    const names = new Set(symbols.filter((name) => baseOf(name) === one.asset.toUpperCase()));
    const own = [...names].reduce(
      (sum, name) => sum + heldAt(ours, { symbol: name, side: 'net', us: one.us, nameOf }),
      0n,
    );
    push(
      breaks,
      {
        asset: one.asset,
        own: unitsNumber(own),
        theirs: one.total.value,
        row: one,
        least: (options.lotOf(symbol) ?? 0) / 2,
      },
      { ...options, tolerances: { ...options.tolerances, balance: options.tolerances.position } },
    );
  }
  if (unknown.length > 0)
    notes.push(`Not compared, for the ledger has no symbol of them: ${unknown.slice(0, 10).join(', ')}.`);
  return { breaks, compared, notes };
}

function push(
  breaks: Break[],
  {
    asset,
    own,
    theirs,
    row,
    least,
  }: { asset: string; own: number; theirs: number; row: VenueBalance | null; least: number },
  { tolerances }: HoldingsOptions,
): void {
  const tolerance = allowed(tolerances.balance, theirs, least);
  const verdict = verdictOf(own, theirs, tolerance);
  if (verdict === 'equal') return;
  breaks.push(
    breakOf({
      kind: 'balance',
      state: verdict,
      subject: asset,
      field: 'balance',
      ours: String(own),
      theirs: String(theirs),
      difference: own - theirs,
      tolerance,
      us: row?.us ?? null,
      row: row?.row ?? null,
      sentence: `We count ${own} ${asset}, the venue ${theirs}.`,
      advice: 'Look for deposits, withdrawals, fees in this asset and funding that no event tells of.',
    }),
  );
}
