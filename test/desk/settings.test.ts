import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSettings, transformOf } from '../../lib/desk/settings.ts';
import { tempFolder } from '../support/temp.ts';
import { position } from '../support/transform.ts';

const folderWith = (settings: unknown): string => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'nightdesk.json'), typeof settings === 'string' ? settings : JSON.stringify(settings));
  return folder;
};

const stored = async (folder: string, event: object): Promise<Record<string, unknown>> => {
  const transform = await transformOf(folder);
  return JSON.parse(transform(JSON.stringify({ stream: 'signals', event_id: 'e', ...event }), position())?.json ?? '');
};

test('a folder without settings has the defaults', async () => {
  expect(await readSettings(tempFolder())).toEqual({ zone: 'UTC', redact: [], hash: [] });
});

test('naive times are read in the zone of the folder', async () => {
  const folder = folderWith({ zone: 'Asia/Kolkata' });

  const event = await stored(folder, { ts: '2025-12-03T12:00:00' });

  expect(event).toMatchObject({ ts: '2025-12-03T06:30:00.000000Z', ts_naive: true });
});

test('names of the settings are removed, or hashed with a salt that belongs to the folder', async () => {
  const settings = { redact: ['pin', 'model_source', 'alpha'], hash: ['account_id'] };
  const [one, other] = [folderWith(settings), folderWith(settings)];
  const event = { ts: '2025-12-03T11:00:00Z', account_id: 'acc-1', pin: '0000', model_source: 'mine', alpha: 0.5 };

  const first = await stored(one, event);

  expect(String(first.extra)).toContain('[redacted]');
  expect(first).toMatchObject({ model_source: '[redacted]', alpha: null });
  expect(first.account_id).toMatch(/^h:[0-9a-f]{16}$/);
  expect((await stored(one, event)).account_id).toBe(first.account_id);
  expect((await stored(other, event)).account_id).not.toBe(first.account_id);
  expect(readFileSync(join(one, 'salt.json'), 'utf8')).not.toContain('acc-1');
});

test.each([
  ['{', 'is not JSON'],
  [{ zone: 'Mars/Base' }, 'zone: is no time zone'],
  [{ hash: 'account_id' }, 'hash: '],
  [{ hashes: [] }, 'hashes'],
])('settings %j are refused by name', async (settings, message) => {
  await expect(readSettings(folderWith(settings))).rejects.toThrow(message);
});

test('a value that was hashed when it came in is not hashed again, so that an account stays one', async () => {
  const folder = folderWith({ hash: ['account_id'] });
  const { account_id } = await stored(folder, { account_id: 'acc-1' });

  expect((await stored(folder, { account_id })).account_id).toBe(account_id);
  expect((await stored(folder, { account_id: `${account_id}0` })).account_id).not.toBe(`${account_id}0`);
});

test('a data folder that is a file, and settings that are a folder, are told as what they are', async () => {
  const folder = folderWith({});
  await expect(readSettings(join(folder, 'nightdesk.json'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' });

  mkdirSync(join(folder, 'other', 'nightdesk.json'), { recursive: true });
  await expect(readSettings(join(folder, 'other'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test.each([
  ['is no JSON', '{"account_id": "ACC-9", "pin": "1234", ', undefined],
  ['is not UTF-8', '{"account_id":"ACC-9","pin":"1234","x":"\ufffd"}', 'invalid_utf8' as const],
  ['lies in one record with lines of other partitions', 'account_id=ACC-9 pin=1234', 'deaggregation_limit' as const],
])('a line in quarantine that %s gives away no name of the settings', async (_what, line, refused) => {
  const transform = await transformOf(folderWith({ redact: ['pin'], hash: ['account_id'] }));

  const { raw } = JSON.parse(transform(line, position(), refused)?.json ?? '{}');

  expect(raw).toContain('account_id');
  expect(raw).not.toMatch(/ACC-9|1234/);
});
