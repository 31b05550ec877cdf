import { expect, test } from 'vitest';
import { nightdesk } from '../../support/command.ts';
import { writeSamples } from '../../support/lake.ts';
import { needsSamples, samplesPresent } from '../../support/samples.ts';
import { tempFolder } from '../../support/temp.ts';

test.skipIf(!samplesPresent)(
  needsSamples('the real logs: 37 runs with a position each, and the money of the bot’s own books'),
  async () => {
    const data = tempFolder();
    writeSamples(data);
    await nightdesk('rebuild', '--data', data);

    const totals = JSON.parse((await nightdesk('trades', '--summary', '--format', 'json', '--data', data)).out);
    const list = JSON.parse((await nightdesk('trades', '--mode', 'unknown', '--format', 'json', '--data', data)).out);
    const held = JSON.parse(
      (await nightdesk('positions', '--all', '--mode', 'unknown', '--format', 'json', '--data', data)).out,
    );
    const again = JSON.parse((await nightdesk('rebuild', '--dry-run', '--json', '--data', data)).out);

    expect(totals.find(({ mode }: { mode: string | null }) => mode === null)).toMatchObject({
      trades: 37,
      closed: 0,
      abandoned: 37,
      gross_pnl_usd: 0,
      net_pnl_usd: expect.closeTo(-316.501396, 6),
      fees_usd: expect.closeTo(23.756722, 6),
      impact_usd: expect.closeTo(292.744673, 6),
      net_unknown: 0,
    });
    expect(list.trades.filter(({ confidence }: { confidence: number }) => confidence < 1).length).toBeGreaterThan(0);
    expect(held.positions).toHaveLength(37);
    for (const position of held.positions) expect(position.unrealized_pnl_usd).not.toBeNull();
    for (const ledger of again.ledgers) expect(ledger).toMatchObject({ changed: 0, retracted: 0 });
  },
);
