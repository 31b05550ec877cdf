import { localTime } from '../../../lib/adapters/local/time.ts';
import { LEDGER_DEFAULTS } from '../../../lib/core/lifecycle/types.ts';
import { type CompareOptions, compareAll } from '../../../lib/core/reconcile/compare.ts';
import { type ReadVenueOptions, readVenue, type VenueMapping } from '../../../lib/core/reconcile/read-venue.ts';
import { DEFAULT_TOLERANCES } from '../../../lib/core/reconcile/tolerances.ts';
import type {
  Break,
  Comparison,
  OurFill,
  OurFunding,
  Ours,
  VenueExport,
  VenueFill,
} from '../../../lib/core/reconcile/types.ts';

/** The day that the comparisons of tests are about. */
export const DAY_US = Date.UTC(2026, 0, 5) * 1000;
export const at = (seconds: number): number => DAY_US + Math.round(seconds * 1e6);

/** Rows of a file as `readVenue` makes them. */
export const readRows = (
  rows: readonly Record<string, unknown>[],
  mapping: VenueMapping = {},
  options: Partial<ReadVenueOptions> = {},
): VenueExport =>
  readVenue(
    rows.map((record, index) => ({ row: index + 1, record })),
    { mapping, zone: 'UTC', readTime: localTime.readTime, ...options },
  );

/** A fill in ccxt's shape. */
export const ccxtTrade = (seconds: number, over: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: `v${seconds}`,
  timestamp: at(seconds) / 1000,
  datetime: new Date(at(seconds) / 1000).toISOString(),
  symbol: 'BTC/USDT',
  order: `o${seconds}`,
  side: 'buy',
  amount: 1,
  price: 100,
  cost: 100,
  takerOrMaker: 'taker',
  fee: { cost: 0.1, currency: 'USDT' },
  fees: [{ cost: 0.1, currency: 'USDT' }],
  info: { raw: { deeper: { still: 1 } } },
  ...over,
});

let made = 0;

/** A fill as the bot reported it; that of `ccxtTrade` of the same second. */
export const ourFill = (seconds: number, over: Partial<OurFill> = {}): OurFill => ({
  id: `e${++made}`,
  us: at(seconds),
  arrivedMs: at(seconds) / 1000 + 100,
  venueFillId: `v${seconds}`,
  orderIds: [`o${seconds}`],
  symbol: 'BTCUSDT',
  side: 'buy',
  qty: 1,
  price: 100,
  fee: 0.1,
  feeAsset: 'USDT',
  feeUsd: 0.1,
  venue: 'binance',
  accountId: 'main',
  strategyId: 's',
  sessionId: 'run',
  timeframe: null,
  inLedger: null,
  adopted: false,
  ...over,
});

export const ourFunding = (seconds: number, amount: number, over: Partial<OurFunding> = {}): OurFunding => ({
  id: `c${++made}`,
  us: at(seconds),
  flowId: null,
  symbol: 'BTCUSDT',
  asset: 'USDT',
  amount,
  amountUsd: amount,
  strategyId: 's',
  sessionId: 'run',
  adopted: false,
  ...over,
});

export const ours = (over: Partial<Ours> = {}): Ours => ({
  fills: [],
  funding: [],
  positions: [],
  later: [],
  cashUsd: null,
  hasLedger: true,
  ...over,
});

/** The fill of a venue's file that is this fill of ours. */
export const sameAtVenue = (fill: OurFill, over: Partial<VenueFill> = {}): VenueFill => ({
  row: 1,
  id: fill.venueFillId,
  orderId: null,
  us: fill.us,
  symbol: 'BTC/USDT',
  side: fill.side ?? 'buy',
  quantity: { text: String(fill.qty), value: fill.qty },
  price: { text: String(fill.price), value: fill.price },
  fee: fill.fee,
  feeAsset: fill.feeAsset,
  liquidity: null,
  ...over,
});

export const fillsExport = (fills: readonly VenueFill[]): VenueExport => ({
  layouts: ['test'],
  kinds: new Set(['fill']),
  fills,
  funding: [],
  positions: [],
  balances: [],
  ignored: 0,
  repeatedRows: 0,
});

/** Compares the whole day. */
export const compared = (venue: VenueExport, own: Ours, over: Partial<CompareOptions> = {}): Comparison =>
  compareAll(venue, own, {
    range: { fromUs: DAY_US, toUs: DAY_US + 86_400_000_000 },
    tolerances: DEFAULT_TOLERANCES,
    stableCoins: LEDGER_DEFAULTS.stableCoins,
    lotOf: () => null,
    ...over,
  });

export const openOf = ({ breaks }: Comparison): Break[] => breaks.filter(({ state }) => state === 'open');
export const kindsOf = (breaks: readonly Break[]): string[] => breaks.map(({ kind }) => kind);
