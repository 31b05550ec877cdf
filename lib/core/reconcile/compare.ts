import { compareFills } from './compare-fills.ts';
import { compareFunding } from './compare-funding.ts';
import { compareBalances, comparePositions } from './compare-holdings.ts';
import { symbolNames } from './symbols.ts';
import type { Tolerances } from './tolerances.ts';
import type { Comparison, Ours, Range, VenueExport } from './types.ts';

export interface CompareOptions {
  readonly range: Range;
  readonly tolerances: Tolerances;
  /** Assets that count as one dollar. */
  readonly stableCoins: readonly string[];
  /** Smallest step of a quantity of a symbol of ours; null where not known. */
  readonly lotOf: (symbol: string) => number | null;
  /** Our symbols by the venue's, where they are not spelled alike. */
  readonly symbols?: Readonly<Record<string, string>> | undefined;
}

const DAY_US = 86_400_000_000;

/** Whole UTC days from the first to the last fill or payment of a file; undefined where it has none. */
export const rangeOf = ({ fills, funding }: VenueExport): Range | undefined => daysOf([...fills, ...funding]);

/** The same of its positions and balances; undefined where none says its time: they are of now. */
export const rangeOfHoldings = ({ positions, balances }: VenueExport): Range | undefined =>
  daysOf([...positions, ...balances]);

function daysOf(rows: readonly { readonly us: number | null }[]): Range | undefined {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { us } of rows) if (us !== null) [first, last] = [Math.min(first, us), Math.max(last, us)];
  if (last < first) return undefined;
  return { fromUs: Math.floor(first / DAY_US) * DAY_US, toUs: (Math.floor(last / DAY_US) + 1) * DAY_US };
}

/** Three-way match of a venue's file, the bot's events and our ledger: only of the kinds of row that the file is about. */
export function compareAll(venue: VenueExport, ours: Ours, options: CompareOptions): Comparison {
  const symbols = [...ours.fills, ...ours.funding, ...ours.positions, ...ours.later].map(({ symbol }) => symbol);
  const with_ = { ...options, nameOf: symbolNames(symbols, options.symbols) };
  const has = (kind: 'fill' | 'funding' | 'position' | 'balance'): boolean => venue.kinds.has(kind);
  const fills = has('fill') ? compareFills(venue.fills, ours, with_) : undefined;
  const funding = has('funding') ? compareFunding(venue.funding, ours.funding, with_) : undefined;
  const positions = has('position') ? comparePositions(venue.positions, ours, with_) : undefined;
  const balances = has('balance') ? compareBalances(venue.balances, ours, with_) : undefined;
  return {
    range: options.range,
    breaks: [fills, funding, positions, balances].flatMap((part) => part?.breaks ?? []),
    compared: {
      fill: fills?.compared ?? 0,
      funding: funding?.compared ?? 0,
      position: positions?.compared ?? 0,
      balance: balances?.compared ?? 0,
    },
    matched: { byId: fills?.byId ?? 0, byEconomics: fills?.byEconomics ?? 0, ambiguous: fills?.ambiguous ?? 0 },
    notes: [
      ...(fills?.foreignIds
        ? ['No fill id of the file is one of ours: fills are matched by symbol, side, quantity, price and time.']
        : []),
      ...((fills?.ambiguous ?? 0) > 0
        ? [`${fills?.ambiguous} fills could be one of several that are alike; the nearest in time were taken.`]
        : []),
      ...(ours.hasLedger ? [] : ['There is no ledger yet, only events: run `nightdesk rebuild`.']),
      ...(positions?.notes ?? []),
      ...(balances?.notes ?? []),
    ],
  };
}
