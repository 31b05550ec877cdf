import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { CATALOG, INPUT_STREAMS } from '../../../lib/core/catalog/index.ts';
import { transformRecord } from '../../../lib/core/transform/record.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { NOW_MS, position } from '../../support/transform.ts';
import { checkVerdict } from './hostile-check.ts';
import { hostileLine, hostileRecord, KEYS, mutatedWith } from './hostile-lines.ts';

// NIGHTDESK_HOSTILE=1000000 runs a million inputs in about ten minutes; NIGHTDESK_SEED=… repeats or varies a run.
const INPUTS = Number(process.env.NIGHTDESK_HOSTILE ?? 20_000);
const SEED = Number(process.env.NIGHTDESK_SEED ?? 20_251_203);
const CHUNK = 1000;

const transform = createTransform({}, { sha256 });
/** The settings of the narrowest door. */
const strictTransform = createTransform(
  { maxEventAgeMs: 7 * 86_400_000, hashKeys: ['account_id', 'address'], hashSalt: 'salt', redactKeys: ['note'] },
  { sha256 },
);

/** A test of so many inputs, in chunks, so that the runner is heard in between; each chunk has a seed of its own. */
function law<T>(
  title: string,
  { inputs, runs }: { inputs: fc.Arbitrary<T>; runs: number },
  holds: (input: T) => void,
): void {
  const all = async () => {
    for (let done = 0; done < runs; done += CHUNK) {
      fc.assert(fc.property(inputs, holds), { seed: SEED + done, numRuns: Math.min(CHUNK, runs - done) });
      await setImmediate();
    }
  };
  test(`${title} (${runs} inputs, seed ${SEED})`, all, Math.max(60_000, runs * 10));
}

law(
  'any line gets one verdict: stored as its stream says, or in quarantine verbatim',
  { inputs: hostileLine, runs: INPUTS / 2 },
  (line) => {
    const verdict = transform(line, position());

    expect(verdict === undefined).toBe(line.trim() === '');
    if (verdict !== undefined) checkVerdict(verdict, line);
  },
);

law(
  'the same line gets the same verdict again, by whatever came between',
  { inputs: fc.tuple(hostileLine, hostileLine), runs: INPUTS / 20 },
  ([line, other]) => {
    const first = transform(line, position());
    transform(other, position());

    expect(transform(line, position())).toEqual(first);
  },
);

law(
  'a narrow door, hashing and more secret names change no law',
  { inputs: hostileLine, runs: INPUTS / 10 },
  (line) => {
    const verdict = strictTransform(line, position({ index: 3 }));

    if (verdict !== undefined) checkVerdict(verdict, line);
  },
);

law(
  'of a packed record, every line that is not blank gets one verdict',
  { inputs: hostileRecord, runs: INPUTS / 5 },
  (data) => {
    const lines = linesOf(data);

    const verdicts = transformRecord({ recordId: 'rec-1', arrivedMs: NOW_MS, data }, transform);

    expect(verdicts).toHaveLength(lines.length);
    for (const [index, verdict] of verdicts.entries()) checkVerdict(verdict, lines[index] ?? '');
  },
);

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

const SECRET = 'hunter2-hunter2';
const secretMember = fc.tuple(
  fc.constantFrom('api_key', 'API-Secret', 'password', 'private_key', 'token'),
  fc.constantFrom(SECRET, `{"a":["${SECRET}"]}`),
);

law(
  'a secret under its name is stored nowhere, wherever in a record it stands',
  {
    inputs: secretMember.chain(([key, value]) =>
      mutatedWith({ key, value: value === SECRET ? JSON.stringify(SECRET) : value }),
    ),
    runs: INPUTS / 10,
  },
  (line) => {
    const verdict = transform(line, position());

    expect(line).toContain(SECRET);
    expect(verdict?.json).not.toContain(SECRET);
  },
);

/** What the transform writes itself, whatever the record claims. */
const STAMPED = new Set([
  'stream',
  'event_id',
  'schema_version',
  'dialect',
  'ts',
  'ts_ms',
  'ts_source',
  'seq',
  'ingested_at',
  'source',
  'source_path',
  'misfits',
  'nonfinite',
]);
const SECRET_NAMES = /^(?:token|secret|password)$/;
const STRUCTURED = Object.values(CATALOG).flatMap(({ columns }) =>
  Object.keys(columns).filter((name) => typeof columns[name]?.type === 'object'),
);
const names = fc
  .oneof(
    fc.constantFrom(...STRUCTURED),
    fc.constantFrom('odd', 'name', 'bid'),
    fc.constantFrom(...KEYS),
    fc.string({ maxLength: 5 }),
  )
  .filter((name) => !STAMPED.has(name) && !SECRET_NAMES.test(name));
/** Trees whose leaves are all null; `marked` then puts a mark of its own on each. */
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
  ),
}));

law(
  'of an event in canonical form nothing is lost: every value stands in its column or in extra',
  {
    inputs: fc.tuple(fc.constantFrom(...INPUT_STREAMS), fc.dictionary(names, tree, { maxKeys: 5 })),
    runs: INPUTS / 10,
  },
  ([stream, own]) => {
    const marks: string[] = [];
    const fields = marked(own, marks) as object;

    const verdict = transform(JSON.stringify({ ...fields, stream, event_id: 'e1', schema_version: 1 }), position());

    expect(verdict?.outcome).toBe('stored');
    expect(
      marks.filter((mark) => verdict?.json.includes(mark) !== true),
      verdict?.json,
    ).toEqual([]);
  },
);

function marked(node: unknown, marks: string[]): unknown {
  if (Array.isArray(node)) return node.map((item) => marked(item, marks));
  if (typeof node === 'object' && node !== null)
    return Object.fromEntries(Object.entries(node).map(([name, item]) => [name, marked(item, marks)]));
  const mark = `<${marks.length}>`;
  marks.push(mark);
  return mark;
}
