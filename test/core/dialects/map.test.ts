import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { localTime } from '../../../lib/adapters/local/time.ts';
import { type CompiledMap, compileMap } from '../../../lib/core/dialects/map.ts';
import { globMatches } from '../../../lib/core/dialects/map-match.ts';
import { NightdeskError } from '../../../lib/core/errors.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { NOW_MS, position } from '../../support/transform.ts';

// A bot that no dialect knows: prices in ticks of 1e-4, times in microseconds or local, sides as letters.
const FILL = {
  k: 'F',
  at: 1763709300123456,
  o: { px: 855038973, q: '0.010862', s: 'B', fee: { amt: -12, ccy: 'USDT' } },
  id: 12345678901234567890n,
  who: 'momo',
};
const line = (record: unknown): string =>
  JSON.stringify(record, (_key, value) => (typeof value === 'bigint' ? `#${value}#` : value)).replaceAll(
    /"#(\d+)#"/g,
    '$1',
  );

const FILLS = {
  match: { '/k': 'F' },
  stream: 'execution',
  fields: {
    ts: { at: '/at', time: 'epoch_us' },
    price: { at: '/o/px', scale: 0.0001, required: true },
    qty: '/o/q',
    side: { at: '/o/s', enum: { B: 'buy', S: 'sell' } },
    fee: { at: '/o/fee/amt', scale: 0.01 },
    fee_asset: '/o/fee/ccy',
    venue_fill_id: '/id',
  },
  rename: { who: 'strategy_id' },
  constants: { mode: 'paper', venue: 'momex' },
};
const of = (...rules: unknown[]) => compileMap({ name: 'momo', rules }, localTime);
const withField = (field: string, how: unknown, stream = 'execution') => of({ stream, fields: { [field]: how } });
const eventOf = (map: CompiledMap, record: unknown, path = 'bot.log'): Record<string, unknown> => {
  const mapped = map.map(typeof record === 'string' ? record : line(record), { path });
  if (mapped === undefined || 'failed' in mapped) throw new Error(`not mapped: ${mapped?.failed}`);
  return { ...mapped.event };
};
const failureOf = (map: CompiledMap, record: unknown): string => {
  const mapped = map.map(typeof record === 'string' ? record : line(record), { path: 'bot.log' });
  return mapped !== undefined && 'failed' in mapped ? mapped.failed : '(mapped)';
};
/** The event as it lies in the lake. */
const storedOf = (map: CompiledMap, record: unknown): Record<string, unknown> => {
  const verdict = createTransform({}, { sha256 })(JSON.stringify(eventOf(map, record)), position());
  expect(verdict).toMatchObject({ outcome: 'stored' });
  return JSON.parse(verdict?.json ?? '{}');
};
const problemsOf = (json: unknown): string => {
  try {
    compileMap(json, localTime);
  } catch (error) {
    expect(error).toBeInstanceOf(NightdeskError);
    expect((error as NightdeskError).code).toBe('MAP_INVALID');
    return (error as NightdeskError).message;
  }
  return '(valid)';
};
const rule = (over: object) => ({ name: 'x', rules: [{ stream: 'execution', ...over }] });

describe('a mapped record', () => {
  test('becomes a canonical event: pointers, units, codes, constants and renamed keys', () => {
    expect(storedOf(of(FILLS), FILL)).toMatchObject({
      stream: 'execution',
      dialect: 'map:momo',
      ts: '2025-11-21T07:15:00.123456Z',
      ts_source: 'ts',
      price: 85503.8973,
      qty: 0.010862,
      side: 'buy',
      fee: -0.12,
      fee_asset: 'USDT',
      venue_fill_id: '12345678901234567890',
      strategy_id: 'momo',
      mode: 'paper',
      venue: 'momex',
    });
  });

  test('keeps what the map does not name in extra, under names of the catalog too, and nothing it does name', () => {
    const stored = storedOf(of(FILLS), {
      ...FILL,
      price: 1,
      stream: 'mine',
      o: { ...FILL.o, note: 'hi' },
      __proto__: undefined,
    });
    expect(JSON.parse(String(stored.extra))).toEqual({ k: 'F', o: { note: 'hi' }, '.price': 1, '.stream': 'mine' });
    expect(stored).toMatchObject({ price: 85503.8973, stream: 'execution' });
  });

  test('keep_unknown false leaves the rest behind', () => {
    expect(storedOf(of({ ...FILLS, keep_unknown: false }), { ...FILL, note: 'hi' })).not.toHaveProperty('extra');
  });

  test('a null stays a null, what is missing stays missing, and a default stands in for both', () => {
    const record = { ...FILL, o: { px: 1, q: null } };
    expect(eventOf(of(FILLS), record)).toMatchObject({ qty: null });
    expect(eventOf(of(FILLS), record)).not.toHaveProperty('side');
    const map = of({
      ...FILLS,
      fields: { ...FILLS.fields, qty: { at: '/o/q', default: 0 }, side: { at: '/o/s', default: 'buy' } },
    });
    expect(eventOf(map, record)).toMatchObject({ qty: 0, side: 'buy' });
  });

  test('where a default stands in for a value that cannot be read, the value is kept', () => {
    const map = withField('side', { at: '/s', enum: { B: 'buy' }, default: null });
    expect(eventOf(map, { s: 'X' })).toMatchObject({ side: null, s: 'X' });
  });

  test('a list keeps its items in place, whichever of them a pointer takes', () => {
    expect(
      eventOf(of({ stream: 'market', fields: { bid: '/book/0/1' } }), {
        book: [
          ['b', 7],
          ['a', 8],
        ],
      }),
    ).toMatchObject({
      bid: 7,
      book: [
        ['b', 7],
        ['a', 8],
      ],
    });
  });

  test('keys with a slash or a tilde are reached as RFC 6901 says, prototype keys are plain data', () => {
    const record = '{"a/b":{"m~n":4},"__proto__":{"polluted":true},"constructor":1}';
    const event = eventOf(withField('qty', '/a~1b/m~0n'), record);
    expect(event).toMatchObject({ qty: 4, constructor: 1 });
    expect(Object.keys(event)).toContain('__proto__');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each([
    ['0.0001', '855038973', 85503.8973],
    ['1e-8', '1', 1e-8],
    ['100', '0.07', 7],
    ['0.25', '10', 2.5],
    ['0.001', '1.5e3', 1.5],
  ])('a scale of %s makes %s exactly %d', (scale, value, expected) => {
    const map = withField('price', { at: '/p', scale: Number(scale) });
    expect(eventOf(map, { p: value }).price).toBe(expected);
    expect(eventOf(map, { p: Number(value) }).price).toBe(expected);
  });

  test('scaling by a power of ten rounds once, as the decimal number itself would', () => {
    const map = withField('price', { at: '/p', scale: 0.0001 });
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), (ticks) => {
        expect(eventOf(map, { p: ticks }).price).toBe(Number(`${ticks}e-4`));
      }),
      { numRuns: 300 },
    );
  });
});

describe('times', () => {
  test.each([
    ['epoch_s', 1763709300.123456, '2025-11-21T07:15:00.123456Z'],
    ['epoch_ms', '1763709300123', '2025-11-21T07:15:00.123000Z'],
    ['epoch_us', 1763709300123456, '2025-11-21T07:15:00.123456Z'],
    ['epoch_ns', 1763709300123456789n, '2025-11-21T07:15:00.123456Z'],
    ['iso', '2025-11-21T12:45:00.123456+05:30', '2025-11-21T07:15:00.123456Z'],
    ['iso', '20251121T071500Z', '2025-11-21T07:15:00.000000Z'],
    ['dd.MM.yyyy HH:mm:ss.u ZZZ', '21.11.2025 12:45:00.123456 +0530', '2025-11-21T07:15:00.123456Z'],
    ["yyyyMMdd'T'HHmmssSSSSSS", '20251121T071500123456', '2025-11-21T07:15:00.123456Z'],
    ['MMM d, yyyy h:mm:ss a', 'Nov 21, 2025 7:15:00 AM', '2025-11-21T07:15:00.000000Z'],
  ])('%s reads %s', (time, at, ts) => {
    expect(storedOf(withField('ts', { at: '/at', time }), { at })).toMatchObject({ ts, ts_source: 'ts' });
  });

  test('a naive time in a zone is that zone’s, says so, and stays readable as the bot wrote it', () => {
    const map = compileMap(
      {
        name: 'x',
        zone: 'Asia/Kolkata',
        rules: [{ stream: 'execution', fields: { ts: { at: '/at', time: 'yyyy-MM-dd HH:mm:ss,u' } } }],
      },
      localTime,
    );
    expect(storedOf(map, { at: '2025-11-21 12:45:00,123456' })).toMatchObject({
      ts: '2025-11-21T07:15:00.123456Z',
      ts_local: '2025-11-21 12:45:00,123456',
      ts_naive: true,
    });
  });

  test('summer time is that of the day', () => {
    const map = withField('ts', { at: '/at', time: 'iso', zone: 'America/New_York' });
    expect(eventOf(map, { at: '2025-07-01T09:30:00' }).ts).toBe('2025-07-01T13:30:00.000000Z');
    expect(eventOf(map, { at: '2025-12-01T09:30:00' }).ts).toBe('2025-12-01T14:30:00.000000Z');
  });

  test('a local time that a zone has twice is the earlier one, one that it skips lies behind the gap', () => {
    const at = (zone: string, text: string): unknown =>
      eventOf(withField('ts', { at: '/at', time: 'iso', zone }), { at: text }).ts;
    expect(at('America/New_York', '2025-11-02T01:30:00')).toBe('2025-11-02T05:30:00.000000Z');
    expect(at('Europe/Berlin', '2025-10-26T02:30:00')).toBe('2025-10-26T00:30:00.000000Z');
    expect(at('Europe/Berlin', '2025-03-30T02:30:00')).toBe('2025-03-30T01:30:00.000000Z');
  });

  test('a naive time without a zone is left to the settings of the desk, and flagged', () => {
    for (const time of ['iso', "yyyy-MM-dd'T'HH:mm:ss"])
      expect(storedOf(withField('ts', { at: '/at', time }), { at: '2025-11-21T07:15:00' })).toMatchObject({
        ts: '2025-11-21T07:15:00.000000Z',
        ts_naive: true,
      });
  });

  test('a date and a time of day in two fields are one time', () => {
    const map = withField('ts', { at: ['/d', '/t'], time: 'yyyy-MM-dd HH:mm:ss', zone: 'UTC' });
    expect(eventOf(map, { d: '2025-11-21', t: '07:15:00' })).toMatchObject({ ts: '2025-11-21T07:15:00.000000Z' });
    expect(eventOf(map, { d: '2025-11-21', t: '07:15:00' })).not.toHaveProperty('d');
  });
});

describe('what fails is named', () => {
  test.each([
    [
      'a missing field that is required',
      { k: 'F', at: FILL.at, o: {} },
      'rules[0] (execution) field price: /o/px is missing, and required',
    ],
    ['a number that is none', { ...FILL, o: { px: 'n/a' } }, 'field price: /o/px is "n/a", not a number'],
    ['an unlisted code', { ...FILL, o: { px: 1, s: 'X' } }, 'field side: /o/s is "X", not one of B, S'],
    [
      'a time in another unit',
      { ...FILL, at: 1763709300123 },
      'field ts: /at is 1763709300123, not a time in epoch_us between 1973 and 2200; in epoch_ms it would be',
    ],
  ])('%s', (_what, record, message) => {
    expect(failureOf(of(FILLS), record)).toContain(message);
  });

  test('a secret is not named', () => {
    expect(failureOf(withField('price', { at: '/api_key', scale: 10 }), { api_key: 'hunter2hunter2' })).toBe(
      'rules[0] (execution) field price: /api_key is [redacted], not a number',
    );
    expect(failureOf(withField('price', { at: '/p', scale: 10 }), { p: 'AKIAIOSFODNN7EXAMPLE' })).not.toContain(
      'IOSFODNN7',
    );
  });
});

describe('rules', () => {
  const map = of(
    { match: { path: 'fills/**/*.log', '/t': { in: ['f', 7] } }, stream: 'execution' },
    { match: { path: 'orders*.log', '/msg': { prefix: 'order ' }, '/px': { exists: true } }, stream: 'order' },
    { match: { '/err': { exists: false }, '/ok': true, '/none': null }, stream: 'health' },
  );
  const streamOf = (record: unknown, path: string) => map.map(line(record), { path })?.stream;

  test('the first whose conditions all hold is taken', () => {
    expect(streamOf({ t: 'f' }, 'fills/a/b/x.log')).toBe('execution');
    expect(streamOf({ t: '7' }, 'fills/x.log')).toBe('execution');
    expect(streamOf({ t: 'f' }, 'other/x.log')).toBeUndefined();
    expect(streamOf({ msg: 'order new', px: null }, 'deep/down/orders-1.log')).toBe('order');
    expect(streamOf({ msg: 'order new' }, 'orders.log')).toBeUndefined();
    expect(streamOf({ ok: 'true', none: null }, 'x')).toBe('health');
    expect(streamOf({ ok: true, none: 'null' }, 'x')).toBeUndefined();
    expect(streamOf({ ok: true, none: null, err: null }, 'x')).toBeUndefined();
  });

  test('a line that no rule is for is left to the dialects', () => {
    expect(map.map('{"x":1}', { path: 'x' })).toBeUndefined();
    expect(map.map('no JSON', { path: 'x' })).toBeUndefined();
    expect(map.map(`{"ok":true,"none":${'['.repeat(90_000)}${']'.repeat(90_000)}}`, { path: 'x' })).toBeUndefined();
  });

  test('a glob is matched in time that grows with its length only', () => {
    expect(globMatches(`${'*a'.repeat(500)}b`, 'a'.repeat(20_000))).toBe(false);
    expect(globMatches('**/**/**/x', 'a/'.repeat(5000))).toBe(false);
    expect(globMatches('**/x.log', 'x.log')).toBe(true);
    expect(globMatches('a/?.log', 'a/é.log')).toBe(true);
    expect(globMatches('a/*.log', 'a/b/c.log')).toBe(false);
  });
});

describe('lines that are not JSON', () => {
  const logfmt = (fields: unknown, match: unknown = {}) =>
    compileMap({ name: 'kv', format: 'logfmt', rules: [{ match, stream: 'execution', fields }] }, localTime);

  test('key=value pairs are text, quoted values keep their blanks, words stand in order', () => {
    const map = logfmt({
      ts: { at: ['/_words/0', '/_words/1'], time: 'yyyy-MM-dd HH:mm:ss', zone: 'Asia/Kolkata' },
      price: '/px',
      rejection_message: '/msg',
      limit_px: '/lim',
    });
    expect(
      storedOf(map, '2025-11-21 12:45:00 INFO px=85503.89 msg="say \\"hi\\" = bye" lim= px=2 note=""'),
    ).toMatchObject({
      ts: '2025-11-21T07:15:00.000000Z',
      price: 85503.89,
      rejection_message: 'say "hi" = bye',
      limit_px: null,
      extra: JSON.stringify({ px_2: '2', note: '', _words: ['2025-11-21', '12:45:00', 'INFO'] }),
    });
  });

  test('a line without a pair, and one that no rule is for, fail with a reason; JSON among them is left to the dialects', () => {
    expect(failureOf(logfmt({}), 'just words')).toBe('the line has no key=value pair');
    expect(failureOf(logfmt({}, { '/lvl': 'x' }), 'lvl=y')).toBe('no rule of the map is for this line');
    expect(logfmt({}).map('{"ts":1}', { path: '' })).toBeUndefined();
  });

  test('no line takes long, whatever it repeats', () => {
    expect(Object.keys(eventOf(logfmt({}), 'a=1 '.repeat(200_000)))).toHaveLength(200_003);
    expect(failureOf(logfmt({}), '"'.repeat(500_000))).toBe('the line has no key=value pair');
    expect(eventOf(logfmt({}), `a=${'"'.repeat(3)} ${'b="x '.repeat(1000)}`)).toMatchObject({ stream: 'execution' });
  });
});

describe('a wrong map is refused, with the place and what may stand there', () => {
  test.each([
    [
      'an unknown stream',
      rule({ stream: 'executions' }),
      'rules[0].stream: there is no stream "executions", did you mean execution?; allowed: signals,',
    ],
    ['quarantine', rule({ stream: 'quarantine' }), 'there is no stream "quarantine"'],
    [
      'a derived stream',
      rule({ stream: 'snapshot' }),
      'rules[0].stream: snapshot is derived by Nightdesk: no map writes it',
    ],
    [
      'an unknown field',
      rule({ fields: { prise: '/p' } }),
      'rules[0].fields.prise: execution has no field "prise", did you mean price?; allowed: ts, ',
    ],
    [
      'a field that Nightdesk writes',
      rule({ rename: { id: 'event_id' } }),
      'rules[0].rename.id: event_id is written by Nightdesk; the bot’s own id is source_event_id',
    ],
    [
      'a path that is no glob',
      rule({ match: { path: 5 } }),
      'rules[0].match.path: expected a glob such as fills*.jsonl',
    ],
    [
      'a field given twice',
      rule({ fields: { price: '/p' }, constants: { price: 1 } }),
      'field price is given more than once',
    ],
    [
      'a bad pointer',
      rule({ fields: { price: 'o.px' } }),
      'rules[0].fields.price.at: "o.px" is no JSON Pointer such as /fill/px',
    ],
    [
      'an unknown key',
      rule({ fields: { price: { at: '/p', units: 2 } } }),
      'rules[0].fields.price.units: unknown key; allowed: at, time, zone, scale, enum, default, required',
    ],
    [
      'an unknown key at the top',
      { name: 'x', rules: [], rulez: 1 },
      'rulez: unknown key; allowed: name, description, format',
    ],
    [
      'a scale that is none',
      rule({ fields: { price: { at: '/p', scale: '0.1' } } }),
      'rules[0].fields.price.scale: Invalid input: expected number, received string',
    ],
    [
      'a scale of a text',
      rule({ fields: { side: { at: '/s', scale: 2 } } }),
      'rules[0].fields.side.scale: this field is no number but one of buy, sell',
    ],
    [
      'a code that is no value',
      rule({ fields: { side: { at: '/s', enum: { B: 'long' } } } }),
      'rules[0].fields.side.enum.B: "long" is not one of buy, sell',
    ],
    [
      'a constant that does not fit',
      rule({ constants: { mode: 'papper' } }),
      '"papper" is not one of live, paper, backtest, shadow, testnet',
    ],
    [
      'a fact that does not fit',
      { name: 'x', facts: { mode: 'demo' }, rules: [] },
      'facts.mode: "demo" is not one of live,',
    ],
    [
      'a zone that is none',
      rule({ fields: { ts: { at: '/t', time: 'iso', zone: 'IST5' } } }),
      '"IST5" is no zone; expected a name of the IANA database, such as Asia/Kolkata',
    ],
    [
      'a format in another library’s letters',
      rule({ fields: { ts: { at: '/t', time: 'YYYY-MM-DD HH:mm:ss' } } }),
      'rules[0].fields.ts.time: "YYYY-MM-DD HH:mm:ss" is no format of a date and time, such as yyyy-MM-dd HH:mm:ss.u: YYYY means nothing',
    ],
    [
      'a format without a date',
      rule({ fields: { ts: { at: '/t', time: 'HH:mm:ss' } } }),
      'is no format of a date and time',
    ],
    [
      'a time that is no time',
      rule({ fields: { price: { at: '/t', time: 'iso' } } }),
      'this field is no time but a number',
    ],
    [
      'two readings of one value',
      rule({ fields: { ts: { at: '/t', time: 'iso', scale: 2 } } }),
      'rules[0].fields.ts.scale: not together with time',
    ],
    [
      'a condition that says nothing',
      rule({ match: { '/a': {} } }),
      'rules[0].match["/a"]: expected one of is, in, prefix, exists',
    ],
    [
      'a condition on no pointer',
      rule({ match: { kind: 'F' } }),
      'rules[0].match.kind: expected path, or a JSON Pointer such as /type',
    ],
    ['no object at all', [1], 'the whole map'],
  ])('%s', (_what, json, message) => {
    expect(problemsOf(json)).toContain(message);
  });

  test('prototype keys, wherever they stand', () => {
    for (const text of [
      '{"name":"x","rules":[],"__proto__":{}}',
      '{"name":"x","rules":[{"stream":"execution","fields":{"constructor":"/a"}}]}',
      '{"name":"x","rules":[{"stream":"execution","fields":{"side":{"at":"/s","enum":{"__proto__":"buy"}}}}]}',
    ])
      expect(problemsOf(JSON.parse(text))).toContain('this key is not allowed');
    expect(problemsOf(rule({ fields: { price: '/__proto__/x' } }))).toContain('is no JSON Pointer');
  });

  test('all that is wrong is said at once', () => {
    const message = problemsOf(rule({ fields: { prise: '/p', side: { at: 's' } }, constants: { mode: 'x' } }));
    expect(message.split('\n')).toHaveLength(4);
  });

  test('no JSON value makes the compiler throw anything else, or a compiled map throw at all', () => {
    const key = fc.constantFrom(
      'name',
      'rules',
      'stream',
      'fields',
      'match',
      'at',
      'price',
      '/k',
      'path',
      '__proto__',
      'enum',
      'scale',
      'time',
      'execution',
      'constants',
      'rename',
    );
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>('execution', '/k', 1e-4, null, true, 'epoch_ms', 'x'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(tree, tree, (rules, record) => {
        try {
          const map = compileMap(
            { name: 'x', rules: [{ stream: 'execution', match: {}, fields: { price: '/k' } }, rules] },
            localTime,
          );
          map.map(JSON.stringify(record) ?? '', { path: 'x' });
        } catch (error) {
          expect(error).toMatchObject({ code: 'MAP_INVALID' });
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('a time later than the door takes goes to quarantine like any other', () => {
  const map = withField('ts', { at: '/at', time: 'epoch_ms' });
  const verdict = createTransform({}, { sha256 })(JSON.stringify(eventOf(map, { at: NOW_MS + 7_200_000 })), position());
  expect(verdict).toMatchObject({ outcome: 'quarantined', reason: 'clock_skew' });
});
