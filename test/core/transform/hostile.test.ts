import { setImmediate } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { duckdbColumns, quoted } from '../../../lib/core/catalog/sql-columns.ts';
import { MAX_RECORD_BYTES } from '../../../lib/core/limits.ts';
import { redactLine } from '../../../lib/core/redact.ts';
import { transformRecord } from '../../../lib/core/transform/record.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { REASONS, type Verdict } from '../../../lib/core/transform/types.ts';
import { tempFolder } from '../../support/temp.ts';
import { NOW_MS, position } from '../../support/transform.ts';
import { hostileLine, hostileRecord } from './hostile-lines.ts';

// NIGHTDESK_HOSTILE=1000000 runs a million inputs (about a quarter of an hour); NIGHTDESK_SEED=… repeats a run.
const INPUTS = Number(process.env.NIGHTDESK_HOSTILE ?? 20_000);
const SEED = Number(process.env.NIGHTDESK_SEED ?? 20_251_203);
const CHUNK = 1000;
const TIMEOUT_MS = Math.max(60_000, INPUTS * 10);
const said = `seed ${SEED}, ${INPUTS} inputs`;

const transform = createTransform({}, { sha256 });
const strictTransform = createTransform(
  { maxEventAgeMs: 7 * 86_400_000, hashKeys: ['account_id', 'address'], hashSalt: 'salt', redactKeys: ['note'] },
  { sha256 },
);

/** Checks `runs` inputs in chunks, so that the runner is heard in between; every chunk has a seed of its own. */
async function holds<T>(inputs: fc.Arbitrary<T>, runs: number, law: (input: T) => void): Promise<void> {
  for (let done = 0; done < runs; done += CHUNK) {
    fc.assert(fc.property(inputs, law), { seed: SEED + done, numRuns: Math.min(CHUNK, runs - done) });
    await setImmediate();
  }
}

/** The line as it came, or what stood in the wire forms around it. */
function rawsOf(line: string): string[] {
  const raws = [line];
  for (let inner: unknown = line; typeof inner === 'string' && raws.length < 30; ) {
    inner = parsed(inner)?.raw;
    if (typeof inner === 'string') raws.push(inner);
  }
  return raws.map(wellFormed);
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Half a surrogate pair is no character: it may be stored as U+FFFD. */
const wellFormed = (text: string): string => text.replaceAll(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');

/** An escape in JSON text for half a pair. SQL engines refuse the whole file it stands in. */
const HALF_A_PAIR = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/i;

/** What holds for every verdict, whatever the line was. */
function check(verdict: Verdict, line: string): Record<string, unknown> {
  const { outcome, reason, stream, version, date, json } = verdict;
  const event = JSON.parse(json) as Record<string, unknown>;
  expect(JSON.stringify(event), 'one key once, one line').toBe(json);
  expect(json).not.toMatch(HALF_A_PAIR);
  const refusals = CATALOG[stream]?.schema.safeParse(event).error?.issues ?? [];
  expect(refusals, `${stream}: ${json.slice(0, 500)}`).toEqual([]);
  expect(CATALOG[stream]?.versions).toContain(version);
  expect(event).toMatchObject({ stream, schema_version: version });
  expect(event.event_id).toBeTypeOf('string');
  expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(date).toBe(typeof event.ts === 'string' ? event.ts.slice(0, 10) : '2000-01-01');
  expect(stream === 'quarantine').toBe(outcome === 'quarantined');
  if (outcome === 'quarantined') {
    expect(Object.keys(REASONS)).toContain(reason);
    expect(event.reason).toBe(reason);
    const raws = rawsOf(line);
    expect([...raws, ...raws.map((raw) => wellFormed(redactLine(raw)))]).toContain(event.raw);
  }
  return event;
}

test(`any line gets one verdict: stored as its stream says, or in quarantine verbatim (${said})`, async () => {
  await holds(hostileLine, Math.ceil(INPUTS / 2), (line) => {
    const verdict = transform(line, position());

    expect(verdict === undefined).toBe(line.trim() === '');
    if (verdict === undefined) return;
    check(verdict, line);
    expect(transform(line, position()), 'the same line, the same verdict').toEqual(verdict);
  });
}, TIMEOUT_MS);

test(`settings of the strictest door change no law (${said})`, async () => {
  await holds(hostileLine, Math.ceil(INPUTS / 10), (line) => {
    const verdict = strictTransform(line, position({ index: 3 }));
    if (verdict !== undefined) check(verdict, line);
  });
}, TIMEOUT_MS);

test(`of a packed record, every line that is not blank gets one verdict (${said})`, async () => {
  await holds(hostileRecord, Math.ceil((INPUTS * 2) / 5), (data) => {
    const lines = linesOf(data);

    const verdicts = transformRecord({ recordId: 'rec-1', arrivedMs: NOW_MS, data }, transform);

    expect(verdicts).toHaveLength(lines.length);
    const ids = verdicts.map((verdict, index) => check(verdict, lines[index] ?? '').event_id);
    for (const [index, { outcome }] of verdicts.entries()) if (outcome === 'stored') expect(ids[index]).toBeTypeOf('string');
  });
}, TIMEOUT_MS);

/** An independent reading of a record: bytes split at LF, without BOM and CR, blank lines left out. */
function linesOf(data: Uint8Array): string[] {
  const lines: string[] = [];
  let start = 0;
  for (let at = 0; at <= data.length; at++) {
    if (at < data.length && data[at] !== 10) continue;
    let line = Buffer.from(data.subarray(start, at)).toString('utf8');
    if (start === 0 && line.startsWith('\ufeff')) line = line.slice(1);
    if (line.endsWith('\r')) line = line.slice(0, -1);
    if (line.trim() !== '') lines.push(line);
    start = at + 1;
  }
  return lines;
}

test('of an event in canonical form no field is lost: it is in its column or in extra', async () => {
  const STAMPS = new Set(['event_id', 'stream', 'schema_version', 'dialect', 'ts_source', 'ts_ms', 'ingested_at', 'misfits', 'nonfinite', 'extra', 'source', 'source_path', 'seq']);
  const fields = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 8 });
  await holds(fc.tuple(fc.constantFrom(...Object.keys(CATALOG).filter((name) => name !== 'quarantine')), fields), 1000, ([stream, own]) => {
    const record = { ...own, event_id: 'e1', stream, schema_version: 1 };

    const verdict = transform(JSON.stringify(record), position());

    if (verdict?.outcome !== 'stored') return;
    const event = JSON.parse(verdict.json);
    const extra = typeof event.extra === 'string' ? JSON.parse(event.extra) : {};
    for (const [name, value] of Object.entries(own)) if (value !== null && !STAMPS.has(name)) expect(name in event || Object.hasOwn(extra, name), name).toBe(true);
  });
});

test('a line of a megabyte is stored up to the limit and quarantined above it, to the byte', () => {
  for (const unit of ['a', 'é', '語', '😀', '"', '\\', '\u0001'])
    for (const over of [0, 1]) {
      const line = padded(unit, MAX_RECORD_BYTES + over);

      const verdict = transform(line, position());

      expect(Buffer.byteLength(line)).toBe(MAX_RECORD_BYTES + over);
      expect(verdict?.reason, `${unit} + ${over}`).toBe(over === 0 ? undefined : 'too_large');
      if (verdict !== undefined) check(verdict, line);
    }
});

/** An event of exactly so many bytes. */
function padded(unit: string, bytes: number): string {
  const head = '{"stream":"error","event_id":"e1","schema_version":1,"message":"';
  const escaped = JSON.stringify(unit).slice(1, -1);
  const count = Math.floor((bytes - head.length - 2) / Buffer.byteLength(escaped));
  const line = head + escaped.repeat(count);
  return `${line}${' '.repeat(bytes - Buffer.byteLength(line) - 2)}"}`;
}

test('a megabyte of what a careless pattern would read again and again is read once', () => {
  const parts = ['eyJ', 'Bearer ', '://a:b', '?token=', '-----BEGIN PRIVATE KEY-----', 'sk-', 'password:', '"', '\\"', '"\\', '[', '{"a":', 'NaN', '-', '9', ' ', 'token="', "secret='", 'eyJaaaaaaaa.'];
  for (const part of parts)
    for (const raw of [part.repeat(900_000 / part.length), `{"stream":"error","event_id":"e","schema_version":1,"message":${JSON.stringify(part.repeat(450_000 / part.length))}}`, `{"stream":"error","event_id":"e","odd":NaN,"message":${JSON.stringify(part.repeat(450_000 / part.length))}}`]) {
      const verdict = transform(raw, position());
      if (verdict !== undefined) check(verdict, raw);
    }
});

test('nesting without end ends in quarantine', () => {
  for (const [open, close] of [['[', ']'], ['{"a":', '}'], ['{"__proto__":', '}']] as const)
    for (const depth of [40, 60, 5000, 200_000 / open.length])
      for (const inside of [`${open.repeat(depth)}1${close.repeat(depth)}`, open.repeat(depth)])
        for (const line of [inside, `{"stream":"error","event_id":"e","schema_version":1,"odd":${inside}}`, `{"stream":"error","event_id":"e","schema_version":1,"original_record":${inside}}`]) {
          const verdict = transform(line, position());
          expect(verdict).toBeDefined();
          if (verdict !== undefined) check(verdict, line);
        }
});

test('no line, however it spells its keys, changes what all objects share', () => {
  const before = Reflect.ownKeys(Object.prototype);
  for (const name of ['__proto__', 'constructor', 'prototype'])
    for (const value of ['{"polluted":true}', '{"prototype":{"polluted":true}}', '"polluted"', 'null', '[{"polluted":true}]'])
      for (const line of [
        `{"${name}":${value}}`,
        `{"stream":"signals","event_id":"e","schema_version":1,"${name}":${value},"eligible":{"${name}":true},"overlay":{"${name}":${value}}}`,
        `{"ts":1763709300000,"symbol":"B","metrics":{"funding_stale":true,"equity":1,"${name}":${value}},"ts_ist":"2025-11-21T12:46:14+05:30","${name}":${value}}`,
        `{"ts":"2025-12-01T00:00:00Z","session_id":"s","symbol":"B","mode":"paper","kind":"${name}","payload":${value}}`,
        `{"nd":1,"source":"s","path":"${name}","file":"f","line":1,"set":${value},"raw":"{\\"${name}\\":1}","${name}":${value}}`,
      ]) {
        const verdict = transform(line, position());
        if (verdict !== undefined) check(verdict, line);
      }

  expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
  expect({}).not.toHaveProperty('polluted');
});

test('SQL reads every line that was stored: none poisons the file it lies in', async () => {
  const lines = new Map<string, string[]>();
  for (const line of fc.sample(hostileLine, { seed: SEED, numRuns: 5000 })) {
    const verdict = transform(line, position());
    if (verdict === undefined) continue;
    const stored = lines.get(verdict.stream) ?? [];
    stored.push(verdict.json);
    lines.set(verdict.stream, stored);
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
    const read = `read_json('${file}', format = 'newline_delimited', columns = {${columns.join(', ')}})`;
    const result = await connection.runAndReadAll(`SELECT count(*)::INTEGER, count(event_id)::INTEGER, count(extra), count(misfits) FROM ${read}`);
    counts.push([stream, Number(result.getRows()[0]?.[1])]);
  }
  connection.closeSync();
  engine.closeSync();

  expect(lines.size).toBeGreaterThan(15);
  expect(counts).toEqual([...lines].map(([stream, stored]) => [stream, stored.length]));
});
