import { expect, test, vi } from 'vitest';
import { MACROS } from '../../lib/core/query/macros.ts';
import { openTestLake, sharedLake } from '../support/open-lake.ts';
import { tempFolder } from '../support/temp.ts';

const lake = sharedLake();

const VALUES = `from (values ('x', 1), ('y', 2), ('z', 4)) as t (k, v)`;

// Trino's documentation, chapter "Functions and operators": the values it states, or what its sentence says of the input.
// Where Trino answers with a session's zone, the session here is in UTC.
const STATED: readonly (readonly [sql: string, value: unknown])[] = [
  [`from_iso8601_timestamp('2020-05-11')`, '2020-05-11T00:00:00.000000Z'],
  [`from_iso8601_timestamp('2020-05-11T11:15:05')`, '2020-05-11T11:15:05.000000Z'],
  [`from_iso8601_timestamp('2020-05-11T11:15:05.055+01:00')`, '2020-05-11T10:15:05.055000Z'],
  [`from_iso8601_date('2020-05-11')`, '2020-05-11'],
  [`from_unixtime(1.5)`, '1970-01-01T00:00:01.500000Z'],
  [`to_unixtime(from_unixtime(1763709374.493638))`, 1763709374.493638],
  [`to_unixtime(timestamp '1970-01-01 00:01:00')`, 60],
  [`to_iso8601(timestamp '2020-05-11 11:15:05')`, '2020-05-11T11:15:05.000Z'],
  [`date_add('second', 86, timestamp '2020-03-01 00:00:00')`, '2020-03-01T00:01:26.000000'],
  [`date_add('hour', 9, timestamp '2020-03-01 00:00:00')`, '2020-03-01T09:00:00.000000'],
  [`date_add('day', -1, timestamp '2020-03-01 00:00:00 UTC')`, '2020-02-29T00:00:00.000000'],
  [`date_diff('second', timestamp '2020-03-01 00:00:00', timestamp '2020-03-02 00:00:00')`, 86400],
  [`date_diff('hour', timestamp '2020-03-01 00:00:00 UTC', timestamp '2020-03-02 00:00:00 UTC')`, 24],
  [`date_diff('day', date '2020-03-01', date '2020-03-02')`, 1],
  [`date_diff('second', timestamp '2020-06-01 12:30:45', timestamp '2020-06-02 12:30:45.123456')`, 86400],
  [`date_diff('millisecond', timestamp '2020-06-01 12:30:45', timestamp '2020-06-02 12:30:45.123456')`, 86400123],
  [`date_diff('hour', timestamp '2020-03-01 00:59:00', timestamp '2020-03-01 01:01:00')`, 0],
  [`date_trunc('day', timestamp '2022-10-20 05:10:00')`, '2022-10-20T00:00:00.000000'],
  [`date_format(timestamp '2022-10-20 05:10:09', '%Y-%m-%d %H:%i:%s')`, '2022-10-20 05:10:09'],
  [`date_format(timestamp '2022-10-20 05:10:09', '%e %M %k %T')`, '20 October 5 05:10:09'],
  [`day_of_week(date '2025-11-23')`, 7],
  [`day_of_year(date '2020-05-02')`, 123],
  [`at_timezone(timestamp '2022-11-01 09:08:07.321 UTC', 'America/Los_Angeles')`, '2022-11-01T16:08:07.321000Z'],
  [`(select approx_distinct(v) ${VALUES})`, 3],
  [`(select approx_percentile(v, 0.5) ${VALUES})`, 2],
  [`(select every(v > 0) ${VALUES})`, true],
  [`(select map_agg(k, v) ${VALUES})`, { x: 1, y: 2, z: 4 }],
  [`(select arbitrary(k) ${VALUES} where v = 4)`, 'z'],
  [`(select max_by(k, v) ${VALUES})`, 'z'],
  [`(select min_by(k, v) ${VALUES})`, 'x'],
  [`(select count_if(v > 1) ${VALUES})`, 2],
  [`element_at(array[1, 2], 2)`, 2],
  [`element_at(array[1, 2], 3)`, null],
  [`element_at(array[1, 2], -1)`, 2],
  [`element_at(map(array['a'], array[1]), 'a')`, 1],
  [`element_at(map(array['a'], array[1]), 'b')`, null],
  [`cardinality(array[1, null, 3])`, 3],
  [`cardinality(map(array['a', 'b'], array[1, 2]))`, 2],
  [`cardinality(array[])`, 0],
  [`cardinality(cast(null as integer[]))`, null],
  [`sequence(1, 4)`, [1, 2, 3, 4]],
  [`sequence(2, 0)`, [2, 1, 0]],
  [`sequence(1, 9, 4)`, [1, 5, 9]],
  [`array_join(array['a', null, 'c'], '-')`, 'a-c'],
  [`array_join(array['a', null, 'c'], '-', '?')`, 'a-?-c'],
  [`array_max(array[3, 9, 2])`, 9],
  [`array_min(array[3, 9, 2])`, 2],
  [`array_position(array[3, 9, 2], 9)`, 2],
  [`array_position(array[3, 9, 2], 7)`, 0],
  [`json_extract_scalar('[1, 2, 3]', '$[2]')`, '3'],
  [
    `json_extract_scalar('{"store": {"book": [{"author": "Herman Melville"}]}}', '$.store.book[0].author')`,
    'Herman Melville',
  ],
  [`json_extract_scalar('{"a": true, "b": {"c": 1}, "d": null}', '$.a')`, 'true'],
  [`json_extract_scalar('{"a": true, "b": {"c": 1}, "d": null}', '$.b')`, null],
  [`json_extract_scalar('{"a": true, "b": {"c": 1}, "d": null}', '$.d')`, null],
  [`json_extract_scalar('{"a": true}', '$.none')`, null],
  [`json_array_length('[1, 2, 3]')`, 3],
  [`json_format(json '[1,2,3]')`, '[1,2,3]'],
  [`json_format(json_parse('"a"'))`, '"a"'],
  [`regexp_like('1a 2b 14m', '\\d+b')`, true],
  [`regexp_extract('1a 2b 14m', '\\d+')`, '1'],
  [`regexp_extract('1a 2b 14m', '(\\d+)([a-z]+)', 2)`, 'a'],
  [`split_part('a-b-c', '-', 2)`, 'b'],
  [`strpos('abc', 'c')`, 3],
  [`truncate(-1.9)`, -1],
  [`is_nan(nan())`, true],
  [`infinity()`, 'Infinity'],
  [`7 / 2`, 3],
  [`7 / 2e0`, 3.5],
  [`if(1 < 2, 'a', 'b')`, 'a'],
  [`try_cast('x' as bigint)`, null],
];

test.each(STATED)('%s answers as Trino states', async (sql, value) => {
  expect(await lake.cell(`select ${sql}`)).toEqual(value);
});

test('every macro is held against a stated value', () => {
  const tested = STATED.map(([sql]) => sql).join(' ');

  for (const { name } of MACROS) expect(tested).toMatch(new RegExp(`\\b${name}\\(`));
});

test('an unknown unit is refused, not taken for nothing', async () => {
  await expect(lake.run(`select date_add('fortnight', 1, timestamp '2020-01-01 00:00:00')`)).rejects.toThrow(
    'unknown unit: fortnight',
  );
});

test('times are read and cut in UTC wherever the machine stands', async () => {
  vi.stubEnv('TZ', 'Asia/Kolkata');
  const elsewhere = await openTestLake(tempFolder());

  expect(await elsewhere.cell(`select date_trunc('day', from_iso8601_timestamp('2020-01-01T22:00:00Z'))`)).toBe(
    '2020-01-01T00:00:00.000000Z',
  );
  expect(await elsewhere.cell(`select from_iso8601_timestamp('2020-05-11T11:15:05')`)).toBe(
    '2020-05-11T11:15:05.000000Z',
  );
  vi.unstubAllEnvs();
});
