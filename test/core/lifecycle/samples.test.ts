import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import type { EventOf } from '../../../lib/core/catalog/index.ts';
import { openFold } from '../../../lib/core/lifecycle/fold.ts';
import { comparePlaces, inputOf, ledgerKeyOf } from '../../../lib/core/lifecycle/input.ts';
import { type DerivedRow, type Input, LEDGER_DEFAULTS, type LedgerKey } from '../../../lib/core/lifecycle/types.ts';
import { nightdesk } from '../../support/command.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../../support/samples.ts';

type Trade = EventOf<'trade_lifecycle'>;

const LONG_AFTER_MS = Date.UTC(2026, 9, 1);
const folder = mkdtempSync(join(tmpdir(), 'nightdesk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every event that lies in the lake of a data folder. */
function stored(path: string): Record<string, unknown>[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const child = join(path, entry.name);
    if (entry.isDirectory()) return stored(child);
    const lines = gunzipSync(readFileSync(child)).toString().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  });
}

/** The rows of every ledger of a lake, folded in one go. */
function folded(events: readonly Record<string, unknown>[]): DerivedRow[] {
  const ledgers = new Map<string, { key: LedgerKey; inputs: Input[] }>();
  for (const event of events) {
    const input = inputOf(event);
    if (input === undefined) continue;
    const key = ledgerKeyOf(event);
    const ledger = ledgers.get(JSON.stringify(key)) ?? { key, inputs: [] };
    ledgers.set(JSON.stringify(key), ledger);
    ledger.inputs.push(input);
  }
  return [...ledgers.values()].flatMap(({ key, inputs }) => {
    const fold = openFold(key, LEDGER_DEFAULTS, { sha256 });
    inputs.sort(comparePlaces);
    fold.announce(inputs);
    fold.apply(inputs, Number.POSITIVE_INFINITY);
    return fold.rows(LONG_AFTER_MS);
  });
}

async function imported(name: string, ...paths: string[]): Promise<Trade[]> {
  const data = join(folder, name);
  const full = paths.map((path) => join(SAMPLES, path));
  const { code, err } = await nightdesk('import', ...full, '--data', data, '--source', 's');
  expect({ code, err }).toMatchObject({ code: 0 });
  const rows = folded(stored(join(data, 'lake', 'events')));
  return rows.filter(({ stream }) => stream === 'trade_lifecycle').map(({ event }) => event as Trade);
}

type Figure = 'net_pnl_usd' | 'fees_usd' | 'impact_usd' | 'scale_in_count' | 'fill_count';

const sum = (trades: readonly Trade[], field: Figure): number =>
  trades.reduce((total, trade) => total + (trade[field] ?? Number.NaN), 0);

/** A trade by what every log of it says. */
const figures = ({ entry_px, entry_qty, entry_bar_ts, fees_usd, impact_usd, net_pnl_usd, fill_count }: Trade): string =>
  [entry_bar_ts, entry_qty, entry_px, fees_usd, impact_usd, net_pnl_usd, fill_count]
    .map((value) => (typeof value === 'number' ? value.toPrecision(10) : value))
    .join(' ');

const TITLE = 'the real ledger of a paper bot that ran 37 times';

describe.runIf(samplesPresent)(TITLE, () => {
  let both: Trade[] = [];
  let logs: Trade[] = [];
  let sheet: Trade[] = [];
  beforeAll(async () => {
    both = await imported('both', 'metastacker');
    logs = await imported('logs', 'metastacker/5m/logs');
    sheet = await imported('sheet', 'metastacker/5m/sheets_fallback');
  });

  test('is 37 trades with 11 scale-ins, none closed, whichever of its logs are there', () => {
    for (const trades of [both, logs, sheet]) {
      expect(trades).toHaveLength(37);
      expect(new Set(trades.map(({ session_id }) => session_id)).size).toBe(37);
      expect(trades.map(({ status }) => status)).not.toContain('closed');
      expect(sum(trades, 'scale_in_count')).toBe(11);
      expect(sum(trades, 'fill_count')).toBe(48);
    }
    expect(both.map(figures).sort()).toEqual(logs.map(figures).sort());
    expect(both.map(figures).sort()).toEqual(sheet.map(figures).sort());
  });

  test('sums to what the bot itself booked', () => {
    for (const trades of [both, logs, sheet]) {
      expect(sum(trades, 'net_pnl_usd')).toBeCloseTo(-316.501396, 6);
      expect(sum(trades, 'fees_usd')).toBeCloseTo(23.756722, 6);
      expect(sum(trades, 'impact_usd')).toBeCloseTo(292.744673, 6);
      expect(trades.map(({ cost_precision }) => cost_precision)).toEqual(Array(37).fill('exact'));
    }
  });

  test('equals the bot’s own ledger in every run, to a billionth of a dollar', () => {
    for (const { net_pnl_usd, bot_realized_pnl_usd, bot_pnl_basis } of [...both, ...sheet]) {
      expect(bot_pnl_basis).toBe('net_of_all_costs');
      expect(Math.abs((net_pnl_usd ?? Number.NaN) - (bot_realized_pnl_usd ?? Number.NaN))).toBeLessThan(1e-9);
    }
    const ofRun = new Map(both.map((trade) => [trade.session_id, trade.net_pnl_usd]));
    for (const { session_id, net_pnl_usd } of logs)
      expect(Math.abs((net_pnl_usd ?? Number.NaN) - (ofRun.get(session_id) ?? Number.NaN))).toBeLessThan(1e-9);
  });

  test('joins every fill to its cost, attribution and signal, one to one, and is unsure of six', () => {
    const fills = both.flatMap((trade) => trade.fills ?? []);
    expect(fills).toHaveLength(48);
    for (const id of ['event_id', 'cost_id', 'attribution_id', 'signal_id'] as const)
      expect(new Set(fills.map((fill) => fill?.[id] ?? '')).size, id).toBe(48);
    expect(fills.filter((fill) => (fill?.signal_confidence ?? 0) < 1)).toHaveLength(6);
  });
});

test.runIf(!samplesPresent)(needsSamples(TITLE), () => undefined);
