// What a comparison with a venue is made of. Times are µs since the epoch, quantities base units, prices quote units.

/** A number of a venue's file: as it is written there, and as a double. */
export interface Decimal {
  readonly text: string;
  readonly value: number;
}

interface VenueRow {
  /** Line of a CSV or JSON Lines file, or number of the element of a JSON array, from 1. */
  readonly row: number;
  /** As the venue spells it. */
  readonly symbol: string;
}

export interface VenueFill extends VenueRow {
  readonly id: string | null;
  readonly orderId: string | null;
  readonly us: number;
  readonly side: 'buy' | 'sell';
  readonly quantity: Decimal;
  readonly price: Decimal;
  /** What was paid, in `feeAsset`; a rebate is negative. Null where the file does not say it. */
  readonly fee: number | null;
  readonly feeAsset: string | null;
  readonly liquidity: 'maker' | 'taker' | null;
}

export interface VenueFunding extends VenueRow {
  readonly id: string | null;
  readonly us: number;
  /** Received is positive. */
  readonly amount: Decimal;
  readonly asset: string | null;
}

export interface VenuePosition extends VenueRow {
  /** When it was held; null where the file does not say it: then now is meant. */
  readonly us: number | null;
  /** Signed: short is negative. */
  readonly quantity: Decimal;
}

export interface VenueBalance {
  readonly row: number;
  readonly us: number | null;
  readonly asset: string;
  readonly total: Decimal;
}

/** What kinds of row a file can hold. */
export type VenueKind = 'fill' | 'funding' | 'position' | 'balance';

/** A venue's file, read. */
export interface VenueExport {
  /** Layouts that were recognised, for people. */
  readonly layouts: readonly string[];
  /** Kinds of row the file is about, even where it holds none of them. */
  readonly kinds: ReadonlySet<VenueKind>;
  readonly fills: readonly VenueFill[];
  readonly funding: readonly VenueFunding[];
  readonly positions: readonly VenuePosition[];
  readonly balances: readonly VenueBalance[];
  /** Rows that are none of these, such as transfers. */
  readonly ignored: number;
  /** Rows that say the same as an earlier row with the same id. */
  readonly repeatedRows: number;
}

/** A fill as the bot reported it; shadowed copies of lower ranked logs are left out. */
export interface OurFill {
  /** `event_id`. */
  readonly id: string;
  readonly us: number;
  readonly arrivedMs: number;
  readonly venueFillId: string | null;
  /** All ids under which its order is known. */
  readonly orderIds: readonly string[];
  readonly symbol: string;
  readonly side: 'buy' | 'sell' | null;
  readonly qty: number;
  readonly price: number;
  readonly fee: number | null;
  readonly feeAsset: string | null;
  readonly feeUsd: number | null;
  readonly venue: string | null;
  readonly accountId: string | null;
  readonly strategyId: string | null;
  readonly sessionId: string | null;
  readonly timeframe: string | null;
  /** Whether the ledger holds it; null where that cannot be known. */
  readonly inLedger: boolean | null;
  /** It came from a venue's file. */
  readonly adopted: boolean;
}

/** Funding as the bot reported it. */
export interface OurFunding {
  readonly id: string;
  readonly us: number;
  readonly flowId: string | null;
  readonly symbol: string;
  readonly asset: string | null;
  readonly amount: number | null;
  readonly amountUsd: number | null;
  readonly strategyId: string | null;
  readonly sessionId: string | null;
  readonly adopted: boolean;
}

/** What our ledger holds of a symbol now, units of 1e-12; both are ≥ 0. */
export interface OurPosition {
  readonly symbol: string;
  readonly long: bigint;
  readonly short: bigint;
}

export interface Ours {
  /** Of at least the range compared and a day on both sides; sorted by time. */
  readonly fills: readonly OurFill[];
  readonly funding: readonly OurFunding[];
  readonly positions: readonly OurPosition[];
  /** Fills after which `positions` stands: all since the earliest moment the file tells a position of. */
  readonly later: readonly Pick<OurFill, 'us' | 'symbol' | 'side' | 'qty'>[];
  /** Cash of the account in dollars as last told; null where nobody says it. */
  readonly cashUsd: { readonly us: number; readonly usd: number } | null;
  /** Whether the ledger has written any trade at all. */
  readonly hasLedger: boolean;
}

export const BREAK_KINDS = [
  'missing',
  'unexpected',
  'repeated',
  'price',
  'quantity',
  'fee',
  'funding',
  'balance',
  'position',
  'field',
] as const;
export type BreakKind = (typeof BREAK_KINDS)[number];
export type BreakState = 'open' | 'within_tolerance' | 'adopted';

/** One difference. */
export interface Break {
  readonly kind: BreakKind;
  readonly state: BreakState;
  /** What differs: id of a fill, flow or trade, or the name of a position. */
  readonly subject: string;
  readonly field: string | null;
  readonly ours: string | null;
  readonly theirs: string | null;
  /** Ours less theirs. */
  readonly difference: number | null;
  readonly tolerance: number | null;
  readonly us: number | null;
  readonly symbol: string | null;
  readonly strategyId: string | null;
  /** What is the matter, and what to do about it. */
  readonly sentence: string;
  readonly advice: string;
  /** Row of the venue's file. */
  readonly row: number | null;
  /** What `--adopt` can write. */
  readonly adopt?: VenueFill | VenueFunding;
}

/** The moments compared, µs: from inclusive, to exclusive. */
export interface Range {
  readonly fromUs: number;
  readonly toUs: number;
}

export interface Comparison {
  readonly range: Range;
  readonly breaks: readonly Break[];
  /** Things held against each other. */
  readonly compared: Readonly<Record<VenueKind, number>>;
  readonly matched: { readonly byId: number; readonly byEconomics: number; readonly ambiguous: number };
  /** What a reader should know of how it was compared. */
  readonly notes: readonly string[];
}
