import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { createFolderStore } from '../../lib/adapters/local/object-store.ts';
import { COMMANDS, run } from '../../lib/desk/commands/index.ts';
import { durationOption, sizeOption } from '../../lib/desk/commands/units.ts';
import { tempFolder } from '../support/temp.ts';
import { startDeskProcess } from './support/process.ts';

/** Runs `nightdesk up` in this process, where it is expected to end by itself. */
async function up(...args: string[]): Promise<{ code: number; err: string }> {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const code = await run(['node', 'nightdesk', 'up', '--data', tempFolder(), ...args], COMMANDS);
    return { code, err: write.mock.calls.map(([text]) => String(text)).join('') };
  } finally {
    write.mockRestore();
  }
}

async function keysIn(data: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of createFolderStore(join(data, 'lake')).list('')) keys.push(key);
  return keys;
}

describe('nightdesk up', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'brings what it took to the lake at %s, and ends with 0',
    async (signal) => {
      const data = tempFolder();
      const desk = await startDeskProcess(['--data', data, '--buffer-ms', '60000']);
      const response = await fetch(`${desk.url}/v1/events`, { method: 'POST', body: '{"some":"thing"}\nnot json\n' });
      expect(await response.json()).toEqual({ accepted: 2 });
      expect(await desk.end(signal)).toBe(0);
      expect(desk.said()).toMatch(/Stopped: 1 records taken in, 0 events stored, 2 in quarantine/);
      expect((await keysIn(data)).every((key) => key.startsWith('events/quarantine/v1/date='))).toBe(true);
      expect(readdirSync(join(data, 'wal'))).toEqual(['checkpoint.json']);
      expect(existsSync(join(data, 'desk.json'))).toBe(false);
    },
  );

  test('says where it listens, where it keeps what it takes, and what to type next', async () => {
    const data = tempFolder();
    const desk = await startDeskProcess(['--data', data]);
    await expect.poll(() => desk.said()).toContain('Ctrl-C');
    for (const text of [
      desk.url,
      data,
      'nightdesk send logs/',
      'nightdesk query',
      '/v1/events',
      'any region and credentials',
    ])
      expect(desk.said()).toContain(text);
  });

  test('sends older events to quarantine where a limit is set', async () => {
    const data = tempFolder();
    const desk = await startDeskProcess(['--data', data, '--max-event-age', '7d']);
    const event = {
      stream: 'order',
      schema_version: 1,
      event_id: 'e1',
      ts: '2020-01-01T00:00:00.000000Z',
      emitted_at: '2020-01-01T00:00:00.000000Z',
    };
    await fetch(`${desk.url}/v1/events`, { method: 'POST', body: JSON.stringify(event) });
    await desk.end('SIGTERM');
    expect(await keysIn(data)).toEqual([expect.stringMatching(/^events\/quarantine\//)]);
  });

  test('with --demo says that it is one, shows events within seconds, and a query to paste', async () => {
    const data = tempFolder();
    const desk = await startDeskProcess(['--data', data, '--demo']);
    await expect.poll(() => desk.said(), { timeout: 10_000 }).toMatch(/npx nightdesk query ".+" --data/);
    expect(desk.said()).toContain('THIS IS A DEMO');
    expect(await desk.end('SIGINT')).toBe(0);
    expect((await keysIn(data)).some((key) => key.startsWith('events/execution/'))).toBe(true);
  });

  test('with a token file takes only who is in it', async () => {
    const data = tempFolder();
    const tokens = join(tempFolder(), 'tokens');
    writeFileSync(tokens, 'bot-a: correct-horse-battery-staple\n', { mode: 0o600 });
    const desk = await startDeskProcess([
      '--data',
      data,
      '--listen',
      '0.0.0.0',
      '--token-file',
      tokens,
      '--allow-host',
      'desk.lan',
      '--insecure',
    ]);
    const url = desk.url.replace('0.0.0.0', '127.0.0.1');
    const post = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}/v1/events`, { method: 'POST', body: '{}', headers });
    expect((await post({})).status).toBe(401);
    expect((await post({ authorization: 'Bearer correct-horse-battery-staple' })).status).toBe(200);
    expect(await desk.end('SIGTERM')).toBe(0);
    expect(desk.said()).not.toContain('battery');
  });

  test.each([
    ['an address that others can reach, alone', ['--listen', '0.0.0.0'], 2, /LISTEN_UNSAFE/],
    ['a port that is none', ['--port', '65536'], 2, /--port must be a whole number from 0 to 65535, got 65536/],
    ['a size without a unit that is one', ['--min-free', '3 parsecs'], 2, /--min-free must be a size/],
    ['a duration that is none', ['--max-event-age', 'long'], 2, /--max-event-age must be a duration/],
    ['a token file that is not there', ['--token-file', '/nowhere/tokens'], 2, /PATH_NOT_FOUND/],
    ['a certificate without its key', ['--tls-cert', 'x.pem'], 2, /belong together/],
    ['a demo for others', ['--demo', '--token-file', 'tokens'], 2, /--demo is for this machine alone/],
    ['an unknown option', ['--prot', '1'], 2, /--port/],
  ])('refuses %s', async (_, args, code, message) => {
    expect(await up(...args)).toEqual({ code, err: expect.stringMatching(message) });
  });
});

describe('units of options', () => {
  test.each([
    ['0', 0],
    ['1GB', 1e9],
    ['1.5 GiB', 1.5 * 1024 ** 3],
    ['500mb', 5e8],
    ['12', 12],
  ])('read %s as a size', (text, bytes) => expect(sizeOption('--x')(text)).toBe(bytes));

  test.each([
    ['90s', 90_000],
    ['7d', 604_800_000],
    ['1.5h', 5_400_000],
    ['0ms', 0],
  ])('read %s as a duration', (text, ms) => expect(durationOption('--x')(text)).toBe(ms));

  test.each(['', '-1GB', '1XB', '1e3', 'GB', '1 G B', '99999999999TB', '1toString'])('refuse %j as a size', (text) => {
    expect(() => sizeOption('--x')(text)).toThrow(/--x must be a size/);
  });

  test('refuse a duration without a unit: seconds or days would be a guess', () => {
    expect(() => durationOption('--x')('7')).toThrow(/--x must be a duration/);
  });
});
