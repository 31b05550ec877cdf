import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { INPUT_STREAMS } from '../../lib/core/catalog/index.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { book, FLAT, unrealizedUsd } from '../../lib/desk/demo/account.ts';
import { startDemo } from '../../lib/desk/demo/index.ts';
import { createMarket } from '../../lib/desk/demo/market.ts';
import { createRandom } from '../../lib/desk/demo/random.ts';
import { Simulation } from '../../lib/desk/demo/simulation.ts';
import { createSpells, SPELLS } from '../../lib/desk/demo/spells.ts';
import { START_USD } from '../../lib/desk/demo/stacker.ts';
import { createDesk } from '../../lib/desk/desk.ts';
import { tempFolder } from '../support/temp.ts';

const START_MS = Date.UTC(2026, 0, 15, 23, 55); // over midnight
const QUARTER_HOUR_STEPS = 360;

type Event = Record<string, unknown> & { readonly stream: string };

const linesOf = (seed: number, steps = QUARTER_HOUR_STEPS): string[] => {
  const simulation = new Simulation({ seed, startMs: START_MS });
  return Array.from({ length: steps }, () => simulation.step()).flat();
};

/** What a quarter of an hour looks like in the lake. */
function eventsOf(seed: number): Event[] {
  const transform = createTransform({}, { sha256 });
  const simulation = new Simulation({ seed, startMs: START_MS });
  const events: Event[] = [];
  for (let step = 0; step < QUARTER_HOUR_STEPS; step++) {
    const arrivedMs = simulation.nextMs;
    for (const line of simulation.step()) {
      const verdict = transform(line, { recordId: `r${events.length}`, index: 0, arrivedMs });
      if (verdict !== undefined) events.push(JSON.parse(verdict.json));
    }
  }
  return events;
}

const events = eventsOf(7);
const of = (stream: string, strategy?: string): Event[] =>
  events.filter((event) => event.stream === stream && (strategy === undefined || event.strategy_id === strategy));

test('every stream that bots send receives events in a quarter of an hour, whatever the seed', () => {
  for (const seed of [1, 2, 3]) {
    const seen = new Set(eventsOf(seed).map(({ stream }) => stream));

    expect(
      [...INPUT_STREAMS, 'quarantine'].filter((stream) => !seen.has(stream)),
      `seed ${seed}`,
    ).toEqual([]);
  }
});

test('only the lines that are meant to be broken end in quarantine', () => {
  const reasons = new Set(of('quarantine').map(({ reason }) => reason));

  expect(
    [...reasons].filter((reason) => !['invalid_json', 'unknown_shape', 'clock_skew'].includes(String(reason))),
  ).toEqual([]);
  expect(of('quarantine').length).toBeLessThan(events.length / 50);
});

test('every value fits its column and no field is unknown but those the bots’ formats leave open', () => {
  const odd = events.filter(({ misfits, nonfinite }) => misfits !== undefined || nonfinite !== undefined);
  const extra = new Set(events.flatMap((event) => Object.keys(JSON.parse(String(event.extra ?? '{}')))));

  expect(odd).toEqual([]);
  expect([...extra]).toEqual(['strategy_key']);
});

test('no two events share an identity, and none lies in the future of its arrival', () => {
  const ids = events.map((event) => [event.strategy_id, event.session_id, event.stream, event.event_id].join('|'));

  expect(new Set(ids).size).toBe(events.length);
  expect(
    events.filter(({ ts, ingested_at, stream }) => stream !== 'quarantine' && String(ts) > String(ingested_at)),
  ).toEqual([]);
});

test('the same seed gives the same lines, another gives others', () => {
  expect(linesOf(3, 100)).toEqual(linesOf(3, 100));
  expect(linesOf(3, 100)).not.toEqual(linesOf(4, 100));
});

test('the first bot’s equity follows from its fills, fees and impact to the cent', () => {
  const fills = of('execution', 'stacker');
  const charged = of('costs', 'stacker').filter(({ cost_usd }) => cost_usd !== undefined);
  let account = FLAT;
  for (const { side, qty, price } of fills)
    account = book(account, { side: side as 'buy', qty: Number(qty), price: Number(price), chargedUsd: 0 });
  const costUsd = charged.reduce((sum, { cost_usd }) => sum + Number(cost_usd), 0);

  const equity =
    START_USD + account.realizedUsd + unrealizedUsd(account, Number(of('market', 'stacker').at(-1)?.mid)) - costUsd;

  expect(fills.length).toBeGreaterThan(10);
  expect(charged).toHaveLength(fills.length);
  // Costs are rounded to cents in the logs, each by half a cent at most.
  expect(Math.abs(equity - Number(of('equity_curve', 'stacker').at(-1)?.equity))).toBeLessThan(
    0.005 * fills.length + 0.01,
  );
});

test('the first bot trades only where its intent says so, and its intents only where all guards pass or a position is left', () => {
  const intents = of('order_intent', 'stacker');
  const wanted = intents.filter(({ side }) => side !== 'hold');
  const fills = of('execution', 'stacker');

  expect(fills.map(({ side, bar_ts }) => [side, bar_ts])).toEqual(wanted.map(({ side, bar_ts }) => [side, bar_ts]));
});

test('the second bot’s fills lead back over order and gates to an intent, and fill no more than was ordered', () => {
  const sums = new Map<unknown, number>();
  for (const { intent_id, qty, client_order_id } of events.filter(
    ({ stream, dialect }) => stream === 'execution' && dialect === 's2-event',
  )) {
    sums.set(intent_id, (sums.get(intent_id) ?? 0) + Number(qty));
    expect(of('order').some((order) => order.client_order_id === client_order_id && order.status === 'acked')).toBe(
      true,
    );
  }

  expect(sums.size).toBeGreaterThan(5);
  for (const [intentId, filled] of sums) {
    const intent = of('order_intent').find(({ intent_id }) => intent_id === intentId);
    const gates = of('gate').filter(({ intent_id }) => intent_id === intentId);

    expect(filled).toBeCloseTo(Number(intent?.qty), 9);
    expect(gates.map(({ passed }) => passed)).toEqual([true, true, true]);
  }
});

test('a rejected order leaves an error with its stack, and no fill', () => {
  const rejected = of('order').filter(({ status }) => status === 'rejected');

  expect(rejected.length).toBeGreaterThan(0);
  for (const { client_order_id } of rejected) {
    expect(of('error').find((error) => error.client_order_id === client_order_id)?.stacktrace).toContain('Traceback');
    expect(of('execution').some((fill) => fill.client_order_id === client_order_id)).toBe(false);
  }
});

test('all spells come, one at a time, with calm between them', () => {
  const next = createSpells(createRandom(5));
  const spells = Array.from({ length: 1_000 }, next);

  expect(new Set(spells)).toEqual(new Set([undefined, ...SPELLS]));
  for (const [i, spell] of spells.entries())
    if (spell !== undefined) expect([spell, undefined]).toContain(spells[i + 1] ?? spell);
});

test('for any seed, bars are whole: low ≤ open, close ≤ high, and prices stay positive', () =>
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const next = createMarket(createRandom(seed), { price: 100, volume: 10 });
      for (let i = 0; i < 50; i++) {
        const { open, high, low, close, volume, spreadBps } = next(i);
        expect(low).toBeLessThanOrEqual(Math.min(open, close));
        expect(high).toBeGreaterThanOrEqual(Math.max(open, close));
        expect(Math.min(low, volume, spreadBps)).toBeGreaterThan(0);
      }
    }),
  ));

test('for any fills, what the account realised and what is open add up to what was paid and what is held', () => {
  const someFill = fc.record({
    side: fc.constantFrom('buy' as const, 'sell' as const),
    qty: fc.double({ min: 0.01, max: 10, noNaN: true }),
    price: fc.double({ min: 1, max: 1_000, noNaN: true }),
    chargedUsd: fc.double({ min: 0, max: 5, noNaN: true }),
  });
  return fc.assert(
    fc.property(fc.array(someFill, { maxLength: 30 }), (fills) => {
      const account = fills.reduce(book, FLAT);
      const cash = fills.reduce(
        (sum, { side, qty, price, chargedUsd }) => sum - (side === 'buy' ? 1 : -1) * qty * price - chargedUsd,
        0,
      );

      expect(account.realizedUsd + unrealizedUsd(account, 500)).toBeCloseTo(cash + account.qty * 500, 4);
    }),
  );
});

test('the demo sends through the Firehose client, and when it is stopped all it has sent is in the lake', async () => {
  const data = tempFolder();
  const desk = await createDesk({
    dataDir: data,
    port: 0,
    transform: createTransform({}, { sha256 }),
    buffer: { ms: 100 },
    minFreeBytes: 0,
  });
  const remarks: string[] = [];

  const demo = await startDemo({ endpoint: desk.url, say: (text) => remarks.push(text), seed: 7, pastMs: 15 * 60_000 });
  await vi.waitFor(() => expect(desk.stats().delivery.stored).toBeGreaterThan(2_000), {
    timeout: 20_000,
    interval: 50,
  });
  await demo.stop();
  await desk.stop();

  const { delivery, intake } = desk.stats();
  const stored = lakeLines(desk.folder.lake);
  expect(remarks).toEqual([]);
  expect(intake.records).toBeGreaterThan(0);
  expect(stored).toHaveLength(delivery.stored + delivery.quarantined);
  expect(new Set(stored.map(({ stream }) => stream)).size).toBe(INPUT_STREAMS.length + 1);
  expect(stored.filter(({ session_phase }) => session_phase === 'stop')).toHaveLength(1);
});

test('a demo whose desk does not answer stops all the same', async () => {
  const demo = await startDemo({ endpoint: 'http://127.0.0.1:9', say: () => undefined, pastMs: 0 });

  await demo.stop();
});

const lakeLines = (folder: string): Event[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.jsonl.gz'))
    .flatMap((path) =>
      gunzipSync(readFileSync(join(folder, path)))
        .toString()
        .trimEnd()
        .split('\n'),
    )
    .map((line) => JSON.parse(line));
