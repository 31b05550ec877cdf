import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exampleEvent, isoOf } from '../../support/lake.ts';
import { tempFolder } from '../../support/temp.ts';
import { facts, nightdesk, query } from '../import/cli.ts';

const START_MS = Date.UTC(2025, 11, 3, 12);

const fill = (side: string, ms: number): string =>
  `${JSON.stringify(
    exampleEvent('execution', {
      strategy_id: 'bot',
      session_id: 's1',
      mode: 'paper',
      source_log: null,
      ts: isoOf(ms),
      ts_ms: ms,
      side,
      qty: 1,
      price: 100,
      reduce_only: false,
      position_qty: null,
      order_id: `${side}-${ms}`,
      client_order_id: null,
      venue_order_id: null,
      venue_fill_id: `${side}-${ms}`,
    }),
  )}\n`;

function place(): { log: string; data: string } {
  const folder = tempFolder();
  const log = join(folder, 'fills.jsonl');
  writeFileSync(log, fill('buy', START_MS) + fill('sell', START_MS + 60_000));
  return { log, data: join(folder, 'data') };
}

const trades = (data: string) => query(data, 'select status, direction from trade_lifecycle order by ts');

describe('import', () => {
  test('ends with the trades of what it brought, of any age, and says so in a line', async () => {
    const { log, data } = place();
    const { out } = await nightdesk('import', log, '--data', data);
    expect(out).toMatch(/^ {2}ledger {5}1 ledger: \d+ rows, \d+ changed, 0 withdrawn$/m);
    expect(await trades(data)).toEqual([{ status: 'closed', direction: 'long' }]);
    const again = await facts('import', log, '--data', data);
    expect(again.ledgers).toMatchObject([{ strategy_id: 'bot', mode: 'paper', changed: 0, retracted: 0 }]);
  });

  test('a later import of an earlier fill sets right what was said before', async () => {
    const { log, data } = place();
    await nightdesk('import', log, '--data', data);
    const earlier = join(log, '..', 'earlier.jsonl');
    writeFileSync(earlier, fill('sell', START_MS - 60_000));
    await nightdesk('import', earlier, '--data', data);
    expect(await trades(data)).toEqual([
      { status: 'closed', direction: 'short' },
      { status: expect.stringMatching(/open|abandoned/), direction: 'short' },
    ]);
  });

  test('leaves the ledger alone on a dry run and where it is told to', async () => {
    const { log, data } = place();
    expect((await nightdesk('import', log, '--data', data, '--no-ledger')).out).not.toMatch(/ledger/);
    expect(await trades(data)).toEqual([]);
    expect((await nightdesk('import', log, '--data', data, '--dry-run')).out).not.toMatch(/ledger/);
    expect(await trades(data)).toEqual([]);
  });
});
