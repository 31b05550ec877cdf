import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { startDesk } from '../desk/support/desk.ts';
import { openTestLake } from '../support/open-lake.ts';
import { tempFolder } from '../support/temp.ts';
import { bundleBot, startBot } from './support/bot.ts';
import type { BotOrders } from './support/bot-main.ts';

let folder = '';
let bot = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightdesk-bot-'));
  bot = await bundleBot(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOBODY = 'http://127.0.0.1:9'; // the discard port: nothing listens
const KILLS = Number(process.env.NIGHTDESK_KILLS ?? 5);

/** Whole lines of all segments, whoever owns them. */
function spooledLines(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.jsonl'))
    .flatMap((path) => readFileSync(join(dir, path), 'utf8').split('\n').slice(0, -1));
}

const realDesk = (dataDir: string) => startDesk({ dataDir, transform: createTransform({}, { sha256 }) });

test(`a bot is killed ${KILLS} times in the middle of its work: every event that was on the disk arrives, once in the view`, async () => {
  const dataDir = tempFolder();
  const desk = await realDesk(dataDir);
  const spool = join(tempFolder(), 'spool');
  const onDisk = new Map<string, unknown>();
  for (let run = 0; run < KILLS; run++) {
    // Every third run meets an outage, so that the next one finds more than a moment's events.
    const process = startBot(bot, {
      url: run % 3 === 1 ? NOBODY : desk.url,
      spool,
      sessionId: `run-${run}`,
      does: 'loop',
    });
    await process.ready();
    await sleep(60 + run * 7);
    process.child.kill('SIGKILL');
    await process.ended();
    for (const line of spooledLines(spool)) {
      const { session_id, event_id } = JSON.parse(line);
      onDisk.set(`${session_id} ${event_id}`, line);
    }
  }
  const last = await startBot(bot, { url: desk.url, spool, sessionId: 'last', does: 'drain' }).ended();

  expect(JSON.parse(last.said)).toMatchObject({ held: 0, dropped: {} });
  expect(onDisk.size).toBeGreaterThan(KILLS * 20);
  expect(readdirSync(join(spool, 'http'))).toEqual([]);
  await desk.stop();
  const lake = await openTestLake(dataDir);
  const stored = await lake.rows("select session_id || ' ' || event_id as id, count(*) as n from events group by 1");
  expect(stored.filter(({ n }) => n !== 1)).toEqual([]);
  const ids = new Set(stored.map(({ id }) => id));
  expect([...onDisk.keys()].filter((id) => !ids.has(id))).toEqual([]);
  expect(await lake.cell('select count(*) from quarantine')).toBe(0);
}, 300_000);

describe('at the end of a process', () => {
  /** What a bot's run leaves in the lake: kinds of events, counted. */
  async function runOf(
    orders: Pick<BotOrders, 'does'> & { readonly spooled?: boolean },
    meanwhile?: (pid: number) => void,
  ) {
    const dataDir = tempFolder();
    const desk = await realDesk(dataDir);
    const spool = join(tempFolder(), 'spool');
    const started = startBot(bot, {
      url: desk.url,
      sessionId: 'run',
      does: orders.does,
      ...(orders.spooled === true && { spool }),
    });
    if (meanwhile !== undefined) {
      await started.ready();
      meanwhile(started.child.pid ?? 0);
    }
    const end = await started.ended();
    const left = orders.spooled === true ? spooledLines(spool).map((line) => JSON.parse(line)) : [];
    await desk.stop();
    const lake = await openTestLake(dataDir);
    const count = async (sql: string) => (await lake.cell(sql)) ?? 0;
    return {
      end,
      left,
      trading: await count('select count(*) from events where bar_id is not null'),
      stops: await count("select count(*) from health where session_phase = 'stop'"),
      errors: await lake.rows('select error_type, message, level from error'),
    };
  }

  test('a script that comes to its end sends what it holds and says that it stops; no timer holds it up', async () => {
    const { end, trading, stops } = await runOf({ does: 'once' });

    expect(end).toMatchObject({ code: 0, signal: null });
    expect({ trading, stops }).toEqual({ trading: 8, stops: 1 });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s sends what is held, then ends the process as it would have',
    async (signal) => {
      const { end, trading, stops } = await runOf({ does: 'signal' }, (pid) => process.kill(pid, signal));

      expect(end).toMatchObject({ code: null, signal });
      expect({ trading, stops }).toEqual({ trading: 8, stops: 1 });
    },
  );

  test('a bot that handles SIGTERM itself decides when it ends, and what it emits until then is sent', async () => {
    const { end, trading } = await runOf({ does: 'signal_handled' }, (pid) => process.kill(pid, 'SIGTERM'));

    expect(end).toMatchObject({ code: 7, signal: null });
    expect(end.said).toContain('handled');
    expect(trading).toBe(9);
  });

  test('process.exit in the middle leaves everything in the spool', async () => {
    const { end, left, trading } = await runOf({ does: 'exit', spooled: true });

    expect(end).toMatchObject({ code: 3 });
    expect(left.filter(({ bar_id }) => bar_id !== undefined).length + Number(trading)).toBeGreaterThanOrEqual(8);
    expect(left.some(({ session_phase }) => session_phase === 'stop')).toBe(false); // it failed, and will be missed
  });

  test('an uncaught error is an event, and the process ends as it would have', async () => {
    const { end, left, errors } = await runOf({ does: 'throw', spooled: true });

    expect(end).toMatchObject({ code: 1, signal: null });
    expect(end.said).toContain('the bot is broken');
    expect([...errors, ...left.filter(({ stream }) => stream === 'error')]).toMatchObject([
      { error_type: 'TypeError', message: 'the bot is broken', level: 'critical' },
    ]);
  });

  test.each([
    ['another copy of the emitter, and both send what they hold', 'two_copies'],
    ['the package signal-exit', 'signal_exit'],
  ] as const)('SIGTERM ends the process too where the others that listen are %s', async (_who, does) => {
    const { end, trading } = await runOf({ does }, (pid) => process.kill(pid, 'SIGTERM'));

    expect(end).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(trading).toBe(8);
  });

  test('SIGTERM in the middle of close waits for what is being sent', async () => {
    const started = startBot(bot, { url: NOBODY, sessionId: 'run', does: 'closing', sink: 'slow' });
    await started.ready();
    started.child.kill('SIGTERM');

    expect(await started.ended()).toMatchObject({ signal: 'SIGTERM', said: expect.stringMatching(/took \d+/) });
  });

  test('a sink that never answers does not keep the process from its end', async () => {
    const end = await startBot(bot, { url: NOBODY, sessionId: 'run', does: 'once', sink: 'hangs' }).ended();

    expect(end).toMatchObject({ code: 0, signal: null });
    const told = startBot(bot, { url: NOBODY, sessionId: 'run', does: 'signal', sink: 'hangs' });
    await told.ready();
    told.child.kill('SIGTERM');
    expect(await told.ended()).toMatchObject({ code: null, signal: 'SIGTERM' });
  });
});
