import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createFolderStateStore } from '../../../lib/adapters/local/state-store.ts';
import type { AlertSettings } from '../../../lib/core/alerts/types.ts';
import { alertsOf, parseConfig } from '../../../lib/core/config/index.ts';
import type { Clock } from '../../../lib/core/ports/index.ts';
import type { DeskOptions } from '../../../lib/desk/desk.ts';
import { transformOf } from '../../../lib/desk/settings.ts';
import { nightdesk } from '../../support/command.ts';
import { type SlackServer, startSlack } from '../../support/slack-server.ts';
import { tempFolder } from '../../support/temp.ts';
import { startDesk, type TestDesk } from '../support/desk.ts';
import { startDeskProcess } from '../support/process.ts';

async function slackServer(): Promise<SlackServer> {
  const slack = await startSlack();
  onTestFinished(() => slack.close());
  return slack;
}

const settingsOf = (alerts: unknown = {}): AlertSettings => alertsOf(parseConfig({ alerts }, 'test'));

async function startWatch(
  { url }: SlackServer,
  { settings = settingsOf(), ...options }: Partial<DeskOptions> & { settings?: AlertSettings } = {},
): Promise<TestDesk> {
  const dataDir = options.dataDir ?? tempFolder();
  return startDesk({
    dataDir,
    transform: await transformOf(dataDir),
    alerts: { settings, environment: { SLACK_WEBHOOK_URL: url }, runner: { gatherMs: 5, tickMs: 20 } },
    ...options,
  });
}

const health = (strategy: string, fields: Readonly<Record<string, unknown>>, ms = Date.now()): string =>
  JSON.stringify({
    stream: 'health',
    schema_version: 1,
    ts: new Date(ms).toISOString(),
    strategy_id: strategy,
    session_id: `${strategy}-run`,
    symbol: 'BTCUSDT',
    mode: 'paper',
    ...fields,
  });

const send = (desk: { readonly url: string }, ...lines: readonly string[]): Promise<Response> =>
  fetch(`${desk.url}/v1/events`, { method: 'POST', body: lines.join('\n') });

const told = ({ arrivals }: SlackServer, text: string): number =>
  arrivals.filter(({ body, shown }) => shown && body.includes(text)).length;

/** A clock that runs ahead, in steps of which whoever ticks misses none: a desk notes every ten seconds that it watches. */
function jumpingClock() {
  let aheadMs = 0;
  const clock: Clock = { nowMs: () => Date.now() + aheadMs };
  return {
    clock,
    jump(ms: number): void {
      aheadMs += ms;
    },
    async watchFor(dataDir: string, ms: number): Promise<void> {
      const state = createFolderStateStore(join(dataDir, 'lake'));
      await vi.waitFor(async () => expect(await state.get('state/alerts-watch.json')).toBeDefined(), WAIT); // it watches
      for (let left = ms; left > 0; left -= 20_000) {
        aheadMs += Math.min(left, 20_000);
        const atMs = clock.nowMs() - 10_000;
        await vi.waitFor(async () => {
          const noted = await state.get('state/alerts-watch.json');
          expect(JSON.parse(Buffer.from(noted?.body ?? []).toString()).at_ms).toBeGreaterThan(atMs);
        }, WAIT);
      }
    },
  };
}

const WAIT = { timeout: 10_000, interval: 20 };

describe('the alerts of a desk', () => {
  test('the first of a flood are told before the last are looked at', { timeout: 60_000 }, async () => {
    const slack = await slackServer();
    const desk = await startWatch(slack, {
      alerts: { settings: settingsOf(), environment: { SLACK_WEBHOOK_URL: slack.url }, runner: { gatherMs: 300 } },
    });
    const sick = Array.from({ length: 400 }, (_, n) => health(`bot-${n}`, { ws_staleness_ms: 45_000 }));
    await send(desk, ...sick);
    await vi.waitFor(() => expect(slack.arrivals).not.toEqual([]), { timeout: 50_000, interval: 20 });
    expect(slack.arrivals[0]?.body).toContain(' alerts at once');
    expect(slack.arrivals[0]?.body).not.toContain('400 alerts at once');
  });

  test('what is wrong reaches Slack once, and once more when it is over', { timeout: 20_000 }, async () => {
    const slack = await slackServer();
    const desk = await startWatch(slack);

    await send(desk, health('sick', { event_id: 'a', ws_staleness_ms: 45_000 }));
    await vi.waitFor(() => expect(told(slack, 'sick')).toBe(1), WAIT);
    await send(desk, health('sick', { event_id: 'a', ws_staleness_ms: 45_000 })); // the bot sends it again
    await send(desk, health('sick', { event_id: 'b', ws_staleness_ms: 100 }));
    await vi.waitFor(() => expect(told(slack, 'sick')).toBe(2), WAIT);
    await desk.stop();

    expect(slack.arrivals.map(({ body }) => /resolved|over/i.test(body))).toEqual([false, true]);
    expect(desk.stats().alerts).toMatchObject({ queued: 0, unsent: 0, failures: 0 });
  });

  test('the log says it in a short line, whatever a bot calls itself', { timeout: 20_000 }, async () => {
    const slack = await slackServer();
    const desk = await startWatch(slack);

    await send(desk, health(`\u202e${'long'.repeat(10_000)}`, { ws_staleness_ms: 45_000 }));
    const alerts = () => desk.said.filter(({ message }) => message === 'alert: Market data is stale');
    await vi.waitFor(() => expect(alerts()).toHaveLength(1), WAIT);

    expect(JSON.stringify(alerts()).length).toBeLessThan(1_000);
  });

  test('what could not be told before a restart is told after it', { timeout: 30_000 }, async () => {
    const slack = await slackServer();
    const dataDir = tempFolder();
    slack.script = Array.from({ length: 100 }, () => ({ status: 503 }));
    const first = await startWatch(slack, { dataDir });
    await send(first, health('sick', { ws_staleness_ms: 45_000 }));
    await vi.waitFor(() => expect(slack.arrivals.length).toBeGreaterThan(0), WAIT);
    await first.stop();
    slack.script = [];

    await startWatch(slack, { dataDir });

    await vi.waitFor(() => expect(told(slack, 'sick')).toBe(1), WAIT);
  });

  test('what a desk that was killed had taken in is told by the next one', { timeout: 60_000 }, async () => {
    const slack = await slackServer();
    slack.script = Array.from({ length: 1_000 }, () => ({ status: 503 }));
    vi.stubEnv('SLACK_WEBHOOK_URL', slack.url);
    onTestFinished(() => void vi.unstubAllEnvs());
    const data = tempFolder();
    const probes: string[] = [];
    for (let kill = 0; kill < 3; kill++) {
      const desk = await startDeskProcess(['--data', data, '--buffer-ms', '60']);
      for (let probe = 0; probe < 4; probe++) {
        const name = `probe-${kill}-${probe}-x`;
        const answer = await send(desk, health(name, { ws_staleness_ms: 45_000 }));
        if (answer.ok) probes.push(name);
      }
      await sleep(kill * 60);
      expect(await desk.end('SIGKILL')).toBe('SIGKILL');
    }
    slack.script = [];

    await startWatch(slack, { dataDir: data });

    await vi.waitFor(() => expect(probes.filter((name) => told(slack, name) === 0)).toEqual([]), {
      timeout: 20_000,
      interval: 100,
    });
    expect(probes.filter((name) => told(slack, name) > 1)).toEqual([]);
  });

  test('what was forgotten because too much waited is found in the lake, without a restart', {
    timeout: 60_000,
  }, async () => {
    const slack = await slackServer();
    const desk = await startWatch(slack, {
      buffer: { ms: 50 },
      alerts: {
        settings: settingsOf(),
        environment: { SLACK_WEBHOOK_URL: slack.url },
        runner: { gatherMs: 300, tickMs: 20, mostQueued: 5, storedMs: 500 },
      },
    });
    const well = Array.from({ length: 20 }, (_, n) => health(`well-${n}`, { ws_staleness_ms: 10 }));
    await send(desk, ...well, health('sick-at-the-end', { ws_staleness_ms: 45_000 }));

    await vi.waitFor(() => expect(told(slack, 'sick-at-the-end')).toBe(1), { timeout: 30_000, interval: 50 });
    expect(desk.stats().alerts?.observed).toBeLessThan(21);
  });

  test('a bot that falls silent is reported when two of its intervals have passed, and not before', {
    timeout: 30_000,
  }, async () => {
    const slack = await slackServer();
    const dataDir = tempFolder();
    const time = jumpingClock();
    const desk = await startWatch(slack, { dataDir, clock: time.clock });
    await send(desk, health('silent', { session_phase: 'beat', heartbeat_s: 300 }, time.clock.nowMs()));
    await vi.waitFor(() => expect(desk.stats().alerts?.observed).toBe(1), WAIT);

    await time.watchFor(dataDir, 590_000);
    expect(told(slack, 'silent')).toBe(0);
    await time.watchFor(dataDir, 10_100);
    await vi.waitFor(() => expect(told(slack, 'silent')).toBe(1), WAIT);
    await send(desk, health('silent', { session_phase: 'beat', heartbeat_s: 300 }, time.clock.nowMs()));
    await vi.waitFor(() => expect(told(slack, 'silent')).toBe(2), WAIT);
  });

  test('a bot that was silent while nobody watched is given its time again', { timeout: 30_000 }, async () => {
    const slack = await slackServer();
    const dataDir = tempFolder();
    const time = jumpingClock();
    const first = await startWatch(slack, { dataDir, clock: time.clock });
    await send(first, health('patient', { session_phase: 'beat', heartbeat_s: 300 }, time.clock.nowMs()));
    await vi.waitFor(() => expect(first.stats().alerts?.observed).toBe(1), WAIT);
    await first.stop();
    time.jump(8 * 3_600_000);

    await startWatch(slack, { dataDir, clock: time.clock });

    await time.watchFor(dataDir, 590_000);
    expect(told(slack, 'patient')).toBe(0);
    await time.watchFor(dataDir, 20_000);
    await vi.waitFor(() => expect(told(slack, 'patient')).toBe(1), WAIT);
  });

  test('history raises nothing, by whatever door it comes', { timeout: 30_000 }, async () => {
    const slack = await slackServer();
    const data = tempFolder();
    const logs = tempFolder();
    const old = Date.now() - 3_600_000;
    writeFileSync(join(logs, 'old.jsonl'), `${health('ancient-imported', { ws_staleness_ms: 45_000 }, old)}\n`);
    const desk = await startWatch(slack, { dataDir: data });

    await send(desk, health('ancient-sent', { ws_staleness_ms: 45_000 }, old));
    expect((await nightdesk('import', logs, '--data', data)).code).toBe(0);
    await send(desk, health('fresh', { ws_staleness_ms: 45_000 }));

    await vi.waitFor(() => expect(told(slack, 'fresh')).toBe(1), WAIT);
    expect(told(slack, 'ancient')).toBe(0);
  });

  test('much that cannot be read is reported for the whole desk', { timeout: 20_000 }, async () => {
    const slack = await slackServer();
    const desk = await startWatch(slack);

    await send(desk, ...Array.from({ length: 60 }, (_, i) => `not JSON ${i}`));

    await vi.waitFor(() => expect(told(slack, 'quarantine')).toBeGreaterThan(0), WAIT);
  });

  test('a state that cannot be written costs no event, and is told in the log', { timeout: 20_000 }, async () => {
    const slack = await slackServer();
    const dataDir = tempFolder();
    const state = createFolderStateStore(join(dataDir, 'lake'));
    await state.put('state/alerts/paper/broken.json', new TextEncoder().encode('{"format":1'), undefined);
    const desk = await startWatch(slack, { dataDir });

    await send(desk, health('broken', { ws_staleness_ms: 45_000 }));

    await vi.waitFor(() => expect(told(slack, 'broken')).toBe(1), WAIT);
    expect(await desk.lines()).toHaveLength(1);
  });
});
