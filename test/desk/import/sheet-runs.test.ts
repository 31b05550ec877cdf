import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CsvRows } from '../../../lib/desk/import/csv.ts';
import { SheetRuns } from '../../../lib/desk/import/sheet-runs.ts';
import { mapSheetRow } from '../../../lib/desk/import/sheets.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../../support/samples.ts';

/** A row as the sheet's mapping gives it: cells are text. */
type SheetRow = Readonly<Record<string, string>>;

interface Order {
  readonly side: 'BUY' | 'SELL';
  readonly qty: number;
  readonly price: number;
}

/** What one process of the bot writes: average cost, fee and impact charged at each fill, flips in one fill. */
function process(orders: readonly Order[], start = { qty: 0, avg: 0, realized: 0 }): SheetRow[] {
  let { qty, avg, realized } = start;
  return orders.map(({ side, qty: size, price }) => {
    const signed = side === 'BUY' ? size : -size;
    const fee = 0.0005 * size * price;
    const impact = 0.005 * size * price;
    const opposite = Math.sign(qty) === -Math.sign(signed);
    const closed = opposite ? Math.min(size, Math.abs(qty)) : 0;
    realized += (price - avg) * closed * Math.sign(qty) - fee - impact;
    const next = qty + signed;
    if (!opposite) avg = (avg * Math.abs(qty) + price * size) / (Math.abs(qty) + size);
    else if (size > Math.abs(qty)) avg = price;
    else if (next === 0) avg = 0;
    qty = next;
    return {
      side,
      qty: String(size),
      price: String(price),
      fee_usd: String(fee),
      impact_usd: String(impact),
      position_qty: String(qty),
      position_avg_px: String(avg),
      realized_pnl_cum_usd: String(realized),
    };
  });
}

const sessions = (rows: readonly SheetRow[], runs = new SheetRuns('f.0')) =>
  rows.map((row, index) => runs.of({ ...row }, index + 2)?.sessionId);

/** Which rows belong together, whatever their runs are called. */
const grouped = (names: readonly unknown[]): number[] => names.map((name) => names.indexOf(name));

const order: fc.Arbitrary<Order> = fc.record({
  side: fc.constantFrom('BUY', 'SELL'),
  qty: fc.double({ min: 0.001, max: 5, noNaN: true }),
  price: fc.double({ min: 1, max: 90_000, noNaN: true }),
});
/** Processes, and an order in which they write one row each. */
const interleaved = fc
  .array(fc.array(order, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 })
  .chain((processes) =>
    fc.record({
      processes: fc.constant(processes),
      turns: fc.shuffledSubarray(
        processes.flatMap((orders, index) => orders.map(() => index)).map((index, at) => ({ index, at })),
        { minLength: processes.flat().length },
      ),
    }),
  );

function sheetOf({ processes, turns }: { processes: Order[][]; turns: { index: number }[] }) {
  // No two trade the same quantities: equal accounts cannot be told apart, by nobody.
  const rows = processes.map((orders, index) =>
    process(orders.map((one) => ({ ...one, qty: one.qty * (1 + index / 7.3) }))),
  );
  const written = rows.map(() => 0);
  return turns.map(({ index }) => {
    const row = rows[index]?.[written[index] ?? 0];
    written[index] = (written[index] ?? 0) + 1;
    if (row === undefined) throw new Error('a turn too many');
    return { index, row };
  });
}

describe('the runs of a sheet', () => {
  test('processes that write one sheet at the same time are told apart, whatever they trade', () => {
    fc.assert(
      fc.property(interleaved, (history) => {
        const sheet = sheetOf(history);
        expect(grouped(sessions(sheet.map(({ row }) => row)))).toEqual(grouped(sheet.map(({ index }) => index)));
      }),
      { numRuns: 500 },
    );
  });

  test('a sheet that grew gives its old rows the runs they had', () => {
    fc.assert(
      fc.property(interleaved, fc.nat(60), (history, cut) => {
        const rows = sheetOf(history).map(({ row }) => row);
        expect(sessions(rows.slice(0, cut))).toEqual(sessions(rows).slice(0, cut));
      }),
      { numRuns: 200 },
    );
  });

  test('a run is named by the sheet and its first row', () => {
    const rows = process([
      { side: 'BUY', qty: 1, price: 100 },
      { side: 'BUY', qty: 1, price: 110 },
    ]);

    expect(sessions([...rows, ...rows])).toEqual(['sheet-f.0-2', 'sheet-f.0-2', 'sheet-f.0-4', 'sheet-f.0-4']);
    expect(sessions(rows, new SheetRuns('other.1'))).toEqual(['sheet-other.1-2', 'sheet-other.1-2']);
  });

  test('a position may be added to, reduced, closed, turned and opened again within one run', () => {
    const rows = process([
      { side: 'BUY', qty: 1, price: 100 },
      { side: 'BUY', qty: 0.5, price: 110 },
      { side: 'SELL', qty: 0.7, price: 120 },
      { side: 'SELL', qty: 2, price: 90 },
      { side: 'BUY', qty: 1.2, price: 80 },
      { side: 'SELL', qty: 3, price: 85 },
    ]);

    expect(new Set(sessions(rows)).size).toBe(1);
  });

  test('of equal runs the one that was written to last goes on', () => {
    const [first, second] = process([
      { side: 'BUY', qty: 1, price: 100 },
      { side: 'SELL', qty: 1, price: 101 },
    ]) as [SheetRow, SheetRow];

    expect(sessions([first, first, second, second])).toEqual([
      'sheet-f.0-2',
      'sheet-f.0-3',
      'sheet-f.0-3',
      'sheet-f.0-2',
    ]);
  });

  test('a run whose beginning is not in the sheet is one run, and says that it has no head', () => {
    const rows = process(
      [
        { side: 'BUY', qty: 1, price: 100 },
        { side: 'SELL', qty: 4, price: 101 },
      ],
      { qty: 2, avg: 90, realized: -7 },
    );
    const runs = new SheetRuns('f.0');

    expect(rows.map((row, index) => runs.of({ ...row }, index + 2))).toEqual([
      { sessionId: 'sheet-f.0-2', headless: true },
      { sessionId: 'sheet-f.0-2', headless: false },
    ]);
  });

  test.each(['side', 'qty', 'price', 'position_qty', 'realized_pnl_cum_usd'])(
    'a row without %s is of no run, and costs the others nothing',
    (column) => {
      const [first, second] = process([
        { side: 'BUY', qty: 1, price: 100 },
        { side: 'BUY', qty: 1, price: 101 },
      ]) as [SheetRow, SheetRow];

      expect(sessions([first, { ...second, [column]: '' }, second])).toEqual(['sheet-f.0-2', undefined, 'sheet-f.0-2']);
    },
  );

  test('an agreement that is off by more than rounding is none', () => {
    const [first, second] = process([
      { side: 'BUY', qty: 1, price: 100 },
      { side: 'BUY', qty: 1, price: 101 },
    ]) as [SheetRow, SheetRow];
    for (const column of ['position_qty', 'position_avg_px', 'realized_pnl_cum_usd']) {
      const off = { ...second, [column]: String(Number(second[column]) * (1 + 1e-7)) };
      expect(new Set(sessions([first, off])).size, column).toBe(2);
    }
  });

  test('memory is bounded: the run that was silent for longest is given up, and a row of it begins another', () => {
    const [old, next] = process([
      { side: 'BUY', qty: 1, price: 100 },
      { side: 'BUY', qty: 1, price: 101 },
    ]) as [SheetRow, SheetRow];
    const others = [3, 4].flatMap((qty) => process([{ side: 'BUY', qty, price: 100 }]));

    expect(sessions([old, ...others, next], new SheetRuns('f.0', 3))[3]).toBe('sheet-f.0-2');
    expect(sessions([old, ...others, next], new SheetRuns('f.0', 2))[3]).toBe('sheet-f.0-5');
  });
});

test.skipIf(!samplesPresent)(
  needsSamples('the real sheet of 48 rows holds 37 runs, 11 of its rows add to a position'),
  () => {
    const path = join(SAMPLES, 'metastacker/5m/sheets_fallback/executions_paper.csv');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const runs = new SheetRuns('f.0');
    const ends = new Map<string, number>();
    let rows = 0;
    for (const { kind, record, number } of new CsvRows().push(
      lines.map((text, index) => ({ text, number: index + 1, at: 0, bytes: text.length })),
    )) {
      if (kind !== 'row' || record === undefined) continue;
      const mapped = mapSheetRow(record, path);
      if (mapped === undefined || 'failed' in mapped) throw new Error('no execution');
      const run = runs.of(mapped.event, number);
      expect(run).toMatchObject({ headless: false });
      ends.set(run?.sessionId ?? '', Number(mapped.event.realized_pnl_cum_usd));
      rows++;
    }

    expect(ends.size).toBe(37);
    expect(rows - ends.size).toBe(11);
    expect([...ends.values()].reduce((sum, end) => sum + end, 0)).toBeCloseTo(-316.501396, 6);
  },
);
