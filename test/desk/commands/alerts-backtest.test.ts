import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CommandResult, nightdesk } from '../../support/command.ts';
import { isoOf, type LakeEvent, writeLake, writeSamples } from '../../support/lake.ts';
import { needsSamples, samplesPresent } from '../../support/samples.ts';
import { tempFolder } from '../../support/temp.ts';

const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 0, 5);
const CAME_IN = '2026-02-01T00:00:00.000000Z';

let made = 0;
const event = (stream: string, minute: number, fields: LakeEvent): LakeEvent => {
  const ms = START + minute * MINUTE_MS;
  return {
    event_id: `e-${++made}`,
    stream,
    schema_version: 1,
    ts: isoOf(ms),
    ts_ms: ms,
    ts_source: 'ts',
    ingested_at: CAME_IN,
    strategy_id: 'momo',
    session_id: 'run',
    mode: 'live',
    ...fields,
  };
};

/** Two imported days: late data at 01:00 for a quarter of an hour; equity falls by a tenth at 02:00. */
function imported(over: LakeEvent = {}): string {
  const data = tempFolder();
  const rules = {
    own_late: {
      enabled: false,
      unit: 'ms',
      title: 'Market data is late',
      condition: { kind: 'threshold', of: { stream: 'health' }, field: 'ws_staleness_ms', above: 30_000 },
    },
  };
  writeFileSync(join(data, 'nightdesk.json'), JSON.stringify({ alerts: { rules } }));
  writeLake(
    data,
    Array.from({ length: 2 * 288 }, (_, n) => [
      event('health', n * 5, { heartbeat_s: 300, ws_staleness_ms: n >= 12 && n < 15 ? 40_000 + n : 50, ...over }),
      event('equity_curve', n * 5, { equity: n * 5 >= 120 ? 9_000 : 10_000, ...over }),
    ]).flat(),
  );
  return data;
}

const backtest = (data: string, ...args: readonly string[]): Promise<CommandResult> =>
  nightdesk('alerts', 'backtest', 'own_late', '--data', data, ...args);

test('a rule that is off is shown with its fires, its lead and a picture of each day', async () => {
  const { code, out, err } = await backtest(imported());

  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('own_late  warning  Market data is late  (off)\n2 days, 1 strategy, 1,152 events\n');
  expect(out).toContain('1,152 of them came in long after they happened');
  expect(out).toMatch(/fires +1, 0.50 a day/);
  expect(out).toMatch(/time firing +15m/);
  expect(out).toMatch(/drawdowns +1 of 3.0 % or more from the peak/);
  expect(out).toMatch(/lead time +1 fired before a drawdown, 1h in the median/);
  expect(out).toMatch(/2026-01-05 {2}··█·{45} {2}1 fire, 15m/);
  expect(out).toMatch(/2026-01-06 {2}·{48}\n/);
  expect(out).toMatch(/2026-01-05 01:00:00 +live +momo +15m +40,014 ms +30,000 ms +1h /);
});

test('JSON holds the same, for programs', async () => {
  const { out } = await backtest(imported(), '--json');

  expect(JSON.parse(out)).toMatchObject({
    from: '2026-01-05',
    to: '2026-01-06',
    days: 2,
    observations: 1152,
    history: 1152,
    silent: 0,
    report: {
      rule: { id: 'own_late' },
      strategies: ['live/momo'],
      fires: [{ openedMs: START + 60 * MINUTE_MS, worst: 40_014, lead: { kind: 'before', ms: 60 * MINUTE_MS } }],
      days: [
        { date: '2026-01-05', fires: 1 },
        { date: '2026-01-06', fires: 0 },
      ],
    },
  });
});

test('--set tries other limits by the words of nightdesk.json, and changes no file', async () => {
  const data = imported();
  const fires = async (...args: readonly string[]): Promise<number> =>
    JSON.parse((await backtest(data, '--json', ...args)).out).report.fires.length;

  expect(await fires('--set', 'above=45000')).toBe(0);
  expect(await fires('--set', 'above=10', '--set', 'for=20m')).toBe(1);
  expect(await fires('--set', 'for=12m')).toBe(1);
  expect(await fires('--set', 'for=16m')).toBe(0);
  expect(await fires()).toBe(1);
  for (const wrong of ['above', 'above=much', 'sideways=1', 'for=soon', 'kind=count', '=3']) {
    const { code, err } = await backtest(data, '--set', wrong);
    expect([wrong, code, err]).toEqual([wrong, 2, expect.stringContaining('[CONFIG_INVALID]')]);
  }
});

test('what is set on the command line counts for a strategy with limits of its own too', async () => {
  const data = imported();
  const config = JSON.parse('{"alerts":{"rules":{},"strategies":{"momo":{"own_late":{"condition":{"above":90000}}}}}}');
  config.alerts.rules.own_late = {
    enabled: false,
    condition: { kind: 'threshold', of: { stream: 'health' }, field: 'ws_staleness_ms', above: 30_000 },
  };
  writeFileSync(join(data, 'nightdesk.json'), JSON.stringify(config));
  const fires = async (...args: readonly string[]): Promise<number> =>
    JSON.parse((await backtest(data, '--json', ...args)).out).report.fires.length;

  expect(await fires()).toBe(0);
  expect(await fires('--set', 'above=30000')).toBe(1);
});

test('days, strategies and modes narrow what is played', async () => {
  const data = imported();
  const report = async (...args: readonly string[]) => JSON.parse((await backtest(data, '--json', ...args)).out);

  expect((await report('--from', '2026-01-06')).report.fires).toEqual([]);
  expect((await report('--to', '2026-01-05')).days).toBe(1);
  expect((await backtest(data, '--to', '2026-01-05')).out).toContain('\n1 day, 1 strategy, ');
  expect((await report('--strategy', "o'neill")).report).toMatchObject({ strategies: [], noDataShare: null });
  expect((await report('--drawdown', '15')).report.drawdowns).toBe(0);
  expect((await report('--from', '2026-01-07', '--to', '2026-01-06')).report).toBeNull();
});

test('modes that never alert are left out unless one is named', async () => {
  const data = imported({ mode: 'backtest' });

  expect((await backtest(data)).out).toContain('1,152 more are of modes that never alert');
  expect(JSON.parse((await backtest(data, '--mode', 'backtest', '--json')).out).report.fires).toHaveLength(1);
});

test('an empty lake, and wrong options, say so', async () => {
  const data = tempFolder();

  expect(await nightdesk('alerts', 'backtest', 'dead_bot', '--data', data)).toMatchObject({
    code: 0,
    err: expect.stringContaining('Nothing is stored'),
  });
  expect((await nightdesk('alerts', 'backtest', '--data', data)).code).toBe(2);
  for (const [option, value] of [
    ['--drawdown', '0'],
    ['--drawdown', 'NaN'],
    ['--from', '2026-13-01'],
    ['--mode', 'loud'],
  ] as const)
    expect([
      option,
      value,
      (await nightdesk('alerts', 'backtest', 'dead_bot', '--data', data, option, value)).code,
    ]).toEqual([option, value, 2]);
});

test('names from logs move no cursor', async () => {
  const { out } = await backtest(imported({ strategy_id: '\u001b[2J\u202eevil', session_id: '\u0007' }));

  expect(out).toContain('evil');
  expect(out).not.toContain('\u001b');
  expect(out).not.toContain('\u202e');
});

test('suggest tries every rule that is off, and what it prints switches them on', async () => {
  const data = imported();

  const { code, out } = await nightdesk('alerts', 'suggest', '--data', data);
  const { suggestions, nightdesk_json } = JSON.parse(
    (await nightdesk('alerts', 'suggest', '--data', data, '--json')).out,
  );

  expect(code).toBe(0);
  expect(out).toMatch(/own_late +yes +1 +0.50 .* 1h +1 fire, 1 of them 1h \(median\) before a drawdown/);
  expect(out).toContain('"own_late": { "enabled": true }');
  expect(suggestions.find(({ ruleId }: { ruleId: string }) => ruleId === 'own_late')).toMatchObject({
    recommended: true,
  });
  expect(suggestions.some(({ ruleId }: { ruleId: string }) => ruleId === 'dead_bot')).toBe(false);
  const { own_late: own, ...shipped } = nightdesk_json.alerts.rules;
  expect(own).toEqual({ enabled: true });
  writeFileSync(join(data, 'nightdesk.json'), JSON.stringify({ alerts: { rules: shipped } }));
  expect((await nightdesk('alerts', 'list', '--data', data)).code).toBe(0);
});

test.skipIf(!samplesPresent)(
  needsSamples('over the real records no rule fires on a value that is null or missing: it has no data'),
  async () => {
    const data = tempFolder();
    writeSamples(data);

    const { out } = await nightdesk('alerts', 'suggest', '--data', data, '--to', '2025-12-02', '--json');

    const of = (id: string) => JSON.parse(out).suggestions.find(({ ruleId }: { ruleId: string }) => ruleId === id);
    for (const id of ['ic_drift_warning', 'ic_drift_critical', 'data_not_fresh', 'venue_disconnected', 'book_lag'])
      expect(of(id)).toMatchObject({ fires: 0, noDataShare: 1, recommended: false });
    for (const id of ['leakage_flag', 'max_dd_critical', 'capacity_participation'])
      expect(of(id)).toMatchObject({ fires: 0, noDataShare: expect.toSatisfy((share: number) => share < 1) });
  },
  120_000,
);
