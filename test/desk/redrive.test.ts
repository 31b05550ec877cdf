import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFolderStore } from '../../lib/adapters/local/object-store.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import type { ObjectStore } from '../../lib/core/ports/index.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import type { TransformConfig, Verdict } from '../../lib/core/transform/types.ts';
import { wireLine } from '../../lib/core/transform/wire.ts';
import { redrive } from '../../lib/desk/query/redrive.ts';
import { transformOf } from '../../lib/desk/settings.ts';
import { nightdesk } from '../support/command.ts';
import { writeLines } from '../support/lake.ts';
import { openTestLake, type TestLake } from '../support/open-lake.ts';
import { tempFolder } from '../support/temp.ts';

const ARRIVED_MS = Date.UTC(2025, 11, 3, 12);
/** A door that refuses what is older than an hour. */
const STRICT: Partial<TransformConfig> = { maxEventAgeMs: 3_600_000 };

const record = (second: number): string =>
  JSON.stringify({
    run_id: 'r1',
    asset: 'BTCUSDT',
    pred_stack_bps: second,
    event_id: 'x',
    ts_ist: new Date(Date.UTC(2025, 10, 21, 12, 0, second)).toISOString(),
    schema_v: '1',
  });

/** Lines of a file as a door with those settings took them. */
function taken(raws: readonly string[], config: Partial<TransformConfig> = STRICT): Verdict[] {
  const transform = createTransform(config, { sha256 });
  return raws.flatMap((raw, index) => {
    const line = wireLine({
      source: 'src',
      path: 'logs/5m/ensemble_log/a.jsonl',
      file: 'f00d.0',
      line: index + 1,
      set: { strategy_id: 's1' },
      raw,
    });
    return transform(line, { recordId: 'r', index: 0, arrivedMs: ARRIVED_MS }) ?? [];
  });
}

const json = async (...args: readonly string[]): Promise<Record<string, never>> =>
  JSON.parse((await nightdesk(...args, '--json')).out);
const keysOf = async (data: string): Promise<string[]> =>
  (await readdir(join(data, 'lake', 'events'), { recursive: true })).filter((name) => name.endsWith('.gz')).sort();
const snapshot = (lake: TestLake): Promise<unknown> => lake.rows('select * from ensemble order by event_id');

test('what can be stored today leaves quarantine as the event it would have been at first', async () => {
  const raws = [record(1), record(2), 'not json'];
  const [data, ideal] = [tempFolder(), tempFolder()];
  writeLines(data, taken(raws));
  writeLines(ideal, taken(raws, {}));

  const report = await json('redrive', '--data', data);

  expect(report).toMatchObject({
    dry_run: false,
    looked: 3,
    stored: 2,
    already: 0,
    left: 1,
    events: 2,
    changed: [],
    reasons: [
      { reason: 'too_old', before: 2, stored: 2, already: 0, after: 0 },
      { reason: 'invalid_json', before: 1, stored: 0, already: 0, after: 1 },
    ],
  });
  const [lake, other] = [await openTestLake(data), await openTestLake(ideal)];
  expect(await snapshot(lake)).toEqual(await snapshot(other));
  expect(await lake.rows('select event_id, reason from quarantine')).toEqual([
    { event_id: 'f00d.0-3', reason: 'invalid_json' },
  ]);
});

test('all lines are still accounted for', async () => {
  const data = tempFolder();
  writeLines(data, taken([record(1), record(2), 'not json']));

  await nightdesk('redrive', '--data', data);

  // Two events were stored, and of each the first line and the line about its redrive stand in quarantine.
  expect((await json('streams', '--data', data)).totals).toEqual({
    lines: 7,
    events: 2,
    duplicates: 0,
    quarantined: 1,
    redriven: 4,
    unreadable: 0,
  });
  expect((await nightdesk('streams', '--data', data)).err).toContain(
    '7 lines in the lake = 2 events + 0 duplicates + 1 quarantined + 4 redriven',
  );
});

test('a second run finds nothing to do and writes nothing', async () => {
  const data = tempFolder();
  writeLines(data, taken([record(1), record(2)]));
  await nightdesk('redrive', '--data', data);
  const before = await keysOf(data);

  const report = await json('redrive', '--data', data);

  expect(report).toMatchObject({ looked: 0, stored: 0 });
  expect(await keysOf(data)).toEqual(before);
});

test('a run that died between events and quarantine is finished by the next, without a double', async () => {
  const data = tempFolder();
  writeLines(data, taken([record(1), record(2)]));
  const store = createFolderStore(join(data, 'lake'));
  const dying: ObjectStore = {
    ...store,
    put: (key, body) => (key.includes('/quarantine/') ? Promise.reject(new Error('killed')) : store.put(key, body)),
  };
  const transform = createTransform({}, { sha256 });
  const lake = await openTestLake(data);
  await expect(redrive({ lake, store: dying, transform, dryRun: false })).rejects.toThrow('killed');
  expect((await json('streams', '--data', data)).totals).toMatchObject({ events: 2, quarantined: 2 });

  const report = await json('redrive', '--data', data);

  expect(report).toMatchObject({ looked: 2, stored: 0, already: 2, left: 0 });
  expect((await json('streams', '--data', data)).totals).toMatchObject({ events: 2, quarantined: 0, duplicates: 0 });
});

test('the same quarantine gives the same objects, byte for byte', async () => {
  const runs: string[][] = [];
  for (let run = 0; run < 2; run++) {
    const data = tempFolder();
    writeLines(data, taken([record(1), record(2), record(3)]));
    await nightdesk('redrive', '--data', data);
    runs.push((await keysOf(data)).filter((key) => key.includes('redrive-')));
  }

  expect(runs[0]).toHaveLength(2);
  expect(runs[0]).toEqual(runs[1]);
});

test('lines that came again and were stored then leave quarantine too', async () => {
  const data = tempFolder();
  writeLines(data, taken([record(1)]));
  writeLines(data, taken([record(1)], {}));
  expect((await json('streams', '--data', data)).totals).toMatchObject({ events: 1, quarantined: 1 });

  const report = await json('redrive', '--data', data);

  expect(report).toMatchObject({ stored: 0, already: 1, left: 0 });
  expect((await json('streams', '--data', data)).totals).toMatchObject({ events: 1, quarantined: 0 });
});

test('a dry run says the same and writes nothing', async () => {
  const data = tempFolder();
  writeLines(data, taken([record(1), 'not json']));
  const before = await keysOf(data);

  const report = await json('redrive', '--data', data, '--dry-run');

  expect(report).toMatchObject({ dry_run: true, looked: 2, stored: 1, left: 1 });
  expect(await keysOf(data)).toEqual(before);
});

test('reason and days narrow it', async () => {
  const data = tempFolder();
  writeLines(data, taken([record(1), 'not json']));
  const looked = async (...args: readonly string[]): Promise<unknown> =>
    (await json('redrive', '--data', data, '--dry-run', ...args)).looked;

  expect(await looked('--reason', 'too_old')).toBe(1);
  expect(await looked('--reason', 'clock_skew')).toBe(0);
  expect(await looked('--from', '2025-12-03', '--to', '2025-12-03')).toBe(2);
  expect(await looked('--from', '2025-12-04')).toBe(0);
  expect(await looked('--to', '2025-12-02')).toBe(0);
});

test('a line refused for another reason today says so', async () => {
  const data = tempFolder();
  const [verdict] = taken(['{"nobody":"knows"}']);
  writeLines(data, [
    { ...verdict, json: String(verdict?.json).replace('"unknown_shape"', '"unknown_version"') } as Verdict,
  ]);

  const { out, err } = await nightdesk('redrive', '--data', data);

  expect(out).toMatch(/unknown_version\s+1\s+0\s+0\s+1/);
  expect(err).toContain('1 unknown_version would be unknown_shape today');
  expect(err).toContain('1 in quarantine = 0 stored + 0 stored before + 1 left');
});

test('many lines go in batches, and none is lost', async () => {
  const data = tempFolder();
  writeLines(data, taken(Array.from({ length: 2_500 }, (_, i) => record(i))));
  const store = createFolderStore(join(data, 'lake'));
  const lake = await openTestLake(data);

  const report = await redrive({
    lake,
    store,
    transform: createTransform({}, { sha256 }),
    dryRun: false,
    batchLines: 1_000,
  });

  expect(report).toMatchObject({ looked: 2_500, stored: 2_500, left: 0 });
  expect(
    (await keysOf(data)).filter((key) => key.includes('/quarantine/') || key.startsWith('quarantine/')).length,
  ).toBe(1 + 5);
  expect((await json('streams', '--data', data)).totals).toEqual({
    lines: 7_500,
    events: 2_500,
    duplicates: 0,
    quarantined: 0,
    redriven: 5_000,
    unreadable: 0,
  });
});

test.each([
  [['--reason', 'bad'], '--reason must be one of invalid_utf8'],
  [['--from', 'yesterday'], '--from must be a UTC day such as 2025-11-21, got yesterday'],
])('a wrong call is told what is right: %o', async (args, message) => {
  const { code, err } = await nightdesk('redrive', ...args);

  expect(code).toBe(2);
  expect(err).toContain(message);
});

test('an empty quarantine is said to be one', async () => {
  expect((await nightdesk('redrive', '--data', tempFolder())).err).toBe('Nothing in quarantine fits.\n');
});

test('the settings of the folder count: what they name is hashed once, whenever it is stored', async () => {
  const data = tempFolder();
  writeFileSync(join(data, 'nightdesk.json'), JSON.stringify({ zone: 'Asia/Kolkata', hash: ['account_id'] }));
  const event = (id: string): string =>
    JSON.stringify({ stream: 'health', event_id: id, ts: '2025-11-21T12:00:00', account_id: 'acc-1' });
  const at = { recordId: 'r', index: 0, arrivedMs: ARRIVED_MS };
  const [strict, lax] = [await transformOf(data, STRICT), await transformOf(data)];
  writeLines(data, [strict(event('held'), at) ?? [], lax(event('stored'), at) ?? []].flat());

  expect(await json('redrive', '--data', data)).toMatchObject({ looked: 1, stored: 1 });

  const lake = await openTestLake(data);
  const rows = await lake.rows('select ts, account_id from health');
  expect(rows).toHaveLength(2);
  expect(rows[0]).toEqual(rows[1]);
  expect(rows[0]).toMatchObject({ ts: '2025-11-21T06:30:00.000000Z', account_id: expect.stringMatching(/^h:/) });
});
