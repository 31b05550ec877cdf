import * as z from 'zod';
import { LEDGER_DEFAULTS } from '../lifecycle/types.ts';
import { duration } from './values.ts';

const positive = z.number().positive('must be a number above 0');
const asset = z.string().regex(/^\S{1,32}$/, 'must be the name of an asset, such as USDT');

const instrument = z.strictObject({
  kind: z
    .enum(['spot', 'linear', 'inverse'], 'must be spot, linear or inverse')
    .describe('How its PnL is computed: spot, linear or inverse.')
    .exactOptional(),
  base: asset.nullable().describe('Asset that is bought.').exactOptional(),
  quote: asset.nullable().describe('Asset of its price.').exactOptional(),
  settle: asset.nullable().describe('Asset that its PnL is paid in.').exactOptional(),
  multiplier: positive
    .describe('Units of the base asset, or of the quote asset of an inverse one, per contract.')
    .exactOptional(),
  lot: positive.nullable().describe('Smallest quantity; half of it counts as flat.').exactOptional(),
});

const strategy = z.strictObject({
  tradeMethod: z
    .enum(['flat_to_flat', 'fifo', 'position_id'], 'must be flat_to_flat, fifo or position_id')
    .describe('What a trade is. Default: flat_to_flat.')
    .exactOptional(),
  scope: z
    .enum(['account', 'session'], 'must be account or session')
    .describe('Whether books survive a restart of the bot. Default: account for live, session for all else.')
    .exactOptional(),
  initialEquityUsd: z
    .number()
    .nonnegative('must be a number from 0')
    .describe('Equity before the first fill, USD. Default: what the bot reports.')
    .exactOptional(),
});

/** Section `ledger`; durations become ms. */
export const ledgerSchema = z.strictObject({
  lateness: duration(
    '1s',
    '1h',
    'How long an event waits for earlier ones after it came in, on a desk. A stack has aws.lateness.',
  ).prefault('15s'),
  sessionTimeout: duration(
    '1m',
    '365d',
    'A run without any event for so long has ended; never less than three bars.',
  ).prefault('24h'),
  memory: duration('1d', '3650d', 'How long fills, orders and checkpoints are remembered, of event time.').prefault(
    '8d',
  ),
  stableCoins: z
    .array(asset)
    .transform((names) => names.map((name) => name.toUpperCase()))
    .prefault([...LEDGER_DEFAULTS.stableCoins])
    .describe('Assets that count as one dollar.'),
  instruments: z
    .record(z.string(), instrument)
    .prefault({})
    .describe('What symbols are, where events do not say it; goes before markets.'),
  markets: z
    .string()
    .min(1, 'must be the path of a file')
    .describe('A ccxt markets JSON; its path from the folder of this file.')
    .exactOptional(),
  strategies: z
    .record(z.string(), strategy)
    .prefault({})
    .describe('What differs for single strategies, by strategy_id.'),
});
