import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nodeFiles } from '../../lib/adapters/local/files.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { MAX_BATCH_RECORDS, MAX_DEPTH, MAX_RECORD_BYTES, PACK_BYTES, PACK_LINES } from '../../lib/core/limits.ts';
import { isSecretName, redactText } from '../../lib/core/redact.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { startDesk } from '../desk/support/desk.ts';
import { startDeskProcess } from '../desk/support/process.ts';
import { openTestLake } from '../support/open-lake.ts';
import { tempFolder } from '../support/temp.ts';

const CLIENT = fileURLToPath(new URL('../../clients/python', import.meta.url));
const run = promisify(execFile);

const works = (command: string, code: string): boolean => {
  try {
    execFileSync(command, ['-c', code], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const NEW_ENOUGH = 'import sys; sys.exit(sys.version_info < (3, 9))';
const python = ['python3', '/usr/bin/python3'].find((command) => works(command, NEW_ENOUGH));
const boto = ['/usr/bin/python3', 'python3'].find((command) => works(command, `import boto3; ${NEW_ENOUGH}`));
const needs = (title: string, present: unknown, what = 'python3 of 3.9 or newer'): string =>
  present === undefined ? `${title} (skipped: ${what} is absent)` : title;
const transform = createTransform({}, { sha256 });
const ENV = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };

/** Runs a script that has the client, and gives what it printed as JSON. */
async function script<T>(code: string, args: readonly string[] = [], command = python): Promise<T> {
  const path = join(tempFolder(), 'bot.py');
  writeFileSync(
    path,
    `import sys; sys.path.insert(0, ${JSON.stringify(CLIENT)})\nimport json, os, time\nfrom nightdesk import *\n${code}`,
  );
  const { stdout } = await run(command ?? '', [path, ...args], { env: ENV, timeout: 60_000, maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as T;
}

interface Stats {
  readonly emitted: number;
  readonly recovered: number;
  readonly delivered: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly held: number;
  readonly retried: number;
}

const balanced = ({ emitted, recovered, delivered, dropped, held }: Stats): boolean =>
  emitted + recovered === delivered + held + Object.values(dropped).reduce((sum, count) => sum + count, 0);

describe.skipIf(python === undefined)(needs('the Python client', python), () => {
  test('passes its own tests, and the cases it shares with the emitter', { timeout: 240_000 }, async () => {
    const { stderr } = await run(python ?? '', ['-m', 'unittest', 'discover', '-s', CLIENT], {
      env: ENV,
      timeout: 230_000,
    });
    expect(stderr).toMatch(/Ran \d{2,} tests[\s\S]*\nOK/);
  });

  test('has the limits of the wire, and takes out the secrets that the transform takes out', async () => {
    const names = [
      'API-Key',
      'token',
      'idempotency_key',
      'token_symbol',
      'account_equity',
      'Set-Cookie',
      'x_mbx_apikey',
      'seed_phrase',
    ];
    const texts = [
      'AKIAIOSFODNN7EXAMPLE',
      'xoxb-1234567890-abc',
      'see https://hooks.slack.com/services/T000/B000/XXXX now',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc-DEF',
      '-----BEGIN EC PRIVATE KEY-----\nMHQCAQEE\n-----END EC PRIVATE KEY-----',
      'Authorization: Bearer abcdefghijklmnop1234',
      'ghp_abcdefghijklmnopqrst12',
      'sk-abcdefghijklmnopqrst12',
      'postgres://user:pass@host/db?password=x&sign=y',
      'risk-limit of desk-1 at https://host/path?symbol=BTC&side=buy',
    ];
    const found = await script<unknown>(
      `
import nightdesk as n
print(json.dumps([n.PACK_LINES, n.PACK_BYTES, n.MAX_RECORD_BYTES, n.MAX_BATCH_RECORDS, n.MAX_DEPTH,
  [n._is_secret(name) for name in ${JSON.stringify(names)}],
  [n._redacted(text) if n._suspicious(text) else text for text in json.loads(sys.argv[1])],
  sorted(n._SECRET_NAMES)]))`,
      [JSON.stringify(texts)],
    );
    const [lines, bytes, record, records, depth, secret, redacted, all] = found as [
      number,
      number,
      number,
      number,
      number,
      boolean[],
      string[],
      string[],
    ];
    expect([lines, bytes, record, records, depth]).toEqual([
      PACK_LINES,
      PACK_BYTES,
      MAX_RECORD_BYTES,
      MAX_BATCH_RECORDS,
      MAX_DEPTH,
    ]);
    expect(secret).toEqual(names.map((name) => isSecretName(name)));
    expect(redacted).toEqual(texts.map(redactText));
    expect(all.every((name) => isSecretName(name))).toBe(true);
  });

  test('does what the first page of its documentation shows', async () => {
    const dataDir = tempFolder();
    const desk = await startDesk({ dataDir, transform });
    const [, shown] = /<<'PY'\n([\s\S]*?)\nPY\n/.exec(readFileSync('docs/python.md', 'utf8')) ?? [];
    const [, query] = /nightdesk query "(.*)"/.exec(readFileSync('docs/python.md', 'utf8')) ?? [];
    expect(shown).toContain('spool_dir="spool"');
    const here = shown
      ?.replace('spool_dir="spool"', 'spool_dir=sys.argv[2], endpoint=sys.argv[1]')
      .replace('from nightdesk import Emitter', '');
    await script(`${here}\nprint(1)`, [desk.url, tempFolder()]);
    await desk.stop();
    const lake = await openTestLake(dataDir);
    expect(await lake.rows(query ?? '')).toEqual([
      { ts: expect.any(String), symbol: 'BTC-USD', side: 'buy', qty: 0.01, price: 85500 },
    ]);
  });

  test('brings events, log records and hostile values to a desk, each once', async () => {
    const dataDir = tempFolder();
    const desk = await startDesk({ dataDir, transform, auth: [{ name: 'bot-a', secret: 'correct-horse-battery' }] });
    const stats = await script<Stats>(
      `
import logging, datetime
from decimal import Decimal
with Emitter("grid_1", "run-7", "paper", endpoint=sys.argv[1], token="correct-horse-battery", context={"venue": "okx"}) as desk:
    logging.getLogger().addHandler(NightdeskHandler(desk))
    intent = desk.intent(symbol="BTC-USD", side="buy", qty=Decimal("0.50"))
    order = desk.order(intent, symbol="BTC-USD", side="buy", qty=Decimal("0.50"), order_type="market", decision_ts=datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc))
    desk.fill(order, symbol="BTC-USD", side="buy", qty=Decimal("0.50"), price=100.25, venue_fill_id="f1")
    desk.health(equity=float("nan"), ws_staleness_ms=3)
    desk.emit("system", event="odd", message="\\ud83d 🚀 \\u2028 \\x00", note={1, 2}, password="hunter2", url="https://u:hunter2@h/", big=2**70)
    logging.error("it failed", exc_info=ValueError("why"))
    for n in range(1500): desk.emit("latency", total_latency_ms=n)
    desk.flush(20)
print(json.dumps(desk.stats()))`,
      [desk.url],
    );
    expect(balanced(stats)).toBe(true);
    expect(stats).toMatchObject({ emitted: 1506, delivered: 1506, held: 0, dropped: {} });
    await desk.stop();
    const lake = await openTestLake(dataDir);
    expect(await lake.rows('select stream, count(*) as n from events group by 1 order by 1')).toEqual([
      { stream: 'error', n: 1 },
      { stream: 'execution', n: 1 },
      { stream: 'health', n: 1 },
      { stream: 'latency', n: 1500 },
      { stream: 'order', n: 1 },
      { stream: 'order_intent', n: 1 },
      { stream: 'system', n: 1 },
    ]);
    expect(
      await lake.rows(
        'select i.qty, o.order_type, e.price, e.venue, e.strategy_id, e.session_id, e.mode, e.misfits, e.ts_source from order_intent i join "order" o on o.intent_id = i.intent_id join execution e on e.order_id = o.order_id and e.intent_id = i.intent_id',
      ),
    ).toEqual([
      {
        qty: 0.5,
        order_type: 'market',
        price: 100.25,
        venue: 'okx',
        strategy_id: 'grid_1',
        session_id: 'run-7',
        mode: 'paper',
        misfits: null,
        ts_source: 'emitted_at',
      },
    ]);
    expect(await lake.rows('select equity, ws_staleness_ms, nonfinite from health')).toEqual([
      { equity: null, ws_staleness_ms: 3, nonfinite: ['equity'] },
    ]);
    const odd = await lake.rows('select message, extra from system');
    expect(odd[0]?.message).toBe('\ufffd 🚀 \u2028 \u0000');
    expect(String(odd[0]?.extra)).toContain(String(2n ** 70n));
    expect(String(odd[0]?.extra)).not.toContain('hunter2');
    expect(await lake.rows('select message, error_type, component, level from error')).toEqual([
      { message: 'it failed', error_type: 'ValueError', component: 'root', level: 'error' },
    ]);
  });

  test('loses nothing while the desk throttles, and nothing while there is none', async () => {
    const dataDir = tempFolder();
    const spool = tempFolder();
    let free = 0;
    const first = await startDesk({
      dataDir,
      transform,
      minFreeBytes: 1,
      files: { ...nodeFiles, freeBytes: async () => free },
    });
    const { port } = new URL(first.url);
    const bot = script<Stats>(
      `
desk = Emitter("s", endpoint=sys.argv[1], spool_dir=sys.argv[2], linger_s=0.02, max_backoff_s=0.2)
for n in range(2000):
    desk.emit("order", order_id=str(n))
    if n % 10 == 0: time.sleep(0.01)
until = time.monotonic() + 40
while not desk.flush(0.5) and time.monotonic() < until: pass
print(json.dumps(desk.stats()))`,
      [first.url, spool],
    );
    await expect.poll(() => first.stats().intake.refused, { timeout: 20_000 }).toBeGreaterThan(1);
    free = 1_000_000;
    await expect.poll(() => first.stats().intake.records, { timeout: 20_000 }).toBeGreaterThan(1);
    await first.stop();
    await sleep(700); // an outage
    const second = await startDesk({ dataDir, transform, port: Number(port) });
    const stats = await bot;
    expect(balanced(stats)).toBe(true);
    expect(stats).toMatchObject({ emitted: 2000, delivered: 2000, dropped: {} });
    expect(stats.retried).toBeGreaterThan(1);
    await second.stop();
    const lake = await openTestLake(dataDir);
    expect(await lake.rows('select count(*) as n, count(distinct order_id) as ids from "order"')).toEqual([
      { n: 2000, ids: 2000 },
    ]);
    expect(readdirSync(spool)).toEqual([]);
  }, 90_000);

  test('killed in a loop beside a desk that is killed too, every event it was told of is in the view once', async () => {
    const data = tempFolder();
    const spool = tempFolder();
    const code = join(tempFolder(), 'bot.py');
    writeFileSync(
      code,
      `import sys, os; sys.path.insert(0, ${JSON.stringify(CLIENT)})
from nightdesk import Emitter
desk = Emitter("s", endpoint=sys.argv[1], spool_dir=sys.argv[2], write_through=True, linger_s=0.01, max_backoff_s=0.1)
n = 0
while True:
    name = f"{os.getpid()}-{n}"
    desk.emit("order", event_id=name)
    os.write(1, (name + "\\n").encode())
    n += 1
`,
    );
    let desk = await startDeskProcess(['--data', data, '--buffer-ms', '60']);
    const { port } = new URL(desk.url);
    const told = new Set<string>();
    for (let kill = 0; kill < 6; kill++) {
      const bot: ChildProcess = spawn(python ?? '', [code, desk.url, spool], {
        env: ENV,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void bot.kill('SIGKILL'));
      let said = '';
      bot.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await expect.poll(() => said.length, { timeout: 20_000 }).toBeGreaterThan(100);
      await sleep(kill * 60);
      if (kill === 2) await desk.end('SIGKILL');
      const ended = once(bot, 'close');
      bot.kill('SIGKILL');
      await ended;
      for (const name of said.split('\n').slice(0, -1)) told.add(name);
      if (kill === 3) desk = await startDeskProcess(['--data', data, '--buffer-ms', '60', '--port', port]);
    }
    await script(
      `
desk = Emitter("s", endpoint=sys.argv[1], spool_dir=sys.argv[2])
until = time.monotonic() + 50
while (desk.stats()["held"] > 0 or os.listdir(sys.argv[2])) and time.monotonic() < until: time.sleep(0.02)
print(json.dumps(desk.stats()))`,
      [desk.url, spool],
    );
    expect(await desk.end('SIGTERM'), desk.said()).toBe(0);
    expect(readdirSync(spool)).toEqual([]);
    const lake = await openTestLake(data);
    const rows = await lake.rows('select event_id, count(*) as n from "order" group by 1');
    expect(rows.filter(({ n }) => n !== 1)).toEqual([]);
    const stored = new Set(rows.map(({ event_id }) => String(event_id)));
    expect(told.size).toBeGreaterThan(100);
    expect([...told].filter((name) => !stored.has(name))).toEqual([]);
  }, 120_000);
});

test.skipIf(boto === undefined)(
  needs('the Python client sends to Firehose through boto3', boto, 'python3 with boto3'),
  async () => {
    const dataDir = tempFolder();
    const auth = [{ name: 'bot-a', secret: 'correct-horse-battery' }];
    const desk = await startDesk({ dataDir, transform, auth });
    const stats = await script<Stats>(
      `
os.environ.update(AWS_ACCESS_KEY_ID="bot-a", AWS_SECRET_ACCESS_KEY="correct-horse-battery", AWS_EC2_METADATA_DISABLED="true")
with Emitter("s", sink="aws", delivery_stream="nightdesk", region="eu-west-1", endpoint=sys.argv[1], linger_s=0.2) as desk:
    for n in range(2000): desk.emit("order", order_id=str(n), reason="é🚀")
    desk.flush(20)
print(json.dumps(desk.stats()))`,
      [desk.url],
      boto,
    );
    expect(stats).toMatchObject({ emitted: 2000, delivered: 2000, dropped: {} });
    await desk.stop();
    const lake = await openTestLake(dataDir);
    expect(await lake.rows('select count(*) as n, count(distinct order_id) as ids from "order"')).toEqual([
      { n: 2000, ids: 2000 },
    ]);
  },
  60_000,
);
