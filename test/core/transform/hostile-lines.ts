import fc from 'fast-check';
import { CATALOG } from '../../../lib/core/catalog/index.ts';

// Lines that no well-meaning bot writes. They are made as text, not as values: duplicate keys, tokens outside of JSON and
// numbers beyond a double do not survive JSON.stringify.

/** One line of each dialect, in the spirit of the bots' own logs. */
const DIALECT_LINES: readonly string[] = [
  '{"ts":1763709300000,"symbol":"BTCUSDT","features":[0,0.00037,-1.85e-11],"model_out":{"p_down":0.06,"p_neutral":0.81,"p_up":0.13,"s_model":0.07,"a":0,"b":1},"decision":{"dir":1,"alpha":0.074,"details":{"chosen":null,"eligible":{"pros":false,"model_meta":true},"signals":{"S_top":0,"S_mood":-0.01},"overlay":{"enabled":true,"individual_signals":{"5m":{"direction":0,"alpha":0,"confidence":0.4}}}}},"cohort":{"pros":0,"amateurs":0,"mood":0.01},"ts_ist":"2025-11-21T12:46:14.493638+05:30"}',
  '{"ts":1763709300000,"symbol":"BTCUSDT","metrics":{"recent_bars":1,"funding_stale":true,"equity":9994.3,"ws_staleness_ms":null,"Sharpe_roll_1d":null},"ts_ist":"2025-11-21T12:46:14.496645+05:30"}',
  '{"ts":1763709300000,"symbol":"BTCUSDT","costs":{"ts_ist":"2025-11-21T12:45:00+05:30","bar_id":0,"pnl_attrib":{"alpha":0,"fees":0.46},"event_id":"1:B:costs:f8"},"ts_ist":"2025-11-21T12:46:14.470641+05:30"}',
  '{"ts_ist":"2025-11-21T12:45:00+05:30","bar_id_decision":0,"asset":"BTCUSDT","side":"HOLD","intent_qty":0,"reason_codes":{"threshold":false,"spread_guard":true},"market_conditions":{"spread_bps":0,"volume":53.8}}',
  '{"run_id":"ea1222db-571e-42b9-9912-028c0466ff82","asset":"BTCUSDT","event_id":"1763709300000:BTCUSDT:executions:c2e73a11","decision_time_ist":"2025-11-21T12:46:14.480645+05:30","exec_time_ist":"2025-11-21T12:46:14.480645+05:30","side":"BUY","order_type":"MARKET","limit_px":null,"fill_px":85503.89736,"fill_qty":0.010862,"rejections":0,"ts_ist":"2025-11-21T12:46:14.480645+05:30","schema_v":"1","bar_id":5879031}',
  '{"run_id":"ea1222db","asset":"BTCUSDT","confidence":0.7,"alignment_rule":"agreement","chosen_timeframes":["5m"],"individual_signals":{"5m":{"dir":0,"alpha":0,"conf":0}},"ts_ist":"2025-11-21T12:47:11.419099+05:30","schema_v":"1","bar_id":0}',
  '{"sanitized":{"run_id":"r","asset":"BTCUSDT","pred_stack_bps":742.9,"ts_ist":"2025-11-21T12:46:14+05:30"},"ts_iso":null,"ts":null}',
  '{"ts":"2025-12-20T10:00:00.000Z","session_id":"golden_ok_001","symbol":"BTC-USD","mode":"PAPER","kind":"fill","payload":{"order_id":"order_001","side":"BUY","filled_quantity":0.5,"fill_price":42150.25,"fill_fee":2.1075}}',
  '{"ts":"2025-01-01T12:00:00","session_id":"session_123","symbol":"BTC-USD","mode":"paper","kind":"gate","payload":{"gate":"MinNotionalGate","decision":"BLOCK","reason":"Below minimum"}}',
  '{"schema":"execution_event_v0","ts":"2026-01-01T00:00:03+00:00","run_id":"run_new","correlation_id":"c","event_type":"filled","order_id":"o1","idempotency_key":"idem_new_0","payload":{"fill":{"qty":1},"n":2}}',
  '{"ts":"2026-02-24T00:00:02Z","mode":"live","event_type":"order_error","level":"error","is_anomaly":false,"is_error":true,"msg":"order rejected"}',
  '{"mono_ts":2.408049958,"n":1,"wall_ts":1785699709.555212}',
  '{"cycle_id":"cycle_4a67","drawdown":"0","equity":"100000","exposure":0,"peak_equity":"100000","session_id":"s"}',
  '{"cycle":1,"risk_decision_id":"risk_29dd","risk_sizing_result":"NONE","safety_evaluation":{"evaluation_bound":true,"safety_inputs":{"regime_ok":false},"trading_gate":"exit_only"},"safety_result":"EXIT_ONLY"}',
  '{"event":"bridge_cycle_completed","call_graph":["a","b"],"cycle_id":"cycle_1","session_id":"s"}',
];

const EXAMPLES: readonly unknown[] = [
  ...Object.values(CATALOG).map(({ example }) => example),
  ...DIALECT_LINES.map((line) => JSON.parse(line)),
];

const WIRE = {
  nd: 1,
  source: 'bot-a',
  path: '5m/logs/5m/execution_log/x.jsonl',
  file: '0f3a.0',
  line: 12,
  set: { mode: 'paper', strategy_id: 's' },
};
const HOP = { nd: 1, hop: 1, id: 'rec-9', at: 1764763000000 };

const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '0.1',
  '1e308',
  '-1e308',
  '1e309',
  '-1e400',
  '1e-400',
  '5e-324',
  '9007199254740993',
  '-9007199254740993',
  '12345678901234567890123',
  '1e21',
  '1E5',
  '1763709374',
  '1763709374.493',
  '1763709374493',
  '1763709374493638',
  '1763709374493638000',
  '99999999999',
  '-62135596800',
  '8640000000001',
  '253402300799999',
  '0.30000000000000004',
  '1.0000000000000000000000000000001',
];
/** Python writes these where it has no number. */
const PYTHON_TOKENS = ['NaN', 'Infinity', '-Infinity'];
const BROKEN_TOKENS = ['-NaN', 'nan', 'undefined', 'None', 'True', '01', '+1', '.5', '1.', '0x10', "'a'", ''];
const WORDS = [
  '',
  ' ',
  'NaN',
  'nan',
  'inf',
  '-Infinity',
  '\u0000NaN',
  '\u0000Infinity',
  'null',
  'true',
  '1',
  '0',
  '-1',
  '1e999',
  '0x10',
  '１',
  'BUY',
  'paper',
  'LIVE',
  '2025-11-21T12:46:14.493638+05:30',
  '2025-11-21T12:46:14',
  '2025-02-30T00:00:00Z',
  '2025-13-45T99:99:99.123456Z',
  '2025-02-30T00:00:00.000000Z',
  'abcd-ef-ghTij:kl:mn.opqrstZ',
  '2025-11-21T25:00:00Z',
  '2025-11-21',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+18:00',
  '9999-12-31T23:59:59.999999999-18:00',
  '+275760-09-13T00:00:00Z',
  '2025-11-21T12:46:60Z',
  '2025-11-21T12:46:14,5z',
  '\ud800',
  'a\udc00b',
  '\udfff\ud800',
  '\u2028\u2029',
  '\ufeff',
  '\u0000',
  '\u001b[2J',
  '\u202e',
  '😀',
  'ﷺ',
  '__proto__',
  '"',
  '\\',
  '\\u0022',
  '\\ud800',
  '[object Object]',
  '../../etc/passwd',
  "'; drop table signals; --",
  '=1+1',
  '<script>',
  '{"a":1}',
];
const NASTY_KEYS = [
  '',
  ' ',
  '.',
  '..',
  '.ts',
  'ts.',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'toJSON',
  'then',
  'length',
  '0',
  '1',
  '-1',
  'ts',
  'TS',
  'Ts_Ist',
  'ts_ist',
  'ts_iso',
  'timestamp',
  'asset',
  'coin',
  'run_id',
  'schema',
  'schema_v',
  'schema_version',
  'event_id',
  'stream',
  'dialect',
  'extra',
  'misfits',
  'nonfinite',
  'ingested_at',
  'seq',
  'source',
  'source_path',
  'sanitized',
  'payload',
  'kind',
  'nd',
  'raw',
  'file',
  'line',
  'hop',
  'id',
  'at',
  'set',
  'bad',
  'map_error',
  'payload.fill.qty',
  'decision_details_chosen',
  'cohort',
  'metrics',
  'costs',
  'features',
  'a\u0000b',
  '\ud83d',
  'ключ',
  'a'.repeat(300),
];
export const KEYS = [
  ...new Set([...NASTY_KEYS, ...Object.values(CATALOG).flatMap(({ columns }) => Object.keys(columns))]),
];

const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 })
  .map((units) => String.fromCharCode(...units));
const word = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...WORDS) }, { weight: 1, arbitrary: anyText });
const key = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...KEYS) }, { weight: 1, arbitrary: anyText });
const text = (value: string): string => JSON.stringify(value);

const scalar = fc.oneof(
  { weight: 16, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 16, arbitrary: word.map(text) },
  { weight: 8, arbitrary: fc.constantFrom('true', 'false', 'null') },
  { weight: 1, arbitrary: fc.constantFrom(...BROKEN_TOKENS) },
  { weight: 3, arbitrary: fc.constantFrom(...PYTHON_TOKENS) },
  { weight: 4, arbitrary: fc.double().map(String) },
);

const nest = (open: string, inner: string, close: string, depth: number): string =>
  `${open.repeat(depth)}${inner}${close.repeat(depth)}`;
const nested = fc
  .tuple(
    fc.constantFrom(['[', ']'], ['{"a":', '}'], ['{"__proto__":', '}'], ['[{"x":', '}]']),
    fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 1, max: 100 }) }, { weight: 1, arbitrary: fc.constant(3000) }),
  )
  .map(([[open = '', close = ''], depth]) => nest(open, '1', close, depth));

/** A JSON value as text, mostly valid. */
const { value } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 6, arbitrary: scalar },
    { weight: 1, arbitrary: tie('array') },
    { weight: 2, arbitrary: tie('object') },
    { weight: 1, arbitrary: nested },
  ),
  array: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
  object: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(objectText),
}));

function objectText(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([name, item]) => `${text(name)}: ${item}`).join(', ')}}`;
}

/** What is done to one place of an example. */
interface Edit {
  readonly at: number;
  readonly kind: 'replace' | 'remove' | 'rename' | 'double' | 'insert';
  readonly key: string;
  readonly value: string;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(200),
  kind: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'rename', 'double', 'insert'),
  key,
  value,
});

/** An example as text, with edits at the members they are numbered for. */
function edited(example: unknown, edits: readonly Edit[]): string {
  const total = countMembers(example);
  const byMember = new Map(edits.map((it) => [it.at % Math.max(1, total), it]));
  let member = 0;
  const write = (item: unknown): string => {
    if (Array.isArray(item)) return `[${item.map(write).join(', ')}]`;
    if (typeof item !== 'object' || item === null) return JSON.stringify(item);
    const members: string[] = [];
    for (const [name, inner] of Object.entries(item)) {
      const here = byMember.get(member++);
      const plain = `${text(name)}: ${write(inner)}`;
      if (here === undefined) members.push(plain);
      else if (here.kind === 'replace') members.push(`${text(name)}: ${here.value}`);
      else if (here.kind === 'rename') members.push(`${text(here.key)}: ${write(inner)}`);
      else if (here.kind === 'double') members.push(plain, `${text(name)}: ${here.value}`);
      else if (here.kind === 'insert') members.push(`${text(here.key)}: ${here.value}`, plain);
    }
    return `{${members.join(', ')}}`;
  };
  return write(example);
}

function countMembers(item: unknown): number {
  if (typeof item !== 'object' || item === null) return 0;
  const inner = Object.values(item).reduce((sum: number, one: unknown) => sum + countMembers(one), 0);
  return Array.isArray(item) ? inner : inner + Object.keys(item).length;
}

const mutated = fc
  .tuple(fc.constantFrom(...EXAMPLES), fc.array(edit, { maxLength: 4 }))
  .map(([example, edits]) => edited(example, edits));

/** An example with one member more, somewhere in it. */
export const mutatedWith = (member: { key: string; value: string }): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...EXAMPLES), fc.nat(200))
    .map(([example, at]) => edited(example, [{ at, kind: 'insert', ...member }]));

/** Nightdesk's own form of any stream, with whatever fields. */
const canonical = fc
  .tuple(
    fc.constantFrom(...Object.keys(CATALOG), 'no_such_stream', '__proto__'),
    fc.array(fc.tuple(key, value), { maxLength: 6 }),
  )
  .map(([stream, members]) =>
    objectText([['stream', text(stream)], ['event_id', '"e1"'], ['schema_version', '1'], ...members]),
  );

const garbage = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\t',
    '\r',
    '\ufeff',
    '\u0000',
    '{',
    '}',
    '{}',
    '[]',
    'null',
    '"',
    '""',
    '1',
    'true',
    'NaN',
    '{"a"}',
    '{"a":}',
    '{,}',
    'not json',
    '{"a":1}{"b":2}',
    'ts,side\n1,2',
  ),
  anyText,
  value,
);

/** A line cut, spliced or with a stray character in it, as two processes writing one file leave it. */
const torn = fc.tuple(mutated, mutated, fc.nat(2000), fc.nat(2000), anyText).map(([one, other, cut, from, stray]) => {
  const at = cut % (one.length + 1);
  return one.slice(0, at) + stray + other.slice(from % (other.length + 1));
});

const bare = fc.oneof(
  { weight: 8, arbitrary: mutated },
  { weight: 4, arbitrary: canonical },
  { weight: 2, arbitrary: torn },
  { weight: 2, arbitrary: garbage },
);

/** The same line inside the wire form, or put again, with edits to the form itself. */
const wired = fc
  .tuple(fc.constantFrom(WIRE, WIRE, WIRE, HOP), fc.array(edit, { maxLength: 2 }), bare)
  .map(([form, edits, raw]) => edited({ ...form, raw }, edits));

/** One hostile line; may be blank, may hold any character but a newline. */
export const hostileLine: fc.Arbitrary<string> = fc
  .oneof({ weight: 3, arbitrary: bare }, { weight: 2, arbitrary: wired })
  .map((line) => line.replaceAll('\n', ' '));

/** Bytes of a record that packs several lines, with the line ends of every system and broken UTF-8 here and there. */
export const hostileRecord: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.tuple(hostileLine, fc.constantFrom('\n', '\n', '\r\n', '\n\n', '\r\n \r\n', '')), {
      minLength: 1,
      maxLength: 5,
    }),
    fc.option(
      fc.tuple(
        fc.nat(4000),
        fc.constantFrom([0xff], [0xc3], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80]),
      ),
      {
        freq: 4,
      },
    ),
  )
  .map(([bom, lines, broken]) => {
    const bytes = Buffer.from((bom ? '\ufeff' : '') + lines.flat().join(''));
    if (broken === null) return bytes;
    const [at, junk] = broken;
    const cut = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, cut), Buffer.from(junk), bytes.subarray(cut)]);
  });
