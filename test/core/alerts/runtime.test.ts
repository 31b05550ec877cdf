import { describe, expect, test } from 'vitest';
import { acknowledge, changeOperator } from '../../../lib/core/alerts/operator.ts';
import { ALERT_STATES, WHOLE } from '../../../lib/core/alerts/state.ts';
import type { AlertChange } from '../../../lib/core/alerts/types.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, rule, START_MS, sick, well } from './support/make.ts';
import { World } from './support/world.ts';

const PIPELINE = rule({
  id: 'quarantine',
  condition: {
    kind: 'share',
    of: { stream: 'pipeline' },
    where: {},
    weights: { part: 'quarantined', whole: 'events' },
    window: HOUR_MS,
    above: 0.05,
    least: 10,
  },
});
const DEAD = rule({ id: 'dead_bot', severity: 'critical', condition: { kind: 'absence', times: 2 } });

const stored = (key: string): string => `${ALERT_STATES}${key}.json`;
const BOT = stored('paper/bot');

describe('what comes in', () => {
  test('opens an alert, of which there is one row and one notice, and resolves it with another', async () => {
    const world = new World();
    const alerts = world.alerts();
    await alerts.observe([sick(START_MS), sick(START_MS + 1)]);
    world.nowMs += 2;
    await alerts.observe([well(START_MS + 2)]);
    const rows = await world.rows();
    expect(rows.map(({ change, status, notified }) => [change, status, notified])).toEqual([
      ['opened', 'firing', true],
      ['resolved', 'resolved', true],
    ]);
    const waiting = await alerts.box.waiting();
    expect(waiting.map(({ change, to }) => [change.id, to])).toEqual(rows.map(({ event_id }) => [event_id, ['night']]));
  });

  test('costs one read and one write of each strategy and call, and no write where it is known already', async () => {
    const world = new World();
    const alerts = world.alerts();
    const events = [well(START_MS), well(START_MS + 1), well(START_MS, { strategyId: 'other' })];
    world.nowMs += 10;
    await alerts.observe(events);
    const of = (key: string): string[] =>
      world.calls.filter((call) => call.endsWith(key)).map((call) => call.slice(0, 3));
    expect(of(BOT)).toEqual(['get', 'put']);
    expect(of(stored('paper/other'))).toEqual(['get', 'put']);
    world.calls.length = 0;
    await alerts.observe([...events].reverse());
    expect(of(BOT)).toEqual(['get']);
    expect(world.calls.filter((call) => call.startsWith('put'))).toEqual([]);
    world.calls.length = 0;
    await alerts.tick();
    world.calls.length = 0;
    world.nowMs += MINUTE_MS;
    await alerts.tick();
    // That somebody watches is noted once for all of them.
    expect(world.calls.filter((call) => call.startsWith('put'))).toEqual(['put state/alerts-watch.json']);
  });

  test('is written only now and then where nobody else writes, but a change of an alert at once', async () => {
    const world = new World();
    const alerts = world.alerts({ persistEveryMs: 5_000 });
    const puts = (): number => world.calls.filter((call) => call === `put ${BOT}`).length;
    for (let at = 0; at < 4_999; at += 100) {
      world.nowMs = START_MS + at;
      await alerts.observe([well(world.nowMs)]);
    }
    expect(puts()).toBe(0);
    world.nowMs = START_MS + 5_000;
    await alerts.observe([well(world.nowMs)]);
    expect(puts()).toBe(1);
    await alerts.observe([sick(world.nowMs + 1)]);
    expect(puts()).toBe(2);
    await alerts.observe([sick(world.nowMs + 2)]);
    expect(puts()).toBe(2);
    await alerts.flush();
    expect(puts()).toBe(3);
    await alerts.flush();
    expect(puts()).toBe(3);
    expect(world.calls.filter((call) => call === `get ${BOT}`)).toHaveLength(1);
  });

  test('is known after a restart', async () => {
    const world = new World();
    await world.alerts().observe([sick(START_MS)]);
    await world.alerts().observe([sick(START_MS)]);
    world.nowMs += 5;
    await world.alerts().observe([well(START_MS + 5)]);
    expect((await world.rows()).map(({ change }) => change)).toEqual(['opened', 'resolved']);
  });

  test('is kept while nothing can be written, and said once when it can be again', async () => {
    const world = new World();
    let isDown = false;
    const alerts = world.alerts({ persistEveryMs: 1_000 }, (operation) => {
      if (operation === 'put' && isDown) throw new Error('store is down');
    });
    await alerts.observe([well(START_MS)]);
    isDown = true;
    world.nowMs += 500;
    await alerts.observe([well(START_MS + 500)]);
    const event = sick(START_MS + 600);
    world.nowMs += 100;
    for (let time = 0; time < 3; time++) await expect(alerts.observe([event])).rejects.toThrow('store is down');
    expect(await alerts.box.waiting()).toEqual([]);
    isDown = false;
    await alerts.observe([event]);
    expect((await world.rows()).map(({ change }) => change)).toEqual(['opened']);
    expect(await alerts.box.waiting()).toHaveLength(1);
  });

  test.each([0, 60_000])(
    'to two at once is lost by neither, and opens one alert (written each %d ms)',
    async (persistEveryMs) => {
      const errors = rule({ condition: { kind: 'count', of: [{ stream: 'error' }], window: HOUR_MS, above: 9 } });
      const world = new World({ rules: [errors] });
      const runs = [0, 1].map(() => world.alerts({ persistEveryMs }, () => Promise.resolve()));
      await Promise.all(
        Array.from({ length: 10 }, (_, at) => runs[at % 2]?.observe([well(START_MS + at, { stream: 'error' })])),
      );
      await Promise.all(runs.map((alerts) => alerts.flush()));
      expect((await world.rows()).map(({ change, value }) => [change, value])).toEqual([['opened', 10]]);
    },
  );

  test('keeps strategies and modes apart', async () => {
    const world = new World();
    await world
      .alerts()
      .observe([
        sick(START_MS),
        sick(START_MS, { mode: 'live' }),
        sick(START_MS, { strategyId: 'other' }),
        sick(START_MS, { mode: 'backtest' }),
      ]);
    expect((await world.rows()).map(({ mode, strategy_id }) => `${mode} ${strategy_id}`).sort()).toEqual([
      'live bot',
      'paper bot',
      'paper other',
    ]);
  });

  test.each([
    '{"format":1,',
    '{"format":1,"key":{"mode":"paper","strategyId":"bot"},"alerts":{}}',
    '{"format":1,"key":{"mode":"paper","strategyId":"bot"},"alerts":{"x":5},"notices":[],"rows":[],"outbox":[]}',
    '{"format":2}',
    'null',
  ])('is lost to no damaged state: it begins anew, and says so (%s)', async (damaged) => {
    const world = new World();
    await world.state.put(BOT, Buffer.from(damaged), undefined);
    await world.alerts().observe([sick(START_MS)]);
    expect((await world.rows()).map(({ change }) => change)).toEqual(['opened']);
    expect(world.log.said.some(({ level, message }) => level === 'error' && message.includes('cannot be read'))).toBe(
      true,
    );
  });
});

describe('objects of the lake', () => {
  const line = (atMs: number, staleness: number): Record<string, unknown> => ({
    event_id: `h-${atMs}`,
    stream: 'health',
    strategy_id: 'bot',
    mode: 'paper',
    session_id: 's1',
    ts: new Date(atMs).toISOString().replace('Z', '000Z'),
    ts_ms: atMs,
    ts_source: 'ts',
    ingested_at: new Date(atMs + 5).toISOString().replace('Z', '000Z'),
    ws_staleness_ms: staleness,
  });

  test('say the same as the events did, once', async () => {
    const world = new World();
    const alerts = world.alerts();
    world.nowMs += 1_000;
    const key = await world.write('health', [line(START_MS, 41_000), line(START_MS + 100, 42_000)]);
    await alerts.observeObjects([key, key, 'no/key', 'events/health/v1/date=2025-12-03/gone.jsonl.gz']);
    await alerts.observeObjects([key]);
    expect((await world.rows()).map(({ change, evidence }) => [change, (evidence as unknown[]).length])).toEqual([
      ['opened', 1],
    ]);
  });

  test('are counted for the whole lake: too much in quarantine is told', async () => {
    const world = new World({ rules: [rule(), PIPELINE] });
    const alerts = world.alerts();
    world.nowMs += 1_000;
    const well = Array.from({ length: 20 }, (_, at) => line(START_MS + at, 10));
    await alerts.observeObjects([await world.write('health', well)]);
    expect(await world.rows()).toEqual([]);
    const bad = Array.from({ length: 2 }, (_, at) => ({
      ...line(START_MS + at, 0),
      stream: 'quarantine',
      event_id: `q${at}`,
    }));
    const key = await world.write('quarantine', bad);
    await alerts.observeObjects([key]);
    await alerts.observeObjects([key]);
    expect((await world.rows()).map(({ change, strategy_id, rule_id }) => [change, strategy_id, rule_id])).toEqual([
      ['opened', '*', 'quarantine'],
    ]);
  });

  test('that cannot be read keep no other from being taken in, and are named', async () => {
    const world = new World();
    const good = await world.write('health', [line(START_MS, 41_000)]);
    const bad = await world.write('health', [line(START_MS + 1, 41_000)]);
    const alerts = world.alerts({}, (operation, key) => {
      if (operation === 'read' && key === bad) throw new Error('no such luck');
    });
    const failed: string[] = [];
    await expect(alerts.observeObjects([bad, good], (key) => failed.push(key))).rejects.toThrow('no such luck');
    expect(failed).toEqual([bad]);
    expect(await world.rows()).toHaveLength(1);
  });

  test('whose strategy cannot be written are named', async () => {
    const world = new World();
    const own = await world.write('health', [line(START_MS, 41_000)]);
    const other = await world.write('health', [{ ...line(START_MS, 41_000), strategy_id: 'other' }]);
    const alerts = world.alerts({}, (operation, key) => {
      if (operation === 'put' && key === BOT) throw new Error('no such luck');
    });
    const failed: string[] = [];
    await expect(alerts.observeObjects([own, other], (key) => failed.push(key))).rejects.toThrow('no such luck');
    expect(failed).toEqual([own]);
    expect((await world.rows()).map(({ strategy_id }) => strategy_id)).toEqual(['other']);
  });
});

describe('time', () => {
  test('finds a strategy that is expected and was never heard of, and its first event resolves that', async () => {
    const world = new World({ rules: [DEAD], expect: { bot: { heartbeat: MINUTE_MS, mode: 'paper' } } });
    const alerts = world.alerts();
    await alerts.tick();
    world.nowMs += 2 * MINUTE_MS - 1;
    await alerts.tick();
    expect(await world.rows()).toEqual([]);
    world.nowMs += 1;
    await alerts.tick();
    await alerts.tick();
    world.nowMs += MINUTE_MS;
    await alerts.observe([well(world.nowMs)]);
    expect((await world.rows()).map(({ change, severity }) => [change, severity])).toEqual([
      ['opened', 'critical'],
      ['resolved', 'critical'],
    ]);
  });

  test('does not miss an expected strategy that is heard of in some mode', async () => {
    const world = new World({ rules: [DEAD], expect: { bot: { heartbeat: MINUTE_MS } } });
    const alerts = world.alerts();
    await alerts.tick();
    world.nowMs += 2 * MINUTE_MS;
    await alerts.tick();
    await alerts.observe([well(world.nowMs, { mode: 'live' })]);
    await alerts.tick();
    expect((await world.rows()).map(({ change, mode }) => [change, mode])).toEqual([
      ['opened', null],
      ['resolved', null],
    ]);
  });

  test('finds a bot that fell silent, within twice its interval', async () => {
    const world = new World({ rules: [DEAD] });
    const alerts = world.alerts({ persistEveryMs: 5_000 });
    await alerts.observe([well(START_MS, { fields: { heartbeat_s: 60 } })]);
    await alerts.tick();
    expect(alerts.dueMs()).toBe(START_MS + 2 * MINUTE_MS);
    world.nowMs = START_MS + 2 * MINUTE_MS;
    await alerts.tick();
    expect((await world.rows()).map(({ rule_id, change }) => [rule_id, change])).toEqual([['dead_bot', 'opened']]);
  });

  test('is asked for again only where something may change', async () => {
    const world = new World({ rules: [rule({ for: 10 * MINUTE_MS, cooldown: HOUR_MS })] });
    const alerts = world.alerts({ persistEveryMs: 5_000 });
    await alerts.observe([sick(START_MS, { fields: { ws_staleness_ms: 41_000, heartbeat_s: 86_400 } })]);
    const moments: number[] = [];
    for (let dueMs = alerts.dueMs(); dueMs !== undefined && moments.length < 10; dueMs = alerts.dueMs()) {
      expect(dueMs).toBeGreaterThan(world.nowMs);
      world.nowMs = dueMs;
      moments.push((dueMs - START_MS) / MINUTE_MS);
      await alerts.tick();
    }
    expect(moments.slice(0, 4)).toEqual([10, 70, 130, 190]);
  });

  test('brings what operators decided', async () => {
    const world = new World();
    const alerts = world.alerts({ persistEveryMs: 5_000 });
    await alerts.observe([sick(START_MS)]);
    await changeOperator(
      world.state,
      (state) => acknowledge(state, { dedupeKey: 'stale:paper:bot:', atMs: START_MS, operator: 'eve' }),
      {
        nowMs: START_MS,
      },
    );
    await alerts.tick();
    expect((await world.rows()).map(({ change, operator }) => [change, operator])).toEqual([
      ['opened', null],
      ['acknowledged', 'eve'],
    ]);
  });

  test('forgets strategies of which nothing was heard for 30 days, unless something is open', async () => {
    const world = new World();
    const alerts = world.alerts();
    await alerts.observe([well(START_MS), sick(START_MS, { strategyId: 'ill' })]);
    await world.dispatch(alerts);
    world.nowMs += 32 * DAY_MS;
    await alerts.tick();
    const strategies = async (): Promise<unknown[]> => (await world.states()).map(({ key }) => key.strategyId).sort();
    expect(await strategies()).toEqual(['ill']);
    await alerts.observe([well(world.nowMs)]);
    expect(await strategies()).toEqual(['bot', 'ill']);
  });
});

describe('messages', () => {
  test('wait in order, until their channel was told', async () => {
    const world = new World();
    const alerts = world.alerts();
    await alerts.observe([sick(START_MS)]);
    world.nowMs += 10;
    await alerts.observe([well(START_MS + 10)]);
    const [first, second] = await alerts.box.waiting();
    await alerts.box.told('night', [first?.change.id ?? ''], 'unsure');
    expect((await alerts.box.waiting())[0]?.unsure).toEqual(['night']);
    await alerts.box.told('night', [first?.change.id ?? ''], 'sent');
    expect((await world.alerts().box.waiting()).map(({ change }) => change.id)).toEqual([second?.change.id]);
  });

  test('that another has told do not wait any more', async () => {
    const world = new World();
    const [one, other] = [world.alerts(), world.alerts()];
    await one.observe([sick(START_MS)]);
    expect(await one.box.waiting()).toHaveLength(1);
    await world.dispatch(other);
    expect(await one.box.waiting()).toEqual([]);
  });

  test('that a channel refuses are given up there, and a row says so', async () => {
    const world = new World();
    const alerts = world.alerts();
    await alerts.observe([sick(START_MS)]);
    const [notice] = await alerts.box.waiting();
    await alerts.box.told('night', [notice?.change.id ?? ''], 'refused');
    expect(await alerts.box.waiting()).toEqual([]);
    expect((await world.rows()).map(({ event_id, quiet_reason }) => [event_id, quiet_reason])).toEqual([
      [notice?.change.id, null],
      [`${notice?.change.id}:refused:night`, 'channel night refused it'],
    ]);
  });

  test('of the platform wait like any other, each once', async () => {
    const world = new World();
    const alerts = world.alerts();
    await alerts.observe([sick(START_MS)]);
    const [notice] = await alerts.box.waiting();
    if (notice === undefined) throw new Error('nothing waits');
    const change: AlertChange = {
      ...notice.change,
      id: 'platform:1',
      kind: 'platform',
      alert: { ...notice.change.alert, ...WHOLE, dedupeKey: 'platform' },
    };
    await alerts.raise(change);
    await world.alerts().raise(change);
    expect((await alerts.box.waiting()).map(({ change: { id } }) => id)).toEqual([notice.change.id, 'platform:1']);
    expect((await world.rows()).filter(({ event_id }) => event_id === 'platform:1')).toHaveLength(1);
  });

  test('are told although the lake cannot be written, and their rows are written later', async () => {
    const world = new World();
    let isFull = true;
    const alerts = world.alerts({}, (operation) => {
      if (operation === 'write' && isFull) throw new Error('disk full');
    });
    await alerts.observe([sick(START_MS)]);
    world.nowMs += 5;
    await alerts.observe([well(START_MS + 5)]);
    expect(await alerts.box.waiting()).toHaveLength(2);
    expect(await world.rows()).toEqual([]);
    isFull = false;
    await alerts.tick();
    expect((await world.rows()).map(({ change }) => change)).toEqual(['opened', 'resolved']);
  });
});

describe('the digest', () => {
  test('is told once a day at its hour, whoever ticks, with what happened and what is open', async () => {
    const world = new World({ digestAt: 480 });
    await world.alerts().tick();
    await world.alerts().observe([sick(START_MS), sick(START_MS, { strategyId: 'other' })]);
    world.nowMs = START_MS + 5;
    await world.alerts().observe([well(START_MS + 5), sick(START_MS - DAY_MS, { arrivedMs: START_MS })]);
    const eight = Date.UTC(2025, 11, 4, 8);
    world.nowMs = eight - 1;
    await world.alerts().tick();
    const digests = async (): Promise<readonly AlertChange[]> =>
      (await world.alerts().box.waiting()).flatMap(({ change }) => (change.kind === 'digest' ? [change] : []));
    expect(await digests()).toEqual([]);
    world.nowMs = eight;
    await Promise.all([world.alerts().tick(), world.alerts().tick()]);
    await world.alerts().tick();
    const [digest, ...more] = await digests();
    expect(more).toEqual([]);
    expect(digest?.digest).toMatchObject({
      fromMs: eight - DAY_MS,
      toMs: eight,
      rules: [{ ruleId: 'stale', opened: 2, resolved: 1 }],
      open: [{ strategyId: 'other' }],
      history: 1,
    });
    expect(digest?.alert.reason).toBe('2 opened, 1 resolved, 1 still open, 0 blind; 2 strategies were heard of.');
    world.nowMs += DAY_MS;
    await world.alerts().tick();
    expect(await digests()).toHaveLength(2);
  });
});
