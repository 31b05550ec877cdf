import { afterAll, beforeAll, expect, test } from 'vitest';
import { slackNotifier } from '../../../lib/adapters/channels/slack.ts';
import { gunzip, gzip } from '../../../lib/adapters/local/gzip.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { createMemoryStore } from '../../../lib/adapters/memory/object-store.ts';
import { createMemoryStateStore } from '../../../lib/adapters/memory/state-store.ts';
import { createDispatcher } from '../../../lib/core/alerts/dispatch.ts';
import { createAlerts } from '../../../lib/core/alerts/runtime.ts';
import type { AlertChange } from '../../../lib/core/alerts/types.ts';
import { AT, anAlert } from '../../support/alert-changes.ts';
import { type SlackServer, startSlack } from '../../support/slack-server.ts';
import { channel, settings } from './support/make.ts';

// The dispatcher over the real runtime: what is unsent lies in the state, and outlives every process.

let slack: SlackServer;
let nowMs = AT;
beforeAll(async () => {
  slack = await startSlack(() => nowMs);
});
afterAll(() => slack.close());

test('what one process could not tell the next one tells, marked where the answer was lost', async () => {
  const store = createMemoryStore();
  const state = createMemoryStateStore();
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const clock = { nowMs: () => nowMs };
  const chosen = settings({ channels: [channel({ name: 'ops' })] });
  const sleep = async (ms: number) => {
    nowMs += ms;
  };
  const process = (owner: string) => {
    const alerts = createAlerts({ store, state, clock, log, gzip, gunzip, sha256 }, chosen);
    const channels = new Map([['ops', slackNotifier({ url: slack.url, timeoutMs: 5_000 })]]);
    const options = { box: alerts.box, channels, settings: chosen, clock, sleep, log, lease: state, owner };
    return { alerts, dispatcher: createDispatcher(options) };
  };
  const alarm = (i: number): AlertChange => ({
    id: `p-${i}:1`,
    kind: 'platform',
    atMs: nowMs,
    notify: true,
    alert: anAlert({ alertId: `p-${i}`, mode: null, strategyId: '*', title: `alarm ${i}.` }),
  });

  const first = process('x');
  for (const i of [1, 2, 3]) await first.alerts.raise(alarm(i));
  slack.script = ['ok', 'reset after', { retryAfterS: 40 }];
  expect(await first.dispatcher.run(nowMs + 10_000)).toMatchObject({ sent: 1, waiting: 2 });
  const second = process('y');
  expect(await second.dispatcher.run(nowMs + 10_000)).toMatchObject({ sent: 0, waiting: 2 });
  await second.alerts.raise(alarm(4));
  nowMs += 60_000;
  expect(await second.dispatcher.run(nowMs + 10_000)).toMatchObject({ sent: 3, waiting: 0 });
  expect(await process('z').alerts.box.waiting()).toEqual([]);

  const shown = slack.arrivals.filter((arrival) => arrival.shown).map(({ body }) => body);
  expect(shown.map((body) => [/alarm (\d)\./.exec(body)?.[1], body.includes('Possible repeat')])).toEqual([
    ['1', false],
    ['2', false],
    ['2', true],
    ['3', false],
    ['4', false],
  ]);
  const gaps = slack.arrivals.slice(1).map(({ atMs }, i) => atMs - (slack.arrivals[i]?.atMs ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
});
