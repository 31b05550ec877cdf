import { expect, test } from 'vitest';
import { nightdesk } from '../../support/command.ts';
import { openTestLake } from '../../support/open-lake.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../../support/samples.ts';
import { tempFolder } from '../../support/temp.ts';
import { recomputedSql } from './samples-sql.ts';

type Figures = Record<string, unknown>;

const keyOf = ({ mode, level, session_id, bucket_ms }: Figures): string =>
  [mode, level, session_id, Number(bucket_ms)].join(' ');

/** Figures alike to 1e-9; what is empty is null in SQL and absent in a map. */
function expectAlike(got: Figures, expected: Figures, of: string): void {
  for (const [name, value] of Object.entries(expected)) {
    const own = got[name] ?? null;
    const numbers = typeof value === 'number' || typeof value === 'bigint';
    if (numbers && (typeof own === 'number' || typeof own === 'bigint'))
      expect(Math.abs(Number(own) - Number(value)), `${name} of ${of}: ${own}, not ${value}`).toBeLessThanOrEqual(
        1e-9 * Math.max(1, Math.abs(Number(value))),
      );
    else if (typeof value === 'string' && value.startsWith('{'))
      expect(own, `${name} of ${of}`).toEqual(JSON.parse(value));
    else expect(own, `${name} of ${of}`).toEqual(value);
  }
}

test.skipIf(!samplesPresent)(
  needsSamples('every figure of the snapshots of the samples is what plain SQL says'),
  async () => {
    const data = tempFolder();
    expect(await nightdesk('import', SAMPLES, '--data', data, '--json')).toMatchObject({ code: 0 });
    expect(await nightdesk('rebuild', '--data', data, '--json')).toMatchObject({ code: 0 });
    expect(await nightdesk('snapshots', 'build', '--data', data)).toMatchObject({ code: 0 });
    const lake = await openTestLake(data);
    for (const bucket of ['1h', '24h'] as const) {
      const made = await lake.rows(`select *, ts_ms as bucket_ms from snapshot where bucket = '${bucket}'`);
      const byKey = new Map(made.filter(({ level }) => level !== 'account').map((row) => [keyOf(row), row]));
      const expected = await lake.rows(recomputedSql(bucket));
      expect([...byKey.keys()].sort()).toEqual(expected.map(keyOf).sort());
      for (const row of expected) {
        const { bucket_ms: _, ...figures } = row;
        expectAlike(byKey.get(keyOf(row)) ?? {}, figures, `${bucket} ${keyOf(row)}`);
      }
      // S1's bot keeps one account in the samples: its row says what the strategy's says.
      const accounts = made.filter(({ level }) => level === 'account');
      expect(accounts.length).toBeGreaterThan(0);
      for (const { event_id, account_id, timeframe, level, ...figures } of accounts) {
        expect([account_id, timeframe]).toEqual(['timeframe 5m', '5m']);
        const { event_id: __, ...strategy } = byKey.get(keyOf({ ...figures, level: 'strategy' })) ?? {};
        expectAlike(strategy, figures, `${bucket} account ${String(figures.ts)}`);
      }
    }
    // What is known of them from the bot's own ledger (real-logs 1.6).
    const [sums] = await lake.rows(
      `select count(*) as runs, sum(fill_count) as fills, sum(fees_usd) as fees, sum(daily_realized_pnl) as realized, sum(open_trades) as open, max(peak_equity) as peak
       from snapshot where bucket = '24h' and level = 'run' and mode is null and fill_count > 0`,
    );
    expect(sums).toMatchObject({ runs: 37, fills: 48, open: 37 });
    expect(Number(sums?.fees)).toBeCloseTo(23.756722, 6);
    expect(Number(sums?.realized)).toBeCloseTo(-316.501396, 6);
    expect(Number(sums?.peak)).toBeCloseTo(10_008.19, 6);
  },
  120_000,
);
