import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { looksSuspicious, nameSet, REDACTED } from '../../lib/core/redact.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import {
  createEmitter,
  EMITTER_VERSION,
  EmitterError,
  type EmitterOptions,
  error,
  intent,
  memorySink,
  order,
} from '../../lib/emitter/index.ts';
import { createSeal } from '../../lib/emitter/seal.ts';
import { testEmitter } from './support/emitter.ts';

/** What arrives of what a test emits. */
async function arrived(options: Partial<EmitterOptions>, emits: (emitter: ReturnType<typeof testEmitter>) => void) {
  const sink = memorySink();
  const emitter = testEmitter({ sink, ...options });
  emits(emitter);
  await emitter.close();
  return { events: sink.objects, lines: sink.events.map(({ line }) => line), stats: emitter.stats() };
}

test('an event carries its identity, its order and who sent it', async () => {
  const { events } = await arrived({ sessionId: 'run', context: { venue: 'okx' } }, (emitter) => {
    emitter.emit('signals', { symbol: 'A' });
    emitter.child({ symbol: 'B', timeframe: '5m' }).emit('order', { qty: 1 });
  });

  expect(events).toMatchObject([
    { stream: 'signals', strategy_id: 'ma-cross', session_id: 'run', mode: 'paper', venue: 'okx', symbol: 'A', seq: 1 },
    {
      stream: 'order',
      strategy_id: 'ma-cross',
      session_id: 'run',
      venue: 'okx',
      symbol: 'B',
      timeframe: '5m',
      qty: 1,
      seq: 2,
    },
  ]);
  expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(2);
  expect(events.every(({ emitted_at }) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(emitted_at)))).toBe(
    true,
  );
});

test('what an event says itself goes before what the emitter would have said, but for what only the emitter knows; no key stands twice', async () => {
  const own = {
    event_id: 'mine',
    session_id: 'other',
    symbol: 'Z',
    seq: 77,
    stream: 'lies',
    emitted_at: 'lately',
    emitter_version: '99',
  };
  const { events, lines } = await arrived({ context: { symbol: 'A' } }, (emitter) =>
    emitter.emit('signals', { ...own, schema_version: 99 } as { symbol: string }),
  );

  expect(events[0]).toMatchObject({
    event_id: 'mine',
    session_id: 'other',
    symbol: 'Z',
    seq: 1,
    stream: 'signals',
    emitted_at: expect.stringMatching(/^\d{4}-/),
    emitter_version: EMITTER_VERSION,
  });
  expect(events[0]).not.toHaveProperty('schema_version'); // the current one; another would not be read
  for (const key of Object.keys(own)) expect(lines[0]?.split(`"${key}":`)).toHaveLength(2);
});

test('two runs of a bot under one session never share an identity', async () => {
  const run = () => arrived({ sessionId: 'same' }, (emitter) => emitter.emit('signals', {}));
  const [first, second] = [await run(), await run()];

  expect(first.events[0]?.event_id).not.toBe(second.events[0]?.event_id);
});

describe('quiet by design', () => {
  test('sampling keeps its share and says so; orders, fills and errors are never sampled', async () => {
    const { events, stats } = await arrived({ sampling: 0.25, queue: { maxEvents: 20_000 } }, (emitter) => {
      for (let i = 0; i < 4_000; i++) emitter.emit('market', {});
      for (let i = 0; i < 50; i++)
        for (const stream of ['order_intent', 'gate', 'order', 'execution', 'error', 'costs', 'cash_flow'] as const)
          emitter.emit(stream, {});
    });
    const market = events.filter(({ stream }) => stream === 'market');

    // Ten standard deviations: it fails once in 10^23 runs.
    expect(Math.abs(market.length - 1_000)).toBeLessThan(274);
    expect(market.every(({ sample_rate }) => sample_rate === 0.25)).toBe(true);
    expect(events.length - market.length).toBe(350);
    expect(events.some(({ stream, sample_rate }) => stream !== 'market' && sample_rate !== undefined)).toBe(false);
    expect(stats.quiet.sampled + events.length).toBe(stats.emitted);
  });

  test('filters take names of streams and S2’s kinds; a level below the minimum is left out, a missing one is not', async () => {
    const filter = {
      include: ['intent', 'fill', 'error', 'system'],
      exclude: ['order_intent'],
      minSeverity: 'warning' as const,
    };
    const { events, stats } = await arrived({ filter }, (emitter) => {
      for (const stream of ['order_intent', 'execution', 'order', 'signals'] as const) emitter.emit(stream, {});
      for (const level of ['debug', 'INFO', 'warn', 'ERROR', 'of my own', undefined])
        emitter.emit('system', level === undefined ? {} : { level });
    });

    expect(events.map(({ stream, level }) => [stream, level])).toEqual([
      ['execution', undefined],
      ['system', 'warn'],
      ['system', 'ERROR'],
      ['system', 'of my own'],
      ['system', undefined],
    ]);
    expect(stats.quiet.filtered).toBe(5);
  });

  test('a clock that counts parts of a millisecond is told in whole ones', async () => {
    const clock = Date.now;
    Date.now = () => Date.UTC(2025, 11, 3) + 7.9;
    try {
      const { events } = await arrived({}, (emitter) => emitter.emit('signals', {}));

      expect(events[0]).toMatchObject({ emitted_at: '2025-12-03T00:00:00.007Z' });
    } finally {
      Date.now = clock;
    }
  });

  test('health is told at start and stop, on each change that counts, and once per heartbeat of the wall clock', async () => {
    let nowMs = Date.UTC(2025, 11, 3);
    const clock = Date.now;
    Date.now = () => nowMs;
    try {
      const steps: [number, object][] = [
        [0, { equity: 10_000, funding_stale: false, ws_reconnects: 0, calibration_drift: 0 }], // the first figures
        [300, { equity: 10_005, funding_stale: false, ws_reconnects: 0 }], // 0.05 %
        [300, { equity: 10_011 }], // 0.11 % since it was told
        [300, { equity: 10_011, funding_stale: true }],
        [300, { equity: 10_011, funding_stale: true, ws_reconnects: 1 }],
        [300, { ws_reconnects: 0 }], // a restart of the counter is no increase
        [300, { calibration_drift: 0.01 }], // not by more than 0.01
        [300, { calibration_drift: -0.011 }],
        [3_599, { equity: 10_011 }],
        [1, { equity: 10_011 }],
        [-86_400, { equity: 10_011 }], // the clock was put back by a day
        [60, { equity: 10_011 }],
        [3_600, { equity: 10_011 }],
      ];
      const { events, stats } = await arrived({ health: {} }, (emitter) => {
        for (const [afterS, event] of steps) {
          nowMs += afterS * 1_000;
          emitter.emit('health', event as { equity?: number });
        }
      });

      expect(events.map(({ emit_reason }) => emit_reason)).toEqual([
        'start',
        'change:equity',
        'change:equity',
        'change:funding_stale',
        'change:ws_reconnects',
        'change:calibration_drift',
        'heartbeat',
        'heartbeat',
        'heartbeat',
        'stop',
      ]);
      expect(events.every(({ heartbeat_s }) => heartbeat_s === 3_600)).toBe(true);
      expect(stats.quiet.unchanged).toBe(5);
    } finally {
      Date.now = clock;
    }
  });

  test('an event that is too large is reported with its size and its limit', async () => {
    const sink = memorySink();
    const emitter = testEmitter({ sink, maxEventBytes: 300 });
    emitter.emit('signals', { x_text: 'é'.repeat(200) });

    expect(emitter.reports).toEqual([
      { code: 'too_large', message: expect.stringMatching(/signals has \d{3} bytes, at most 300/), count: 1 },
    ]);
  });
});

describe('secrets', () => {
  test('no secret leaves the process, wherever it stands; what is none survives', async () => {
    const { events, lines } = await arrived({ redact: ['pin_code'] }, (emitter) => {
      emitter.emit('error', {
        message: 'denied for Bearer abcdefghijklmnop1234567',
        x_request: { 'API-Key': 'k1', nested: [{ password: 'hunter2' }], token_symbol: 'USDT', pin_code: 1234 },
        idempotency_key: 'idem-1',
      });
    });

    expect(events[0]).toMatchObject({
      message: `denied for ${REDACTED}`,
      x_request: { 'API-Key': REDACTED, nested: [{ password: REDACTED }], token_symbol: 'USDT', pin_code: REDACTED },
      idempotency_key: 'idem-1',
    });
    expect(lines.join('')).not.toMatch(/abcdefgh|hunter2|k1"|1234/);
  });

  test('names are hashed as the transform hashes them', async () => {
    const { events } = await arrived({ hash: { names: ['account_id'], salt: 'pepper' } }, (emitter) =>
      emitter.emit('order', { account_id: 'acc-1' }),
    );
    const transform = createTransform({ hashKeys: ['account_id'], hashSalt: 'pepper' }, { sha256 });
    const stored = transform(JSON.stringify({ stream: 'order', event_id: '1', account_id: 'acc-1' }), {
      recordId: 'r',
      index: 0,
      arrivedMs: 0,
    });

    expect(events[0]?.account_id).toBe(JSON.parse(stored?.json ?? '').account_id);
    expect(events[0]?.account_id).toMatch(/^h:[0-9a-f]{16}$/);
  });

  test('the quick look at a line misses nothing that reading it would find', () => {
    const seal = createSeal({ redact: ['pin_code'] });
    const names = [
      'api_key',
      'apikey',
      'authorization',
      'cookie',
      'creds',
      'mnemonic',
      'passwd',
      'private_key',
      'refresh_token',
      'secret',
      'seed_phrase',
      'Set-Cookie',
      'signing_key',
      'slack_webhook_url',
      'TOKEN',
      'wallet_private_key',
      'webhook_url',
      'x-mbx-apikey',
      'pin-code',
      'Pin_Code',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.json({ maxDepth: 3 }), (name, value) => {
        const sealed = JSON.parse(seal(`{"stream":"error","a":${JSON.stringify({ [name]: JSON.parse(value) ?? 1 })}}`));
        expect(sealed.a[name]).toBe(REDACTED);
      }),
    );
    expect(nameSet(['Pin-Code']).has('pin_code')).toBe(true);
  });
});

test('a decision’s events are linked by its ids, and keep those the bot gives', async () => {
  const { events } = await arrived({}, (emitter) => {
    const one = intent(emitter, { side: 'buy', qty: 1, decision_id: 'd-1' });
    one.gate({ name: 'MaxPosition', passed: true });
    const sent = one.order({ client_order_id: 'mine-1', qty: 1 });
    sent.order({ status: 'acked' }).fill({ qty: 1, price: 100, venue_fill_id: 'v-1' });
    sent.error(Object.assign(new Error('late'), { code: 51008 }));
    order(emitter, { qty: 2 });
    error(emitter, new TypeError('alone'));
  });
  const [wanted, gate, made, acked, filled, failed, bare, alone] = events;

  expect(wanted).toMatchObject({ stream: 'order_intent', intent_id: expect.any(String), decision_id: 'd-1' });
  const ids = { intent_id: wanted?.intent_id, correlation_id: wanted?.intent_id, decision_id: 'd-1' };
  expect(gate).toMatchObject({ stream: 'gate', ...ids, passed: true });
  for (const later of [made, acked, filled, failed]) expect(later).toMatchObject({ ...ids, client_order_id: 'mine-1' });
  expect(filled).toMatchObject({ stream: 'execution', result: 'filled', venue_fill_id: 'v-1' });
  expect(failed).toMatchObject({ stream: 'error', message: 'late', code: '51008', error_type: 'Error' });
  expect(bare).toMatchObject({ stream: 'order', order_id: expect.any(String) });
  expect(bare?.intent_id).toBeUndefined();
  expect(alone).toMatchObject({ error_type: 'TypeError', message: 'alone' });
});

test('once a period an event of stream system says what the process uses and what the emitter did', async () => {
  const sink = memorySink();
  const emitter = testEmitter({ sink, systemEveryMs: 30 });
  emitter.emit('signals', {});
  while (!sink.objects.some(({ stream }) => stream === 'system')) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    await emitter.flush();
  }

  expect(sink.objects.find(({ stream }) => stream === 'system')).toMatchObject({
    event: 'heartbeat',
    cpu_percent: expect.any(Number),
    memory_mb: expect.any(Number),
    memory_percent: expect.any(Number),
    uptime_s: expect.any(Number),
    emitter: {
      emitted: expect.any(Number),
      sinks: [
        {
          name: 'memory',
          queued: expect.any(Number),
          sent: expect.any(Number),
          retried: 0,
          dropped: {},
          spool_bytes: 0,
          oldest_age_ms: expect.any(Number),
        },
      ],
    },
  });
});

test.each<[string, object, RegExp]>([
  ['a mistyped setting', { sesionId: 'x' }, /no setting sesionId/],
  ['a mistyped part of one', { batch: { event: 3 } }, /batch: there is no setting event/],
  ['no strategy', { strategyId: ' ' }, /strategyId must be a text/],
  ['an unknown mode', { mode: 'prod' }, /mode must be one of live, paper/],
  ['a share above 1', { sampling: { market: 2 } }, /sampling of market must be a number from 0 to 1, got 2/],
  ['no attempts', { retry: { attempts: 0 } }, /retry.attempts must be a number from 1/],
  ['two sinks of one name', { sink: [memorySink(), memorySink()] }, /two sinks are called memory/],
  ['a sink that is none', { sink: {} }, /each sink needs a name and a method send/],
  ['an unknown level', { filter: { minSeverity: 'loud' } }, /minSeverity must be one of/],
])('%s is refused by name when the emitter is made', (_what, over, message) => {
  const make = () =>
    createEmitter({ strategyId: 's', mode: 'paper', sink: memorySink(), onExit: false, ...over } as EmitterOptions);

  expect(make).toThrow(EmitterError);
  expect(make).toThrow(message);
});

test('what the emitter itself says never looks like a credential: each line would be read twice', async () => {
  const { lines } = await arrived({ context: { symbol: 'BTCUSDT', venue: 'okx' }, sampling: 0.999 }, (emitter) => {
    for (const stream of ['signals', 'order', 'error', 'risk', 'market'] as const)
      emitter.emit(stream, { timeframe: '5m' });
  });

  expect(lines.length).toBeGreaterThan(3);
  expect(lines.filter((line) => looksSuspicious(line))).toEqual([]);
});
