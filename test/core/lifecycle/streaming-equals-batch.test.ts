import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { NO_CLOCK_DATE, objectKey } from '../../../lib/core/lake/keys.ts';
import { openFold } from '../../../lib/core/lifecycle/fold.ts';
import { comparePlaces, inputOf, ledgerKeyOf } from '../../../lib/core/lifecycle/input.ts';
import type { Ledger } from '../../../lib/core/lifecycle/ledger.ts';
import { touchesOf, touchRow } from '../../../lib/core/lifecycle/touches.ts';
import type { DerivedRow, Fold, Input, LedgerKey, Touch } from '../../../lib/core/lifecycle/types.ts';
import type { LedgerEvent } from '../../support/ledger.ts';
import {
  type ArrivalPlan,
  arrivalPlans,
  type Delivery,
  deliveriesOf,
  type History,
  historyOf,
  plans,
} from './histories.ts';
import { gzip, Harness } from './ledger-harness.ts';
import { oracle } from './oracle.ts';
import { countDifferences, differences } from './oracle-compare.ts';

/** How many histories each law is tried on; raise it to search for longer. */
const HISTORIES = Number(process.env.NIGHTDESK_HISTORIES ?? 1000);

/** Seed and path of a failure, as it was printed, to see it again: `-1459972998 197:3:2`. */
const [SEED, PATH] = process.env.NIGHTDESK_REPLAY?.split(' ') ?? [];
const runs = (numRuns: number) => ({
  numRuns,
  ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  ...(PATH === undefined ? {} : { path: PATH }),
});
const LONG = 600_000; // ms; so many more histories as somebody asks for

describe('the fold of a strategy', () => {
  test(
    'says what the rules say, for any history',
    () => {
      fc.assert(
        fc.property(plans(), (plan) => {
          const history = historyOf(plan);
          for (const { key, events, inputs, touches } of ledgersOf(history)) {
            const fold = openFold(key, history.config, { sha256 });
            fold.announce(inputs);
            fold.touch(touches);
            fold.apply(inputs, Number.POSITIVE_INFINITY);
            const trades = fold.rows(history.asOfMs).filter(({ stream }) => stream === 'trade_lifecycle');
            const expected = oracle(events, history.config, history.asOfMs);
            const found = differences(
              trades.map(({ event }) => event),
              expected,
            );
            expect([...found, ...countDifferences(fold.counts, expected)], JSON.stringify(key)).toEqual([]);
          }
        }),
        runs(HISTORIES),
      );
    },
    LONG,
  );

  test(
    'says the same however its events are cut into calls, with its state saved and read again between them',
    () => {
      fc.assert(
        fc.property(
          plans(),
          fc.array(fc.record({ take: fc.nat(6), lag: fc.nat(3), stop: fc.boolean() }), { minLength: 1 }),
          (plan, cuts) => {
            const history = historyOf(plan);
            for (const { key, inputs, touches } of ledgersOf(history)) {
              const whole = openFold(key, history.config, { sha256 });
              whole.announce(inputs);
              whole.touch(touches);
              whole.apply(inputs, Number.POSITIVE_INFINITY);
              const expected = newest(whole.rows(history.asOfMs));
              const { rows, fold } = inPieces({ key, inputs, touches, history }, cuts);
              expect(rows).toEqual(expected);
              expect(fold.counts).toEqual(whole.counts);
            }
          },
        ),
        runs(HISTORIES),
      );
    },
    LONG,
  );
});

describe('the ledger of a lake', () => {
  test(
    'says the same for any arrival of a history: late, repeated, redelivered, in any objects, to processes that die',
    async () => {
      await fc.assert(
        fc.asyncProperty(plans(14), arrivalPlans, async (plan, arrival) => {
          const history = historyOf(plan);
          const deliveries = deliveriesOf(history.events, arrival);
          const lake = new Harness({ parts: { openFold, touchesOf, touchRow }, config: history.config });
          const lastMs = await bringIn(lake, deliveries, arrival);
          const asOfMs = Math.max(lastMs + 60_000, history.asOfMs);
          const ledger = lake.ledger();
          for (const ms of [lastMs + 20_000, lastMs + 40_000, asOfMs]) {
            lake.nowMs = ms;
            await ledger.tick();
            await ledger.tick(); // what the first one found to be late
          }
          const shown = await lake.view();
          const batch = ledgersOf(history).flatMap(({ key, inputs, touches }) => {
            const fold = openFold(key, history.config, { sha256 });
            fold.announce(inputs);
            fold.touch(touches);
            fold.apply(inputs, Number.POSITIVE_INFINITY);
            return Object.values(newest(fold.rows(asOfMs)));
          });
          expect(byIdentity(shown)).toEqual(byIdentity(batch.map(({ event }) => event)));
          for (const { key, events } of ledgersOf(history)) {
            const own = shown.filter(
              ({ strategy_id, mode }) => (strategy_id ?? null) === key.strategyId && (mode ?? null) === key.mode,
            );
            const trades = own.filter(({ stream }) => stream === 'trade_lifecycle');
            expect(differences(trades, oracle(events, history.config, asOfMs)), JSON.stringify(key)).toEqual([]);
          }
          const rebuilt = await lake.ledger().rebuild({ dryRun: true });
          expect(rebuilt.flatMap(({ changedRows, retractedRows }) => [...changedRows, ...retractedRows])).toEqual([]);
        }),
        runs(Math.ceil(HISTORIES / 20)),
      );
    },
    LONG,
  );
});

/** Writes and tells everything; whoever dies is followed by another who is told the same again. */
async function bringIn(lake: Harness, deliveries: readonly Delivery[], plan: ArrivalPlan): Promise<number> {
  const deaths = [...plan.deaths];
  let operations = 0;
  const open = (): Ledger =>
    lake.ledger(() => {
      if (operations++ !== deaths[0]) return;
      deaths.shift();
      operations = 0;
      throw new Death();
    });
  const process = [open(), open()];
  const survive = async (which: number, work: (ledger: Ledger) => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        await work(process[which] as Ledger);
        return;
      } catch (error) {
        if (!isDeath(error)) throw error;
        process[which] = open();
      }
    }
  };
  const told: string[] = [];
  let lastMs = 0;
  for (const [i, { atMs, events }] of deliveries.entries()) {
    const { redelivered, race, tick } = plan.deliveries[
      i % plan.deliveries.length
    ] as ArrivalPlan['deliveries'][number];
    lake.nowMs = Math.max(lake.nowMs, atMs);
    const keys = await write(lake, events, i);
    told.push(...keys);
    const all = redelivered ? told.slice(-12) : keys;
    const works = [survive(0, (ledger) => ledger.applyObjects(all))];
    if (race) works.push(survive(1, (ledger) => ledger.applyObjects([...all].reverse())));
    await Promise.all(works);
    lastMs = atMs;
    const nextMs = deliveries[i + 1]?.atMs ?? atMs;
    if (tick && nextMs > atMs) {
      lake.nowMs = Math.min(nextMs, atMs + 16_000);
      await Promise.all([0, ...(race ? [1] : [])].map((which) => survive(which, (ledger) => ledger.tick())));
    }
  }
  return lastMs;
}

class Death extends Error {}
const isDeath = (error: unknown): boolean =>
  error instanceof Death || (error instanceof AggregateError && error.errors.every(isDeath));

/** One object per stream and day, as the desk writes them. */
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

/** Rows by what tells them apart, without what says how they came about; what the index says of objects is not the fold's. */
function byIdentity(rows: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const row of rows) {
    if (row.stream === 'session' && row.entry !== 'run') continue;
    const { provisional, dialect, rev, ingested_at, ...rest } = row;
    expect(provisional ?? false).toBe(false);
    const key = JSON.stringify([
      row.stream,
      row.mode ?? null,
      row.strategy_id ?? null,
      row.session_id ?? null,
      row.event_id,
    ]);
    expect(found[key]).toBeUndefined();
    found[key] = JSON.parse(JSON.stringify(rest));
  }
  return found;
}

interface OneLedger {
  readonly key: LedgerKey;
  readonly events: readonly LedgerEvent[];
  /** The same in their order. */
  readonly inputs: readonly Input[];
  readonly touches: readonly Touch[];
}

/** The events of each (mode, strategy), and what is known of its runs. */
function ledgersOf({ events }: History): OneLedger[] {
  const byKey = new Map<string, LedgerEvent[]>();
  for (const event of events) {
    const name = JSON.stringify(ledgerKeyOf(event));
    byKey.set(name, [...(byKey.get(name) ?? []), event]);
  }
  return [...byKey].map(([name, own]) => ({
    key: JSON.parse(name),
    events: own,
    inputs: own.flatMap((event) => inputOf(event) ?? []).sort(comparePlaces),
    touches: [...new Set(own.map(({ stream }) => String(stream)))].flatMap((stream) =>
      touchesOf(
        `events/${stream}/v1/date=2026-03-03/all.jsonl.gz`,
        stream,
        own.filter((event) => event.stream === stream),
      ).flatMap(({ touches }) => touches),
    ),
  }));
}

type Cut = { readonly take: number; readonly lag: number; readonly stop: boolean };

/** Folds so many events at a time, decides less than it might, and forgets all but what was saved. */
function inPieces(
  {
    key,
    inputs,
    touches,
    history,
  }: { key: LedgerKey; inputs: readonly Input[]; touches: readonly Touch[]; history: History },
  cuts: readonly Cut[],
): { rows: Record<string, DerivedRow>; fold: Fold } {
  const rows: DerivedRow[] = [];
  let fold = openFold(key, history.config, { sha256 });
  fold.announce(inputs);
  for (let at = 0, i = 0; at < inputs.length; i++) {
    const { take, lag, stop } = cuts[i % cuts.length] as Cut;
    const end = Math.min(inputs.length, at + take + (i % cuts.length === 0 ? 1 : 0));
    const next = inputs[end]?.us ?? inputs[inputs.length - 1]?.us ?? 0;
    for (const input of inputs.slice(at, end)) expect(fold.isLate(input)).toBe(false);
    fold.apply(inputs.slice(at, end), next - 1 - lag * 2_000_000);
    at = end;
    if (!stop) continue;
    rows.push(...fold.rows((inputs[Math.max(0, at - 1)]?.us ?? 0) / 1000));
    fold = openFold(key, history.config, { sha256 }, { saved: JSON.parse(JSON.stringify(fold.save())) });
  }
  fold.touch(touches);
  fold.apply([], Number.POSITIVE_INFINITY);
  rows.push(...fold.rows(history.asOfMs));
  return { rows: newest(rows), fold };
}

/** What the lake would show of the rows: the newest of each, without those withdrawn, and without what tells how they came about. */
function newest(rows: readonly DerivedRow[]): Record<string, DerivedRow> {
  const shown: Record<string, DerivedRow> = {};
  for (const row of rows) {
    const key = `${row.stream} ${row.date} ${row.id}`;
    if (row.event.retracted === true) delete shown[key];
    else shown[key] = { ...row, event: { ...row.event, provisional: undefined } };
  }
  return shown;
}
