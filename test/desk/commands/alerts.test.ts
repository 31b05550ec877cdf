import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { gunzip, gzip } from '../../../lib/adapters/local/gzip.ts';
import { createFolderStore } from '../../../lib/adapters/local/object-store.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { createFolderStateStore } from '../../../lib/adapters/local/state-store.ts';
import { dedupeKeyOf } from '../../../lib/core/alerts/identity.ts';
import { type Alerts, createAlerts } from '../../../lib/core/alerts/runtime.ts';
import type { AlertView, Observation } from '../../../lib/core/alerts/types.ts';
import { alertsOf } from '../../../lib/core/config/index.ts';
import { readSettings } from '../../../lib/desk/settings.ts';
import { type CommandResult, nightdesk } from '../../support/command.ts';
import { tempFolder } from '../../support/temp.ts';

const MINUTE_MS = 60_000;
const SLACK = 'https://hooks.slack.com/services/T000/B000/this-is-the-secret';

/** Own rules beside those that ship, so that these tests say nothing of the shipped limits. */
const RULES = {
  own_late: {
    title: 'Market data is late',
    severity: 'warning',
    unit: 'ms',
    condition: { kind: 'threshold', of: { stream: 'market' }, field: 'price', above: 100 },
  },
  own_deadly: {
    title: 'The worst of all',
    severity: 'critical',
    condition: { kind: 'threshold', of: { stream: 'market' }, field: 'size', above: 10 },
  },
  own_blind: {
    title: 'Never seen',
    severity: 'info',
    condition: { kind: 'threshold', of: { stream: 'market' }, field: 'funding_rate', above: 1 },
  },
  own_off: {
    enabled: false,
    condition: { kind: 'threshold', of: { stream: 'market' }, field: 'price', above: 50 },
  },
};

const keyOf = (ruleId: string, strategyId = 'momo'): string =>
  dedupeKeyOf({ ruleId, key: { mode: 'live', strategyId }, group: '' }, sha256);
const KEY = keyOf('own_late');

afterEach(() => void vi.unstubAllEnvs());

interface Lived {
  readonly data: string;
  readonly alerts: Alerts;
  /** Tells the rules what came in so many minutes ago, then the time. */
  market(minutesAgo: number, fields: Readonly<Record<string, unknown>>, over?: Partial<Observation>): Promise<void>;
  tick(minutesAgo: number): Promise<void>;
}

async function lived(config: Readonly<Record<string, unknown>> = {}): Promise<Lived> {
  const data = tempFolder();
  writeFileSync(join(data, 'nightdesk.json'), JSON.stringify({ alerts: { rules: RULES, ...config } }));
  const startMs = Date.now();
  let nowMs = startMs;
  const alerts = createAlerts(
    {
      store: createFolderStore(join(data, 'lake')),
      state: createFolderStateStore(join(data, 'lake')),
      clock: { nowMs: () => nowMs },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      gzip,
      gunzip,
      sha256,
    },
    alertsOf(await readSettings(data)),
  );
  let made = 0;
  const tick = async (minutesAgo: number): Promise<void> => {
    nowMs = startMs - minutesAgo * MINUTE_MS;
    await alerts.tick();
  };
  return {
    data,
    alerts,
    tick,
    async market(minutesAgo, fields, over = {}) {
      nowMs = startMs - minutesAgo * MINUTE_MS;
      const one: Observation = {
        stream: 'market',
        mode: 'live',
        strategyId: 'momo',
        sessionId: 'run',
        symbol: 'BTC-USD',
        eventId: `e-${++made}`,
        tsMs: nowMs,
        arrivedMs: nowMs,
        fields,
        ...over,
      };
      await alerts.observe([one]);
      await tick(minutesAgo);
    },
  };
}

const alertsCommand = (data: string, ...args: readonly string[]): Promise<CommandResult> =>
  nightdesk('alerts', ...args, '--data', data);

async function listed(data: string): Promise<{
  readonly alerts: readonly AlertView[];
  readonly rules: readonly {
    rule: { id: string };
    answer: string | null;
    blind: boolean;
    snoozedUntilMs: number | null;
  }[];
  readonly acks: readonly { of: string; operator: string; reason: string; untilMs: number | null }[];
  readonly snoozes: readonly { of: string }[];
  readonly channels: readonly { name: string; unsent: number }[];
}> {
  return JSON.parse((await alertsCommand(data, 'list', '--json')).out);
}

test('a folder in which nothing was heard has no alerts, and says that nobody asked', async () => {
  const { code, out } = await alertsCommand(tempFolder(), 'list');

  expect(code).toBe(0);
  expect(out).toContain('No alert is open.');
  expect(out).toContain('The rules were never asked');
});

test('list shows what is open, why it matters and by which key it is acknowledged', async () => {
  const { data, market } = await lived();
  await market(10, { price: 150, size: 1 });

  const { code, out } = await alertsCommand(data); // list is the default

  expect(code).toBe(0);
  expect(out).toContain('1 alert open (1 warning).');
  expect(out).toMatch(/warning +firing +own_late +live +momo +1\dm.* +150 ms +100 ms +own_late:live:momo/);
  expect(out).toMatch(/firing: +own_late/);
  expect(out).toMatch(/ok: +.*own_deadly/);
  expect(out).toMatch(/no data: +own_blind: /);
  expect(out).toMatch(/off: +\d+ rules/);
  const { alerts, rules, channels } = await listed(data);
  expect(alerts).toMatchObject([{ ruleId: 'own_late', status: 'firing', value: 150, limit: 100, symbol: 'BTC-USD' }]);
  expect(Object.fromEntries(rules.map(({ rule, answer }) => [rule.id, answer]))).toMatchObject({
    own_late: 'firing',
    own_deadly: 'ok',
    own_blind: 'no_data',
    own_off: 'off',
  });
  expect(channels).toMatchObject([{ name: 'slack', unsent: 1 }]);
  expect(out).toContain('1 notice not sent to slack yet');
});

test('every rule is listed with its limits, on or off', async () => {
  const { data, market } = await lived();
  await market(1, { price: 1 });

  const { out } = await alertsCommand(data, 'list', '--rules');

  expect(out).toMatch(/own_late +ok +warning +price above 100 ms +at once/);
  expect(out).toMatch(/own_off +off +warning +price above 50/);
});

test('a rule that has had no data for a day is blind', async () => {
  const { data, market, tick } = await lived();
  await market(25 * 60, { price: 1 });
  expect((await listed(data)).rules.find(({ rule }) => rule.id === 'own_blind')).toMatchObject({ blind: true });
  await tick(1);

  const { out } = await alertsCommand(data, 'list');

  expect(out).toMatch(/no data: +own_blind: BLIND for 1d 1h: /);
});

test('only with --exit-code the code tells of critical alerts, then of notices that were not sent', async () => {
  const { data, market } = await lived();
  expect((await alertsCommand(data, 'list', '--exit-code')).code).toBe(0);
  await market(10, { price: 150 });
  expect((await alertsCommand(data, 'list', '--exit-code')).code).toBe(1);
  await market(9, { price: 150, size: 99 });

  expect((await alertsCommand(data, 'list', '--exit-code')).code).toBe(2);
  expect((await alertsCommand(data, 'list', '--exit-code', '--json')).code).toBe(2);
  expect((await alertsCommand(data, 'list')).code).toBe(0);
});

test('history tells every change, newest first, with who acknowledged and why', async () => {
  const { data, market, tick } = await lived();
  await market(60, { price: 150 });
  expect((await alertsCommand(data, 'ack', 'own_late:live:momo', '--operator', 'ann', '--reason', 'on it')).code).toBe(
    0,
  );
  await tick(0);
  await market(0, { price: 1 });

  const { code, out } = await alertsCommand(data, 'history');

  expect(code).toBe(0);
  const changes = out.split('\n').flatMap((line) => /(opened|acknowledged|resolved) +warning/.exec(line)?.[1] ?? []);
  expect(changes).toEqual(['resolved', 'acknowledged', 'opened']);
  expect(out).toContain('by ann: on it');
  const json = JSON.parse((await alertsCommand(data, 'history', '--json', '--limit', '1')).out);
  expect(json).toMatchObject({
    fitting: 3,
    changes: [{ change: 'resolved', rule_id: 'own_late', strategy_id: 'momo' }],
  });
  expect((await alertsCommand(data, 'history', '--since', '30m')).out).not.toContain('opened');
  for (const [filter, value] of [
    ['--severity', 'critical'],
    ['--rule-id', 'own_deadly'],
    ['--strategy', "o'neill"],
    ['--mode', 'paper'],
  ] as const)
    expect((await alertsCommand(data, 'history', filter, value)).err).toContain('No alert changed in the last 24h');
});

test('stats say how long, and what nobody needed', async () => {
  const { data, market } = await lived();
  await market(90, { price: 150 });
  await market(80, { price: 1 });
  await market(70, { price: 1, size: 99 });

  const { out } = await alertsCommand(data, 'stats', '--since', '1d');
  const json = JSON.parse((await alertsCommand(data, 'stats', '--json')).out);

  expect(out).toMatch(/opened +2, 1 of them open still/);
  expect(out).toMatch(/noise +100.0 % of the resolved ones nobody acknowledged/);
  expect(out).toMatch(/last critical +.* UTC: own_deadly of momo/);
  expect(json).toMatchObject({ opened: 2, resolved: 1, meanDurationMs: 10 * MINUTE_MS, noise: 1, mttaMs: null });
  expect((await alertsCommand(tempFolder(), 'stats')).out).toBe('No alert was opened in the last 7d.\n');
});

test('an acknowledged alert is quiet, for as long as was said', async () => {
  const { data, market, tick, alerts } = await lived();
  await market(10, { price: 150 });

  const { code, out } = await alertsCommand(
    data,
    'ack',
    'own_late',
    '--ttl',
    '2h',
    '--operator',
    'ann',
    '--reason',
    'known',
  );

  expect([code, out]).toEqual([0, `acknowledged ${KEY}\nIt holds for 2h.\n`]);
  await tick(0);
  const { acks } = await listed(data);
  expect(acks).toMatchObject([{ of: KEY, operator: 'ann', reason: 'known' }]);
  expect((await listed(data)).alerts).toMatchObject([{ status: 'acknowledged' }]);
  expect((await alertsCommand(data)).out).toMatch(
    /Acknowledged\n {2}own_late:live:momo:? {2}for another 1h 59m.* by ann: known/,
  );
  await tick(-3 * 60);
  expect(
    (await alerts.states()).flatMap((state) => Object.values(state.alerts)).map(({ view }) => view.status),
  ).toEqual(['firing']);
});

test('an acknowledgement without an end says how it is taken back, and is', async () => {
  const { data, market } = await lived();
  await market(1, { price: 150 });

  expect((await alertsCommand(data, 'ack', '--dedupe-key', 'own_late:live:momo')).out).toContain(
    '`nightdesk alerts unack`',
  );
  expect((await listed(data)).acks).toHaveLength(1);
  expect((await alertsCommand(data, 'unack', 'own_late:live:momo')).code).toBe(0);
  expect((await listed(data)).acks).toHaveLength(0);
  expect((await alertsCommand(data, 'unack', 'own_late:live:momo')).code).toBe(1);
});

test('a critical alert speaks through an acknowledgement, and the command says so', async () => {
  const { data, market } = await lived();
  await market(1, { size: 99 });

  expect((await alertsCommand(data, 'ack', 'own_deadly')).out).toContain('It is critical: it goes on reminding.');

  const { data: told, market: there } = await lived({ suppressCriticalOnAck: true });
  await there(1, { size: 99 });
  expect((await alertsCommand(told, 'ack', 'own_deadly')).out).not.toContain('critical');
});

test('a snoozed rule is silent, critical or not, until it is woken', async () => {
  const { data, market, tick } = await lived();

  expect((await alertsCommand(data, 'snooze', 'own_deadly', '--ttl', '8h')).out).toContain('critical or not');
  await market(1, { size: 99 });

  expect((await listed(data)).alerts).toMatchObject([{ ruleId: 'own_deadly', status: 'snoozed' }]);
  expect((await listed(data)).channels).toMatchObject([{ unsent: 0 }]);
  expect((await alertsCommand(data)).out).toContain('own_deadly (snoozed)');
  const woken = JSON.parse((await alertsCommand(data, 'unsnooze', '--rule-id', 'own_deadly', '--json')).out);
  expect(woken).toMatchObject({ action: 'unsnoozed', of: 'own_deadly', notes: [] });
  await tick(0);
  expect((await listed(data)).alerts).toMatchObject([{ status: 'firing' }]);
  expect((await alertsCommand(data, 'unsnooze', 'own_deadly')).out).toContain('It was not snoozed.');
});

test('an alert resolved by hand is over', async () => {
  const { data, market, tick } = await lived();
  await market(1, { price: 150 });

  expect((await alertsCommand(data, 'resolve', 'own_late', '--reason', 'fixed')).out).toMatch(
    /^resolved own_late:live:momo:?\n/,
  );
  await tick(0);

  expect((await listed(data)).alerts).toEqual([]);
  expect((await alertsCommand(data, 'resolve', 'own_late')).code).toBe(1);
});

test('names that are not known are refused with the nearest, and nothing is written', async () => {
  const { data, market } = await lived();
  await market(1, { price: 150 });
  const refused = async (...args: readonly string[]): Promise<readonly [number, string]> => {
    const { code, err } = await alertsCommand(data, ...args);
    return [code, err];
  };

  expect(await refused('snooze', 'own_laet', '--ttl', '1h')).toEqual([
    1,
    'nightdesk: there is no rule own_laet; did you mean own_late? [ALERT_UNKNOWN]\n',
  ]);
  expect(await refused('ack', 'own_late:live:mom0')).toEqual([1, expect.stringContaining(`did you mean ${KEY}?`)]);
  expect(await refused('resolve', 'constructor')).toEqual([1, expect.stringContaining('[ALERT_UNKNOWN]')]);
  expect(await refused('backtest', 'own_lat')).toEqual([1, expect.stringContaining('did you mean own_late?')]);
  expect(await refused('snooze', 'own_late')).toEqual([2, expect.stringContaining('--ttl')]);
  expect(await refused('snooze', 'own_late', '--ttl', '0s')).toEqual([2, expect.stringContaining('longer than 0')]);
  expect(await refused('snooze', 'own_late', '--ttl', 'soon')).toEqual([2, expect.stringContaining('got soon')]);
  expect(await refused('ack')).toEqual([2, expect.stringContaining('the key of an alert is missing')]);
  expect(await refused('ack', 'own_late', '--dedupe-key', 'other')).toEqual([
    2,
    expect.stringContaining('given twice'),
  ]);
  expect(await refused('history', '--severity', 'loud')).toEqual([
    2,
    expect.stringContaining('info, warning, critical'),
  ]);
  expect(await refused('list', '--region', 'eu-west-1')).toEqual([
    2,
    expect.stringContaining('--region goes with --aws'),
  ]);
  expect((await listed(data)).acks).toEqual([]);
});

test('the beginning of a key that fits several alerts names them', async () => {
  const { data, market } = await lived();
  await market(1, { price: 150 });
  await market(1, { price: 150 }, { strategyId: 'mean' });

  const { code, err } = await alertsCommand(data, 'ack', 'own_late');

  expect(code).toBe(1);
  expect(err).toContain(`2 known alerts have keys that begin with own_late: ${keyOf('own_late', 'mean')}, ${KEY}`);
});

test('names of strategies are anybody’s text, and move no cursor', async () => {
  const { data, market } = await lived();
  const evil = '\u001b[2Jx\u202e" `rm -rf` <!channel>\n__proto__:';
  await market(1, { price: 150 }, { strategyId: evil });
  const [alert] = (await listed(data)).alerts;

  const { out } = await alertsCommand(data);
  const acked = await alertsCommand(
    data,
    'ack',
    alert?.dedupeKey ?? '',
    '--operator',
    '\u001b[31mann',
    '--reason',
    'a\nb',
  );

  expect(alert?.strategyId).toBe(evil);
  for (const text of [out, acked.out, (await alertsCommand(data)).out, (await alertsCommand(data, 'history')).out]) {
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u202e');
  }
  expect(acked.code).toBe(0);
  expect((await listed(data)).acks).toMatchObject([{ of: alert?.dedupeKey, reason: 'a b' }]);
});

test('a state that is damaged is named, not passed over', async () => {
  const { data, market } = await lived();
  await market(1, { price: 150 });
  const state = createFolderStateStore(join(data, 'lake'));
  await state.put('state/alerts/live/broken.json', Buffer.from('{"format":'), undefined);

  const { code, err } = await alertsCommand(data);

  expect(code).toBe(1);
  expect(err).toContain('state/alerts/live/broken.json is damaged');
});

test('decisions of two processes at once are both kept', async () => {
  const { data, market } = await lived();
  const strategies = ['a', 'b', 'c', 'd'];
  for (const strategyId of strategies) await market(1, { price: 150 }, { strategyId });

  const codes = await Promise.all(
    strategies.map(async (strategyId) => {
      const child = spawn(
        process.execPath,
        ['bin/nightdesk.js', 'alerts', 'ack', `own_late:live:${strategyId}`, '--data', data],
        { stdio: 'ignore' },
      );
      const [code] = await once(child, 'exit');
      return code;
    }),
  );

  expect(codes).toEqual([0, 0, 0, 0]);
  expect((await listed(data)).acks.map(({ of }) => of).sort()).toEqual(strategies.map((id) => keyOf('own_late', id)));
}, 60_000);

/** Stands for Slack. */
async function slack(status: number, body: string): Promise<{ url: string; payloads: unknown[] }> {
  const payloads: unknown[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      payloads.push(JSON.parse(text));
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/secret`,
    payloads,
  };
}

test('a test message goes to the channels that have an address, once', async () => {
  const { data } = await lived();
  const { url, payloads } = await slack(200, 'ok');
  vi.stubEnv('SLACK_WEBHOOK_URL', url);

  const { code, out, err } = await alertsCommand(data, 'test', '--severity', 'critical');

  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^slack +slack +sent\n$/);
  expect(payloads).toHaveLength(1);
  expect(JSON.stringify(payloads)).toContain('Test message');
});

test('a channel that refuses is told of, without its address, and ends with 1', async () => {
  const { data } = await lived();
  for (const [status, body, word] of [
    [404, 'no_service', 'refused'],
    [500, 'oops', 'not sent now'],
    [200, '<html>', 'perhaps sent'],
  ] as const) {
    const { url } = await slack(status, body);
    vi.stubEnv('SLACK_WEBHOOK_URL', url);
    const { code, out } = await alertsCommand(data, 'test');
    expect([code, out]).toEqual([1, expect.stringContaining(word)]);
    expect(out).not.toContain('/secret');
    expect(out).not.toContain(url);
  }
});

test('where no channel has an address a test says which variable to set', async () => {
  const { data } = await lived();
  vi.stubEnv('SLACK_WEBHOOK_URL', '');

  const none = await alertsCommand(data, 'test');
  vi.stubEnv('SLACK_WEBHOOK_URL', 'ftp://user:this-is-the-secret@example.com');
  const wrong = await alertsCommand(data, 'test');
  const unknown = await alertsCommand(data, 'test', '--channel', 'slakc');

  expect([none.code, none.err]).toEqual([2, expect.stringContaining('set SLACK_WEBHOOK_URL to its address')]);
  expect(wrong.code).toBe(2);
  expect(wrong.err).not.toContain('this-is-the-secret');
  expect(unknown.code).toBe(2);
});

test('a dry run prints what Slack would be sent, and sends nothing', async () => {
  const { data } = await lived();
  vi.stubEnv('SLACK_WEBHOOK_URL', SLACK);

  const { code, out } = await alertsCommand(data, 'test', '--dry-run');

  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    channel: 'slack',
    payload: { text: expect.any(String), blocks: expect.any(Array) },
  });
  expect(out).not.toContain('secret');
});

test('an unknown word behind alerts is refused', async () => {
  expect(await nightdesk('alerts', 'snoze')).toMatchObject({
    code: 2,
    err: expect.stringContaining('not snoze; did you mean snooze?'),
  });
  expect((await nightdesk('alerts', 'list', 'all')).code).toBe(2);
});

test('the doctor tells whether the rules are asked, and of notices nobody got', async () => {
  const { data, market } = await lived();
  const checks = async (): Promise<Record<string, { status: string; message: string }>> =>
    Object.fromEntries(
      JSON.parse((await nightdesk('doctor', '--data', data, '--json')).out).checks.map((one: { name: string }) => [
        one.name,
        one,
      ]),
    );
  vi.stubEnv('SLACK_WEBHOOK_URL', '');
  expect(await checks()).toMatchObject({
    alerts: { status: 'ok', message: expect.stringContaining('not asked yet') },
    channels: { status: 'ok', message: expect.stringContaining('set SLACK_WEBHOOK_URL') },
  });
  await market(20, { price: 150 });

  expect(await checks()).toMatchObject({
    alerts: { status: 'ok', message: expect.stringContaining('1 open') },
    channels: { status: 'warn', message: expect.stringContaining('1 for slack, the oldest from 20 min ago') },
  });
});
