import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { slackNotifier } from '../../../lib/adapters/channels/slack.ts';
import { createMemoryStateStore } from '../../../lib/adapters/memory/state-store.ts';
import { createDispatcher, type DispatcherOptions, type NoticeBox } from '../../../lib/core/alerts/dispatch.ts';
import { LEASE_KEY } from '../../../lib/core/alerts/lease.ts';
import type { AlertMessage } from '../../../lib/core/alerts/messages.ts';
import type { AlertChange, ChannelSettings, Notice } from '../../../lib/core/alerts/types.ts';
import type { Delivered, Notifier } from '../../../lib/core/ports/index.ts';
import { AT, aChange } from '../../support/alert-changes.ts';
import { type SlackAnswer, type SlackServer, startSlack } from '../../support/slack-server.ts';

/** A box as the runtime keeps it: what is in it outlives every dispatcher. */
class Box implements NoticeBox {
  notices: Notice[] = [];
  readonly refused: string[] = [];

  add(change: AlertChange, to: readonly string[] = ['ops']): void {
    this.notices.push({ change, to, unsure: [] });
  }

  async waiting(): Promise<readonly Notice[]> {
    return structuredClone(this.notices);
  }

  async told(channel: string, changeIds: readonly string[], outcome: 'sent' | 'unsure' | 'refused'): Promise<void> {
    const ids = new Set(changeIds);
    this.notices = this.notices
      .map((notice) => {
        if (!ids.has(notice.change.id)) return notice;
        if (outcome === 'unsure') return { ...notice, unsure: [...new Set([...notice.unsure, channel])] };
        return { ...notice, to: notice.to.filter((name) => name !== channel) };
      })
      .filter(({ to }) => to.length > 0);
    if (outcome === 'refused') this.refused.push(...changeIds);
  }
}

/** Time that passes only where somebody sleeps. */
class Time {
  nowMs = AT;
  readonly clock = { nowMs: () => this.nowMs };
  readonly sleep = async (ms: number): Promise<void> => {
    this.nowMs += ms;
  };
}

/** Time in which others get their turn while somebody sleeps. */
function patient(): Pick<DispatcherOptions, 'clock' | 'sleep'> {
  const time = new Time();
  const sleep = async (ms: number) => {
    time.nowMs += ms;
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock: time.clock, sleep };
}

const channel = (name: string): ChannelSettings => ({
  name,
  kind: 'slack',
  severities: ['critical', 'warning', 'info'],
  resolved: true,
  digest: true,
});

interface Logged {
  readonly level: string;
  readonly message: string;
  readonly facts: unknown;
}

function setup(
  box: NoticeBox,
  notifiers: Record<string, Notifier<AlertMessage>>,
  over: Partial<DispatcherOptions> = {},
) {
  const time = new Time();
  const logged: Logged[] = [];
  const note = (level: string) => (message: string, facts?: unknown) => void logged.push({ level, message, facts });
  const options: DispatcherOptions = {
    box,
    channels: new Map(Object.entries(notifiers)),
    settings: { burst: 5, channels: Object.keys(notifiers).map(channel) },
    clock: time.clock,
    sleep: time.sleep,
    log: { info: note('info'), warn: note('warn'), error: note('error') },
    ...over,
  };
  return { time, logged, options, dispatcher: createDispatcher(options) };
}

/** A channel without a wire: what it was told, and its answers in order. */
function recorder(answers: Delivered[] = []): Notifier<AlertMessage> & { readonly messages: AlertMessage[] } {
  const messages: AlertMessage[] = [];
  return {
    messages,
    async send(message) {
      messages.push(message);
      return answers.shift() ?? { outcome: 'sent' };
    },
  };
}

const opened = (i: number, over: Parameters<typeof aChange>[1] = {}) =>
  aChange('opened', { alertId: `a-${i}`, ...over });

describe('against a server standing for Slack', () => {
  let slack: SlackServer;
  let nowMs = () => 0;
  beforeAll(async () => {
    slack = await startSlack(() => nowMs());
  });
  beforeEach(() => {
    slack.script = [];
    (slack.arrivals as unknown[]).length = 0;
  });
  afterAll(() => slack.close());

  const TIMEOUT_MS = 150;
  const answers: fc.Arbitrary<SlackAnswer> = fc.oneof(
    { weight: 6, arbitrary: fc.constant<SlackAnswer>('ok') },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 90 }).map((retryAfterS) => ({ retryAfterS })) },
    {
      weight: 2,
      arbitrary: fc.constantFrom<SlackAnswer>(
        { status: 500, body: 'oops' },
        { status: 503 },
        { status: 302, location: 'http://127.0.0.1:9/' },
      ),
    },
    { weight: 2, arbitrary: fc.constantFrom<SlackAnswer>('reset before', 'reset after', 'garbage', 'endless') },
    { weight: 1, arbitrary: fc.constant<SlackAnswer>('hang') },
  );

  interface Schedule {
    readonly script: SlackAnswer[];
    /** Per life of the dispatcher: which write to the box kills it, and for how long it may run. */
    readonly lives: readonly { readonly dieAt: number; readonly forMs: number; readonly adds: readonly number[] }[];
    readonly burst: number;
  }

  const schedules: fc.Arbitrary<Schedule> = fc.record({
    script: fc.array(answers, { maxLength: 25 }),
    lives: fc.array(
      fc.record({
        dieAt: fc.integer({ min: 1, max: 30 }),
        forMs: fc.integer({ min: 0, max: 200_000 }),
        adds: fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 12 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    burst: fc.integer({ min: 0, max: 6 }),
  });

  test('whatever it answers and however often the dispatcher dies: every change arrives, repeats only where an answer was lost, each marked, a second apart', async () => {
    await fc.assert(
      fc.asyncProperty(schedules, async ({ script, lives, burst }) => {
        // A hang takes real time: one in each schedule.
        const firstHang = script.indexOf('hang');
        slack.script = script.map((answer, i) => (answer === 'hang' && i !== firstHang ? 'reset after' : answer));
        (slack.arrivals as unknown[]).length = 0;
        const box = new Box();
        const time = new Time();
        nowMs = time.clock.nowMs;
        const all: string[] = [];
        /** Every try, each with whether the dispatcher came to know how it ended. */
        const tries: { message: AlertMessage; answerLost: boolean }[] = [];

        const live = async (dieAt: number, untilMs: number) => {
          let writes = 0;
          let dead = false;
          const dies = async <T>(work: () => Promise<T>): Promise<T> => {
            if (dead) throw new Error('dead');
            return work();
          };
          const wire = slackNotifier({ url: slack.url, timeoutMs: TIMEOUT_MS });
          const notifier: Notifier<AlertMessage> = {
            async send(message) {
              if (dead) return { outcome: 'unsure', reason: 'dead' };
              const mine = { message, answerLost: true };
              tries.push(mine);
              const answer = await wire.send({ ...message, reason: `try ${tries.length}.` });
              mine.answerLost = answer.outcome !== 'sent';
              return answer;
            },
          };
          const frail: NoticeBox = {
            waiting: () => dies(() => box.waiting()),
            told: (name, ids, outcome) =>
              dies(async () => {
                if (++writes === dieAt) {
                  dead = true;
                  // It died after the answer, before it could write it down.
                  const last = tries.at(-1);
                  if (outcome === 'sent' && last !== undefined) last.answerLost = true;
                  throw new Error('died');
                }
                return box.told(name, ids, outcome);
              }),
          };
          const { options } = setup(frail, { ops: notifier }, { clock: time.clock, sleep: time.sleep });
          const settings = { ...options.settings, burst };
          return createDispatcher({ ...options, settings }).run(untilMs);
        };

        for (const { dieAt, forMs, adds } of lives) {
          for (const i of adds) {
            const change = aChange(
              i % 3 === 0 ? 'resolved' : 'opened',
              { alertId: `a-${i}`, severity: i < 3 ? 'critical' : 'warning' },
              { atMs: time.nowMs },
            );
            all.push(change.id);
            box.add(change);
          }
          await live(dieAt, time.nowMs + forMs);
          time.nowMs += 1_000; // no process starts faster
        }
        slack.script.splice(0, slack.script.length - 5);
        await live(Number.POSITIVE_INFINITY, time.nowMs + 10 * 60_000 * 60);

        expect(await box.waiting()).toEqual([]);
        const shown = slack.arrivals
          .filter((arrival) => arrival.shown)
          .map(({ body }) => ({ body, ...known(tries[Number(/try (\d+)\./.exec(body)?.[1]) - 1]) }));
        for (const id of all) {
          const of = shown.filter(({ message }) => message.changes.some((change) => change.id === id));
          expect(of.length).toBeGreaterThanOrEqual(1);
          expect(of.length - 1).toBeLessThanOrEqual(of.filter(({ answerLost }) => answerLost).length);
          for (const { message } of of.slice(1)) expect(message.possibleRepeat).toBe(true);
        }
        for (const { message, body } of shown)
          expect(body.includes('Possible repeat') || body.includes('Possibly told before')).toBe(
            message.possibleRepeat,
          );
        const moments = slack.arrivals.map(({ atMs }) => atMs);
        for (const [i, atMs] of moments.entries()) {
          if (i > 0) expect(atMs - (moments[i - 1] ?? 0)).toBeGreaterThanOrEqual(1_000);
        }
      }),
      { numRuns: 50 },
    );
  }, 60_000);

  test('10,000 alerts at once become critical ones by name and a roll-up of the rest, a second apart', async () => {
    const box = new Box();
    for (let i = 0; i < 10_000; i++)
      box.add(opened(i, { severity: i % 5_000 === 0 ? 'critical' : 'warning', ruleId: `rule_${i % 7}` }));
    const { dispatcher, time } = setup(box, { ops: slackNotifier({ url: slack.url }) });
    nowMs = time.clock.nowMs;
    const report = await dispatcher.run(AT + 60_000);
    expect(report).toMatchObject({ sent: 3, waiting: 0, refused: 0, nextMs: undefined });
    expect(slack.arrivals.map(({ atMs }) => atMs - AT)).toEqual([0, 1_000, 2_000]);
    const bodies = slack.arrivals.map(({ body }) => body);
    expect(bodies.map((body) => body.includes('Market data is late'))).toEqual([true, true, false]);
    expect(bodies[2]).toContain('9,998 alerts at once');
  });

  test('nothing is sent before Retry-After is over, and what came meanwhile shares the message', async () => {
    const box = new Box();
    box.add(opened(1));
    slack.script = [{ retryAfterS: 30 }];
    const { dispatcher, time } = setup(box, { ops: slackNotifier({ url: slack.url }) });
    nowMs = time.clock.nowMs;
    const first = await dispatcher.run(AT + 10_000);
    expect(first).toMatchObject({ sent: 0, waiting: 1, nextMs: AT + 30_000 });
    expect(first.channels.ops).toMatchObject({ pausedUntilMs: AT + 30_000, reason: 'answered 429 rate_limited' });
    box.add(aChange('resolved', { alertId: 'a-1', status: 'resolved' }));
    time.nowMs = AT + 20_000;
    expect(await dispatcher.run(AT + 29_999)).toMatchObject({ sent: 0, nextMs: AT + 30_000 });
    expect(await dispatcher.run(AT + 30_000)).toMatchObject({ sent: 1, waiting: 0 });
    expect(slack.arrivals.map(({ atMs }) => atMs - AT)).toEqual([0, 30_000]);
    expect(slack.arrivals[1]?.body).toContain('Opened and resolved');
    expect(slack.arrivals[1]?.body).not.toContain('Possible repeat');
  });

  test('a webhook that was revoked is said loudly once, and not asked again for the same change', async () => {
    const box = new Box();
    box.add(opened(1));
    box.add(opened(2));
    slack.script = [
      { status: 404, body: 'no_service' },
      { status: 410, body: 'channel_is_archived' },
    ];
    const { dispatcher, logged } = setup(box, { ops: slackNotifier({ url: slack.url }) });
    const report = await dispatcher.run(AT + 60_000);
    expect(report).toMatchObject({ sent: 0, refused: 2, waiting: 0, nextMs: undefined });
    expect(slack.arrivals).toHaveLength(2);
    expect(logged.filter(({ level }) => level === 'error')).toEqual([
      {
        level: 'error',
        message: expect.stringContaining('refuses'),
        facts: { channel: 'ops', reason: 'answered 404 no_service' },
      },
    ]);
    expect(JSON.stringify([logged, report])).not.toContain(slack.secret);
  });
});

describe('each channel for itself', () => {
  test('one that never answers holds up no other, not even for what comes later', async () => {
    const box = new Box();
    const quick = recorder();
    const answers: ((answer: Delivered) => void)[] = [];
    const hanging: Notifier<AlertMessage> = { send: () => new Promise((resolve) => void answers.push(resolve)) };
    const { dispatcher } = setup(box, { slow: hanging, ops: quick }, patient());
    box.add(opened(1), ['slow', 'ops']);
    const first = dispatcher.run(AT + 3_600_000);
    await until(() => quick.messages.length === 1);
    box.add(opened(2), ['slow', 'ops']);
    const second = dispatcher.run(AT + 3_600_000);
    await until(() => quick.messages.length === 2);
    expect(answers).toHaveLength(1);
    answers[0]?.({ outcome: 'sent' });
    await until(() => answers.length === 2);
    answers[1]?.({ outcome: 'sent' });
    expect(await first).toMatchObject({ waiting: 0 });
    expect(await second).toMatchObject({ waiting: 0 });
  });

  test('nor does it hold up, in the same run, what comes in for others later', async () => {
    const box = new Box();
    const quick = recorder();
    let answer = (_: Delivered) => {};
    const hanging: Notifier<AlertMessage> = {
      send: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    };
    const { dispatcher } = setup(box, { slow: hanging, ops: quick }, patient());
    box.add(opened(1), ['slow', 'ops']);
    const running = dispatcher.run(AT + 3_600_000);
    await until(() => quick.messages.length === 1);
    box.add(opened(2), ['ops']);
    await until(() => quick.messages.length === 2);
    answer({ outcome: 'sent' });
    expect(await running).toMatchObject({ sent: 3, waiting: 0 });
  });

  test('waits twice as long after each failure, up to a minute, and a second again once it works', async () => {
    const box = new Box();
    box.add(opened(1));
    const failing: Delivered[] = Array.from({ length: 9 }, () => ({ outcome: 'retry', reason: 'answered 500' }));
    const ops = recorder(failing);
    const { dispatcher, time } = setup(box, { ops });
    const at: number[] = [];
    const { send } = ops;
    ops.send = (message) => {
      at.push((time.nowMs - AT) / 1_000);
      return send(message);
    };
    await dispatcher.run(AT + 3_600_000);
    box.add(opened(2));
    await dispatcher.run(AT + 3_600_000);
    expect(at.map((s, i) => s - (at[i - 1] ?? 0))).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 1]);
    expect(ops.messages.some(({ possibleRepeat }) => possibleRepeat)).toBe(false);
  });

  test('a channel of the settings without an address keeps what is for it; one that is in no settings is told nothing', async () => {
    const box = new Box();
    box.add(opened(1), ['ops', 'gone']);
    const { options } = setup(box, { ops: recorder() });
    const report = await createDispatcher({ ...options, channels: new Map() }).run(AT + 1_000);
    expect(report).toMatchObject({ waiting: 1, nextMs: undefined });
    expect(report.channels.ops?.reason).toBe('the channel has no address');
    expect(box.notices.map(({ to }) => to)).toEqual([['ops']]);
  });

  test('whatever throws, the run ends with a report and nothing is lost', async () => {
    const box = new Box();
    box.add(opened(1));
    let broken = 6;
    const frail: NoticeBox = {
      async waiting() {
        if (broken-- > 0 && broken % 2 === 0) throw new Error('the store is away');
        return box.waiting();
      },
      async told(name, ids, outcome) {
        if (broken-- > 0) throw new Error('the store is away');
        return box.told(name, ids, outcome);
      },
    };
    const ops = recorder();
    const { dispatcher, time } = setup(frail, { ops });
    for (let i = 0; i < 8; i++) {
      const report = await dispatcher.run(time.nowMs + 1_000);
      if (report.waiting > 0) expect(report.nextMs).toBeGreaterThanOrEqual(time.nowMs);
      time.nowMs += 20_000;
    }
    expect(box.notices).toEqual([]);
    expect(ops.messages).toHaveLength(1);
  });

  test('a notifier that throws counts as an answer that was lost', async () => {
    const box = new Box();
    box.add(opened(1));
    const ops = recorder();
    const { send } = ops;
    let first = true;
    ops.send = (message) => {
      if (!first) return send(message);
      first = false;
      throw new Error('a defect');
    };
    const { dispatcher } = setup(box, { ops });
    expect(await dispatcher.run(AT + 60_000)).toMatchObject({ sent: 1, waiting: 0 });
    expect(ops.messages.map(({ possibleRepeat }) => possibleRepeat)).toEqual([true]);
  });
});

describe('two dispatchers with a lease', () => {
  test('whichever runs when, no change is told twice and no two messages are closer than a second', async () => {
    const turns = fc.array(
      fc.record({ who: fc.nat({ max: 2 }), at: fc.nat({ max: 3 }), forMs: fc.nat({ max: 5_000 }) }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(turns, fc.array(fc.boolean(), { maxLength: 12 }), async (runs, retries) => {
        const box = new Box();
        const store = createMemoryStateStore();
        const time = new Time();
        const sent: { atMs: number; ids: string[] }[] = [];
        const asked = retries.map(
          (retry): Delivered => (retry ? { outcome: 'retry', reason: '429', afterMs: 4_000 } : { outcome: 'sent' }),
        );
        let allowedMs = 0;
        const ops: Notifier<AlertMessage> = {
          async send({ changes }) {
            expect(time.nowMs).toBeGreaterThanOrEqual(allowedMs);
            await new Promise((resolve) => setImmediate(resolve)); // others get their turn
            const answer = asked.shift() ?? { outcome: 'sent' };
            allowedMs = time.nowMs + (answer.outcome === 'sent' ? 1_000 : 4_000);
            if (answer.outcome === 'sent') sent.push({ atMs: time.nowMs, ids: changes.map(({ id }) => id) });
            return answer;
          },
        };
        const dispatchers = ['x', 'y', 'z'].map(
          (owner) => setup(box, { ops }, { lease: store, owner, clock: time.clock, sleep: time.sleep }).dispatcher,
        );
        let n = 0;
        const going: Promise<unknown>[] = [];
        for (const { who, at, forMs } of runs) {
          for (let i = 0; i < at; i++) box.add(opened(n++));
          const running = dispatchers[who]?.run(time.nowMs + forMs);
          if (forMs % 2 === 0) await running;
          else going.push(running ?? Promise.resolve());
        }
        await Promise.all(going);
        time.nowMs += 60_000;
        await dispatchers[0]?.run(time.nowMs + 120_000);
        expect(box.notices).toEqual([]);
        const ids = sent.flatMap((one) => one.ids);
        expect(ids.sort()).toEqual([...new Set(ids)].sort());
        expect(ids).toHaveLength(n);
      }),
      { numRuns: 100 },
    );
  });

  test('a pause that one was asked for is obeyed by the next, and a success makes it short again', async () => {
    const box = new Box();
    box.add(opened(1));
    const store = createMemoryStateStore();
    const asking = setup(
      box,
      { ops: recorder([{ outcome: 'retry', reason: '429', afterMs: 120_000 }]) },
      { lease: store, owner: 'x' },
    );
    expect(await asking.dispatcher.run(AT + 5_000)).toMatchObject({ waiting: 1, nextMs: AT + 120_000 });
    const ops = recorder();
    const next = setup(box, { ops }, { lease: store, owner: 'y' });
    next.time.nowMs = AT + 60_000;
    expect(await next.dispatcher.run(AT + 65_000)).toMatchObject({ sent: 0, waiting: 1, nextMs: AT + 120_000 });
    next.time.nowMs = AT + 120_000;
    expect(await next.dispatcher.run(AT + 125_000)).toMatchObject({ sent: 1, waiting: 0 });
    expect(JSON.parse(new TextDecoder().decode((await store.get(LEASE_KEY))?.body))).toEqual({
      format: 1,
      owner: null,
      untilMs: 0,
      channels: { ops: { readyMs: AT + 121_000, failures: 0 } },
    });
  });

  test('what one holds another takes over only after its end', async () => {
    const box = new Box();
    box.add(opened(1));
    const store = createMemoryStateStore();
    const held = { format: 1, owner: 'dead', untilMs: AT + 30_000, channels: {} };
    await store.put(LEASE_KEY, new TextEncoder().encode(JSON.stringify(held)), undefined);
    const { dispatcher, time } = setup(box, { ops: recorder() }, { lease: store, owner: 'y' });
    expect(await dispatcher.run(AT + 5_000)).toMatchObject({ sent: 0, waiting: 1, nextMs: AT + 30_000 });
    time.nowMs = AT + 30_000;
    expect(await dispatcher.run(AT + 35_000)).toMatchObject({ sent: 1, waiting: 0 });
  });

  test('one whose lease was taken from it sends nothing more', async () => {
    const box = new Box();
    box.add(opened(1));
    const store = createMemoryStateStore();
    const ops = recorder([{ outcome: 'retry', reason: '500' }]);
    const { send } = ops;
    ops.send = async (message) => {
      const found = await store.get(LEASE_KEY);
      await store.put(
        LEASE_KEY,
        new TextEncoder().encode('{"format":1,"owner":"z","untilMs":1e15,"channels":{}}'),
        found?.version,
      );
      return send(message);
    };
    const { dispatcher } = setup(box, { ops }, { lease: store, owner: 'x' });
    expect(await dispatcher.run(AT + 60_000)).toMatchObject({ sent: 0, waiting: 1 });
    expect(ops.messages).toHaveLength(1);
    expect(new TextDecoder().decode((await store.get(LEASE_KEY))?.body)).toContain('"z"');
  });

  test.each([
    '',
    'null',
    '{}',
    '{"format":1,"owner":3}',
    '\u0000',
    '{"format":1,"owner":"x","untilMs":1,"channels":{"ops":null}}',
  ])('an unreadable lease is taken anew: %s', async (body) => {
    const box = new Box();
    box.add(opened(1));
    const store = createMemoryStateStore();
    await store.put(LEASE_KEY, new TextEncoder().encode(body), undefined);
    const { dispatcher } = setup(box, { ops: recorder() }, { lease: store, owner: 'y' });
    expect(await dispatcher.run(AT + 5_000)).toMatchObject({ sent: 1, waiting: 0 });
  });

  test('where nothing waits nothing is written', async () => {
    const store = createMemoryStateStore();
    const { dispatcher } = setup(new Box(), { ops: recorder() }, { lease: store, owner: 'y' });
    expect(await dispatcher.run(AT + 5_000)).toMatchObject({ sent: 0, waiting: 0, nextMs: undefined });
    expect(await store.get(LEASE_KEY)).toBeUndefined();
  });

  test('a store that is away delays, and says when to try again', async () => {
    const box = new Box();
    box.add(opened(1));
    const store = { ...createMemoryStateStore(), get: () => Promise.reject(new Error('away')) };
    const { dispatcher } = setup(box, { ops: recorder() }, { lease: store, owner: 'y' });
    expect(await dispatcher.run(AT + 5_000)).toMatchObject({ sent: 0, waiting: 1, nextMs: AT + 10_000 });
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an arrival that nobody sent');
  return value;
}
