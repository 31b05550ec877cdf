import * as z from 'zod';
import { LEDGER_DEFAULTS } from '../core/lifecycle/types.ts';
import { durationOption } from './commands/units.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const positive = z.number().positive('must be a number above 0');
const asset = z.string().regex(/^\S{1,32}$/, 'must be the name of an asset, such as USDT');

const instrument = z.strictObject({
  kind: z.enum(['spot', 'linear', 'inverse'], 'must be spot, linear or inverse').exactOptional(),
  base: asset.nullable().exactOptional(),
  quote: asset.nullable().exactOptional(),
  settle: asset.nullable().exactOptional(),
  multiplier: positive.exactOptional(),
  lot: positive.nullable().exactOptional(),
});

const strategy = z.strictObject({
  tradeMethod: z
    .enum(['flat_to_flat', 'fifo', 'position_id'], 'must be flat_to_flat, fifo or position_id')
    .exactOptional(),
  scope: z.enum(['account', 'session'], 'must be account or session').exactOptional(),
  initialEquityUsd: z.number().nonnegative('must be a number from 0').exactOptional(),
});

/** Section `ledger` of `nightdesk.json`; durations become ms. Its defaults are those of the core. */
export const ledgerSchema = z.strictObject({
  lateness: duration('1s', '1h', { minMs: SECOND_MS, maxMs: HOUR_MS }).default(LEDGER_DEFAULTS.latenessMs),
  sessionTimeout: duration('1m', '365d', { minMs: 60 * SECOND_MS, maxMs: 365 * DAY_MS }).default(
    LEDGER_DEFAULTS.sessionTimeoutMs,
  ),
  memory: duration('1d', '3650d', { minMs: DAY_MS, maxMs: 3650 * DAY_MS }).default(LEDGER_DEFAULTS.memoryMs),
  stableCoins: z
    .array(asset)
    .transform((names) => names.map((name) => name.toUpperCase()))
    .default([...LEDGER_DEFAULTS.stableCoins]),
  instruments: z.record(z.string(), instrument).default({}),
  /** Path of a ccxt markets JSON, from the data folder. */
  markets: z.string().min(1, 'must be the path of a file').exactOptional(),
  strategies: z.record(z.string(), strategy).default({}),
});

export type LedgerSettings = Readonly<z.infer<typeof ledgerSchema>>;

/** A text such as `15s`, as ms within a range that the message names. */
function duration(least: string, most: string, { minMs, maxMs }: { minMs: number; maxMs: number }) {
  const what = `must be a duration from ${least} to ${most}, such as 90s, 12h or 7d`;
  return z.string(what).transform((text, context) => {
    const ms = readDuration(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    context.addIssue({ code: 'custom', message: what, input: text });
    return z.NEVER;
  });
}

function readDuration(text: string): number | undefined {
  try {
    return durationOption('ledger')(text);
  } catch {
    return undefined; // all that it throws is that the text is none
  }
}
