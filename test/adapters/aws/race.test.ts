import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createS3ObjectStore } from '../../../lib/adapters/aws/object-store.ts';
import { createS3StateStore } from '../../../lib/adapters/aws/state-store.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { NO_CLOCK_DATE, objectKey } from '../../../lib/core/lake/keys.ts';
import type { LakeRecord } from '../../../lib/core/lake/read.ts';
import { openFold } from '../../../lib/core/lifecycle/fold.ts';
import { createLedger, type Ledger, type LedgerParts } from '../../../lib/core/lifecycle/ledger.ts';
import { LEDGER_STATES } from '../../../lib/core/lifecycle/state-key.ts';
import { touchesOf, touchRow } from '../../../lib/core/lifecycle/touches.ts';
import { LEDGER_DEFAULTS, type LedgerConfig } from '../../../lib/core/lifecycle/types.ts';
import type { ObjectStore, StateStore } from '../../../lib/core/ports/index.ts';
import { arrivalPlans, type Delivery, deliveriesOf, historyOf, plans } from '../../core/lifecycle/histories.ts';
import {
  expectedRows,
  fill,
  gunzip,
  gzip,
  Harness,
  type HarnessOptions,
  LATENESS_MS,
  START_MS,
  shownRows,
} from '../../core/lifecycle/ledger-harness.ts';
import { chainParts } from '../../core/lifecycle/ledger-stand-in.ts';
import type { LedgerEvent } from '../../support/ledger.ts';
import { startS3 } from '../../support/s3-fake.ts';
import type { S3Fault, S3Faults } from '../../support/s3-faults.ts';
import { type OpenS3, S3_SERVERS } from '../../support/s3-real.ts';

/** How many races are run; raise it to search for longer. */
const RACES = Number(process.env.NIGHTDESK_RACES ?? 3);
const LONG = { timeout: 600_000 };

const realParts: LedgerParts = { openFold, touchesOf, touchRow };

/** A lake whose objects and states lie on S3, and ledgers each of which has a client of its own, as functions have. */
class S3Harness extends Harness {
  override readonly store: ObjectStore;
  override readonly state: StateStore;
  readonly #s3: OpenS3;
  readonly #parts: LedgerParts;
  readonly #config: Partial<LedgerConfig>;
  /** Writes of state that another was faster than. */
  static lost = 0;

  constructor(s3: OpenS3, { parts = chainParts, config = {} }: HarnessOptions = {}) {
    super();
    const past = { client: s3.undisturbed, bucket: s3.bucket };
    this.store = createS3ObjectStore(past);
    this.state = createS3StateStore(past);
    this.#s3 = s3;
    this.#parts = parts;
    this.#config = config;
  }

  override ledger(): Ledger {
    const own = { client: this.#s3.client(), bucket: this.#s3.bucket };
    const state = createS3StateStore(own);
    return createLedger(
      {
        ...{ gzip, gunzip, sha256, log: this.log, parts: this.#parts },
        clock: { nowMs: () => this.nowMs },
        store: createS3ObjectStore(own),
        state: {
          ...state,
          async put(key, body, version) {
            const stored = await state.put(key, body, version);
            if (stored === undefined) S3Harness.lost++;
            return stored;
          },
        },
      },
      { ...LEDGER_DEFAULTS, latenessMs: LATENESS_MS, ...this.#config },
    );
  }
}

/** What fails is told again, as a queue and a schedule do. */
async function again(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 50) throw error;
    }
  }
}

const fault = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 12 },
  { arbitrary: fc.constantFrom<S3Fault>('lost', 'InternalError done', 'reset', 'SlowDown', 'cut', 1, 5), weight: 3 },
  { arbitrary: fc.constant<S3Fault>('ConditionalRequestConflict'), weight: 1 },
);

/** One fault after the other, each where it can be. */
const inTurn =
  (faults: Iterator<S3Fault | undefined>): S3Faults =>
  ({ conditional }) => {
    const next = faults.next().value;
    return next === 'ConditionalRequestConflict' && !conditional ? undefined : next;
  };

describe.each(S3_SERVERS)('functions racing on one book on $name', ({ absent, open }) => {
  for (const count of [2, 3])
    test.skipIf(absent)(`apply every fill once and in its place, whatever goes wrong (${count})`, LONG, async () => {
      S3Harness.lost = 0;
      const offset = fc.integer({ min: -40_000, max: 1_000 });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(offset, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 9 }),
          fc.infiniteStream(fault),
          async (batches, faults) => {
            const lake = new S3Harness(await open(inTurn(faults)));
            const ledgers = Array.from({ length: count }, () => lake.ledger());
            const events: LakeRecord[] = [];
            for (let at = 0; at < batches.length; at += 3) {
              const keys: string[] = [];
              for (const offsets of batches.slice(at, at + 3)) {
                const own = offsets.map((ms) => fill(lake.nowMs + ms));
                events.push(...own);
                keys.push(...(await lake.write(own)));
              }
              // Each is told of one object in any case, and of all others too, by a queue that delivers at least once.
              await Promise.all(
                ledgers.map(async (ledger, who) => {
                  await again(() => ledger.applyObjects(keys.filter((_, index) => index % count === who)));
                  await again(() => ledger.applyObjects(keys));
                  await again(() => ledger.tick());
                }),
              );
              lake.nowMs += LATENESS_MS * 0.7;
            }
            for (let step = 0; step < 12; step++) {
              lake.nowMs += LATENESS_MS;
              await Promise.all(ledgers.map((ledger) => again(() => ledger.tick())));
            }
            expect(shownRows(await lake.view())).toEqual(expectedRows(events));
          },
        ),
        { numRuns: RACES },
      );
      expect(S3Harness.lost).toBeGreaterThan(0); // else there was no race
    });

  test.skipIf(absent)('say what one alone says over stores in memory, of any history', LONG, async () => {
    await fc.assert(
      fc.asyncProperty(plans(10), arrivalPlans, fc.infiniteStream(fault), async (plan, arrival, faults) => {
        const history = historyOf(plan);
        const deliveries = deliveriesOf(history.events, arrival);
        const options = { parts: realParts, config: history.config };
        const alone = new Harness(options);
        await bringIn(alone, deliveries, { count: 1, untilMs: history.asOfMs });
        const racing = new S3Harness(await open(inTurn(faults)), options);
        await bringIn(racing, deliveries, { count: 2, untilMs: history.asOfMs });
        expect(await racing.view()).toEqual(await alone.view());
      }),
      { numRuns: RACES },
    );
  });
});

/** Writes the deliveries and tells them to so many ledgers at once, in different orders, until all has been decided. */
async function bringIn(
  lake: Harness,
  deliveries: readonly Delivery[],
  { count, untilMs }: { readonly count: number; readonly untilMs: number },
): Promise<void> {
  const ledgers = Array.from({ length: count }, () => lake.ledger());
  const all = (work: (ledger: Ledger, who: number) => Promise<void>): Promise<unknown> =>
    Promise.all(ledgers.map((ledger, who) => again(() => work(ledger, who))));
  for (const [at, { atMs, events }] of deliveries.entries()) {
    lake.nowMs = Math.max(lake.nowMs, atMs);
    const keys = await write(lake, events, at);
    await all((ledger, who) => ledger.applyObjects(who % 2 === 0 ? keys : [...keys].reverse()));
  }
  const lastMs = deliveries.at(-1)?.atMs ?? 0;
  for (const ms of [20_000, 40_000, 60_000]) {
    lake.nowMs = Math.max(lake.nowMs, lastMs + ms);
    await all((ledger) => ledger.tick());
  }
  lake.nowMs = Math.max(lake.nowMs, untilMs);
  for (let n = 0; n < 2; n++) await all((ledger) => ledger.tick());
}

/** One object per stream and day, as Firehose writes them. */
async function write(lake: Harness, events: readonly LedgerEvent[], delivery: number): Promise<string[]> {
  const objects = new Map<string, string[]>();
  for (const event of events) {
    const date = typeof event.ts === 'string' ? event.ts.slice(0, 10) : NO_CLOCK_DATE;
    const name = JSON.stringify({ stream: event.stream, version: 1, date });
    objects.set(name, [...(objects.get(name) ?? []), `${JSON.stringify(event)}\n`]);
  }
  const keys: string[] = [];
  for (const [name, lines] of objects) {
    const unique = String(delivery).padStart(6, '0');
    const key = objectKey('events', JSON.parse(name), { producer: 'test', atMs: lake.nowMs, unique });
    await lake.store.put(key, await gzip(Buffer.from(lines.join(''))));
    keys.push(key);
  }
  return keys;
}

describe('an invocation', () => {
  test('reads and writes the state of each strategy once, however many objects it was told of', async () => {
    const s3 = await startS3();
    onTestFinished(() => s3.close());
    const lake = new S3Harness({ bucket: s3.bucket, client: () => s3.client(), undisturbed: s3.client() });
    const ledger = lake.ledger();
    for (const objects of [1, 25]) {
      const keys: string[] = [];
      for (let n = 0; n < objects; n++) {
        lake.nowMs += 10;
        const own = [fill(START_MS + n), fill(START_MS + n, { strategy_id: 'other' })];
        keys.push(...(await lake.write(own)));
      }
      s3.requests.length = 0;
      await ledger.applyObjects(keys);
      const ofStates = s3.requests.filter((request) => request.includes(` ${LEDGER_STATES}`));
      const states = new Set(ofStates.map((request) => request.slice(request.indexOf(' ') + 1)));
      expect(states.size).toBe(2);
      expect(ofStates.sort()).toEqual([...states].flatMap((key) => [`GET ${key}`, `PUT ${key}`]).sort());
    }
  });
});
