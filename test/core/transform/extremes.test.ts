import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { duckdbColumns, quoted } from '../../../lib/core/catalog/sql-columns.ts';
import { MAX_RECORD_BYTES } from '../../../lib/core/limits.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { tempFolder } from '../../support/temp.ts';
import { eventOf, position, verdictOf } from '../../support/transform.ts';
import { checkVerdict } from './hostile-check.ts';
import { hostileLine } from './hostile-lines.ts';

const transform = createTransform({}, { sha256 });
const HEAD = '{"stream":"error","event_id":"e1","schema_version":1,';

test('a line of a megabyte is stored up to the limit and quarantined above it, to the byte', () => {
  for (const unit of ['a', 'é', '語', '😀', '"', '\\', '\u0001'])
    for (const over of [0, 1]) {
      const line = padded(unit, MAX_RECORD_BYTES + over);

      const verdict = transform(line, position());

      expect(Buffer.byteLength(line)).toBe(MAX_RECORD_BYTES + over);
      expect(verdict?.reason, `${unit} + ${over}`).toBe(over === 0 ? undefined : 'too_large');
      if (verdict !== undefined) checkVerdict(verdict, line);
    }
});

/** An event of exactly so many bytes. */
function padded(unit: string, bytes: number): string {
  const escaped = JSON.stringify(unit).slice(1, -1);
  const count = Math.floor((bytes - HEAD.length - 15) / Buffer.byteLength(escaped));
  const line = `${HEAD}"message":"${escaped.repeat(count)}`;
  return `${line}${' '.repeat(bytes - Buffer.byteLength(line) - 2)}"}`;
}

test.each([
  'eyJ',
  'eyJaaaaaaaa.',
  'Bearer ',
  '://a:b',
  '?token=',
  '-----BEGIN PRIVATE KEY-----',
  'sk-',
  'password:',
  'token="',
  "secret='",
  '"',
  '\\"',
  '"\\',
  '[',
  '{"a":',
  'NaN',
  '-',
  '9',
  ' ',
])('half a megabyte of %j is read in one pass, wherever it stands', (part) => {
  const raw = part.repeat(450_000 / part.length);
  for (const line of [
    raw,
    `${HEAD}"message":${JSON.stringify(raw)}}`,
    `${HEAD}"odd":NaN,"other":${JSON.stringify(raw)}}`,
  ]) {
    const verdict = transform(line, position());
    if (verdict !== undefined) checkVerdict(verdict, line);
  }
});

test('nesting without end ends in quarantine', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
    ['{"__proto__":', '}'],
  ] as const)
    for (const depth of [40, 60, 5000, 200_000 / open.length])
      for (const inside of [`${open.repeat(depth)}1${close.repeat(depth)}`, open.repeat(depth)])
        for (const line of [inside, `${HEAD}"odd":${inside}}`, `${HEAD}"original_record":${inside}}`]) {
          const verdict = transform(line, position());
          expect(verdict).toBeDefined();
          if (verdict !== undefined) checkVerdict(verdict, line);
        }
});

test('no line, however it spells its keys, changes what all objects share', () => {
  const before = Reflect.ownKeys(Object.prototype);
  for (const name of ['__proto__', 'constructor', 'prototype'])
    for (const value of [
      '{"polluted":true}',
      '{"prototype":{"polluted":true}}',
      '"polluted"',
      'null',
      '[{"polluted":true}]',
    ])
      for (const line of [
        `{"${name}":${value}}`,
        `${HEAD}"${name}":${value},"eligible":{"${name}":true},"overlay":{"${name}":${value}}}`,
        `{"ts":1763709300000,"symbol":"B","metrics":{"funding_stale":true,"equity":1,"${name}":${value}},"ts_ist":"2025-11-21T12:46:14+05:30","${name}":${value}}`,
        `{"ts":"2025-12-01T00:00:00Z","session_id":"s","symbol":"B","mode":"paper","kind":"${name}","payload":${value}}`,
        `{"ts":"2025-12-01T00:00:00Z","session_id":"s","symbol":"B","mode":"paper","kind":"fill","payload":{"${name}":${value}}}`,
        `{"nd":1,"source":"s","path":"${name}","file":"f","line":1,"set":${value},"raw":"{\\"${name}\\":1}","${name}":${value}}`,
      ]) {
        const verdict = transform(line, position());
        if (verdict !== undefined) checkVerdict(verdict, line);
      }

  expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
  expect({}).not.toHaveProperty('polluted');
});

test.each([-1, 0.5, 5e-324, -9e15, 8.64e15 + 1, -8.64e15 - 1, 1e300])(
  'a record put again cannot bring an arrival of %d',
  (at) => {
    for (const raw of ['{"stream":"error","event_id":"e","schema_version":1}', 'not json']) {
      const line = JSON.stringify({ nd: 1, hop: 1, id: 'rec-9', at, raw });

      checkVerdict(verdictOf(line), line);
    }
  },
);

test('a sender’s fact that fits no column is no reason to break the stream', () => {
  for (const raw of ['{"stream":"error","event_id":"e","schema_version":1}', 'not json']) {
    const line = JSON.stringify({
      nd: 1,
      source: 's',
      path: 'p',
      file: 'f.0',
      line: 1,
      set: { mode: 'Production' },
      raw,
    });

    checkVerdict(verdictOf(line), line);
  }
});

test('a secret is stored in no column that takes whatever a bot writes, nor beside it', () => {
  const leaks: string[] = [];
  for (const { name, columns } of Object.values(CATALOG).filter((stream) => stream.name !== 'quarantine'))
    for (const column of Object.keys(columns))
      for (const value of [{ api_key: 'hunter2' }, [{ deep: { password: 'hunter2' } }], { token: { a: 'hunter2' } }]) {
        const { json } = verdictOf(JSON.stringify({ event_id: 'e', [column]: value, stream: name, schema_version: 1 }));
        if (json.includes('hunter2')) leaks.push(`${name}.${column}: ${JSON.stringify(value)}`);
      }

  expect(leaks).toEqual([]);
});

test('a bot cannot write into quarantine', () => {
  expect(verdictOf('{"stream":"quarantine","event_id":"e","schema_version":1,"reason":"none"}').outcome).toBe(
    'quarantined',
  );
});

test('an empty id is no identity: two events would be one', () => {
  expect(eventOf({ stream: 'error', event_id: '', schema_version: 1 }).event_id).not.toBe('');
});

test('a number JSON cannot carry is null wherever it stands, and named', () => {
  const event = JSON.parse(verdictOf(`${HEAD}"message":NaN,"odd":-Infinity,"deep":{"list":[NaN]}}`).json);

  expect(JSON.stringify(event)).not.toContain('\\u0000');
  expect(event.message ?? null).toBeNull();
  expect(event.nonfinite.toSorted()).toEqual(['deep.list.0', 'message', 'odd'].toSorted());
});

test('a long integer keeps its digits in a field the catalog does not know', () => {
  const event = JSON.parse(verdictOf(`${HEAD}"trade_id":1234567890123456789}`).json);

  expect(event.extra).toContain('1234567890123456789');
});

test('what does not fit one item of a list does not push aside what did not fit another', () => {
  const event = eventOf({
    stream: 'order_intent',
    event_id: 'e',
    schema_version: 1,
    guards: [
      { name: 'a', odd: 'x1' },
      { name: 'b', odd: 'x2' },
    ],
  });

  expect(event.extra).toContain('x1');
  expect(event.extra).toContain('x2');
});

test('a JSON column holds JSON, whatever was written', () => {
  for (const value of ['plain text', '{"a":1}', 5, [1], { a: 1 }, true])
    expect(() =>
      JSON.parse(
        String(eventOf({ stream: 'error', event_id: 'e', schema_version: 1, original_record: value }).original_record),
      ),
    ).not.toThrow();
});

test('a quarantined line is measured in bytes', () => {
  expect(JSON.parse(verdictOf('語 is not JSON').json).raw_bytes).toBe(Buffer.byteLength('語 is not JSON'));
});

test('SQL reads every line that was stored: none poisons the file it lies in', async () => {
  const lines = new Map<string, string[]>();
  for (const line of fc.sample(hostileLine, { seed: 20_251_203, numRuns: 5000 })) {
    const verdict = transform(line, position());
    if (verdict !== undefined) lines.set(verdict.stream, [...(lines.get(verdict.stream) ?? []), verdict.json]);
  }
  const folder = tempFolder();
  const engine = await DuckDBInstance.create(':memory:');
  const connection = await engine.connect();
  const counts: [string, number][] = [];
  for (const [stream, stored] of lines) {
    const definition = CATALOG[stream];
    if (definition === undefined) throw new Error(`no stream ${stream}`);
    const file = join(folder, `${stream}.jsonl`);
    writeFileSync(file, `${stored.join('\n')}\n`);
    const columns = Object.entries(duckdbColumns(definition)).map(([name, type]) => `${quoted(name)}: '${type}'`);
    const all = Object.keys(definition.columns).map((name) => `count(${quoted(name)})`);
    const result = await connection.runAndReadAll(
      `SELECT count(event_id)::INTEGER, ${all.join(', ')} FROM read_json('${file}', format = 'newline_delimited', columns = {${columns.join(', ')}})`,
    );
    counts.push([stream, Number(result.getRows()[0]?.[0])]);
  }
  connection.closeSync();
  engine.closeSync();

  expect(lines.size).toBeGreaterThan(15);
  expect(counts).toEqual([...lines].map(([stream, stored]) => [stream, stored.length]));
});
