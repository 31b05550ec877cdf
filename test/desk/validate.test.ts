import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { needsSamples, SAMPLES, samplesPresent } from '../support/samples.ts';
import { tempFolder } from '../support/temp.ts';
import { facts, nightdesk } from './import/cli.ts';

const GOOD = '{"stream":"system","schema_version":1,"ts":"2025-11-21T07:15:00Z","event":"tick"}';

function file(lines: readonly string[], name = 'a.jsonl'): string {
  const path = join(tempFolder(), name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
const repeated = (n: number, line: string): string[] => Array.from({ length: n }, () => line);

test('up to 5 % of bad lines pass, more end with code 3, and the report comes first', async () => {
  const five = await nightdesk('validate', file([...repeated(95, GOOD), ...repeated(5, 'x')]));
  const six = await nightdesk('validate', file([...repeated(94, GOOD), ...repeated(6, 'x')]), '--json');

  expect(five.code).toBe(0);
  expect(six.code).toBe(3);
  expect(six.err).toContain('6 of 100 lines are bad, more than 5 %');
  expect(JSON.parse(six.out)).toMatchObject({
    result: 'too_many_bad',
    good: 94,
    bad: 6,
    bad_share: 0.06,
    by_reason: { invalid_json: 6 },
  });
});

test('every bad line is named by file, line, reason and detail, up to as many as asked for', async () => {
  const path = file([GOOD, 'no JSON', '', '{"shape":1}', '[]']);

  const all = await nightdesk('validate', path);
  const one = await nightdesk('validate', path, '--max-listed', '1');

  expect(all.out).toContain('a.jsonl:2: invalid_json: the line is not JSON\n');
  expect(all.out).toContain('a.jsonl:4: unknown_shape: no dialect knows a record with the keys shape\n');
  expect(all.out).toContain('5 lines = 1 good + 3 bad + 1 blank');
  expect(one.out).not.toContain('a.jsonl:4');
  expect(one.out).toContain('and 2 more bad lines');
});

test('what fails in a map is named: rule, field, pointer and value', async () => {
  const path = file(['{"px":"12","s":"B"}', '{"px":"12","s":"X"}', '{"s":"B"}']);
  const map = join(tempFolder(), 'map.json');
  const side = { at: '/s', enum: { B: 'buy', S: 'sell' } };
  const price = { at: '/px', scale: 0.01, required: true };
  writeFileSync(map, JSON.stringify({ name: 'm', rules: [{ stream: 'execution', fields: { side, price } }] }));

  const { code, out } = await nightdesk('validate', path, '--map', map, '--json');

  expect(code).toBe(3);
  expect(JSON.parse(out)).toMatchObject({
    good: 1,
    files: [{ dialects: { 'map:m': 1 }, warnings: { no_clock: 1 } }],
    listed: [
      {
        line: 2,
        reason: 'map_failed',
        stream: 'execution',
        detail: 'rules[0] (execution) field side: /s is "X", not one of B, S',
      },
      {
        line: 3,
        reason: 'map_failed',
        stream: 'execution',
        detail: 'rules[0] (execution) field price: /px is missing, and required',
      },
    ],
  });
});

test('a wrong map is told with its place, before any line is read', async () => {
  const map = file(['{"name":"m","rules":[{"stream":"execution","fields":{"prise":"/p"}}]}'], 'map.json');

  const { code, err } = await nightdesk('validate', file([GOOD]), '--map', map);

  expect(code).toBe(2);
  expect(err).toContain('rules[0].fields.prise: execution has no field "prise", did you mean price?');
});

test('what is stored but looks wrong is counted: misfits, NaN, times without a zone, clocks that stand in', async () => {
  const event = (over: string): string => `{"stream":"signals","schema_version":1,${over}}`;
  const report = await facts(
    'validate',
    file([
      event('"ts":"2025-11-21T07:15:00Z","p_up":"high","p_down":NaN'),
      event('"ts":"2025-11-21T07:15:00"'),
      event('"bar_ts":"2025-11-21T07:15:00Z"'),
      event('"p_up":1'),
    ]),
  );

  expect(report).toMatchObject({
    result: 'good',
    good: 4,
    warnings: { misfit: 1, nonfinite: 1, naive_time: 1, clock_fallback: 1, no_clock: 1 },
  });
  expect(report.files).toMatchObject([{ fields: { p_up: 1, p_down: 1 } }]);
});

test('a foreign log cannot move the terminal’s cursor', async () => {
  const path = file([JSON.stringify({ '\u001b[2J': 1 }).replace('\\u001b', '\u001b')]);

  const { out } = await nightdesk('validate', path);

  expect(out).not.toContain('\u001b');
});

test('sheets, damaged gzip and files that cannot be read are part of the report', async () => {
  const folder = tempFolder();
  const member = gzipSync(`${GOOD}\n`);
  writeFileSync(join(folder, 'a.jsonl.gz'), Buffer.concat([member, Buffer.from('junk'), member]));
  writeFileSync(
    join(folder, 'b.csv'),
    'ts,last_price,paper_qty,realized,unrealized,equity\n1763683200000,1,1,0,0,100\n',
  );
  writeFileSync(join(folder, 'c.jsonl'), Buffer.from(`\ufeff${GOOD}`, 'utf16le'));

  const report = await facts('validate', folder);

  expect(report).toMatchObject({
    good: 3,
    bad: 0,
    headers: 1,
    damaged: [{ what: 'stray' }],
    unread: [{ why: expect.stringContaining('UTF-16') }],
  });
});

test('nothing is written', async () => {
  const before = existsSync('.nightdesk/none');

  await facts('validate', file([GOOD]));

  expect(existsSync('.nightdesk/none')).toBe(before);
});

test.skipIf(!samplesPresent)(needsSamples('the real logs are good'), async () => {
  expect(await facts('validate', SAMPLES)).toMatchObject({
    result: 'good',
    lines: 6723,
    bad: 0,
    warnings: { no_clock: 401 },
  });
});

test('what is no map is quoted without secrets or escape sequences', async () => {
  const map = join(tempFolder(), 'map.json');
  writeFileSync(map, '\u001b[2JAKIAABCDEFGHIJKLMNOP');

  const { code, err } = await nightdesk('validate', file([GOOD]), '--map', map);

  expect([code, err]).toEqual([2, expect.stringContaining('[MAP_INVALID]')]);
  for (const hostile of ['\u001b', 'AKIA']) expect(err).not.toContain(hostile);
});
