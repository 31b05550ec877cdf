import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AlertOptions, Alerts } from '../../../lib/core/alerts/runtime.ts';
import type { Observation } from '../../../lib/core/alerts/types.ts';
import type { LakeRecord } from '../../../lib/core/lake/read.ts';
import { HOUR_MS, MINUTE_MS, rule, START_MS, settings, sick, well } from './support/make.ts';
import { type Hook, World } from './support/world.ts';

/** What happens: events come in, time goes by, people are told. */
type Act =
  | { readonly kind: 'observe'; readonly events: readonly Observation[] }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'dispatch' };

class Crash extends Error {}

const isCrash = (error: unknown): boolean =>
  error instanceof AggregateError ? error.errors.every(isCrash) : error instanceof Crash;

/** Who died does nothing more. */
function mortal(hook: Hook): Hook {
  let isDead = false;
  return async (...call) => {
    if (isDead) throw new Crash();
    try {
      await hook(...call);
    } catch (error) {
      isDead = true;
      throw error;
    }
  };
}

/** Tells the story; whoever dies starts again, and is told again what it was told last. */
async function tell(
  world: World,
  acts: readonly Act[],
  { hook, options }: { hook: Hook; options: AlertOptions },
): Promise<void> {
  let alerts = world.alerts(options, mortal(hook));
  let journal: Observation[] = [];
  const survive = async (work: (own: Alerts) => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        return await work(alerts);
      } catch (error) {
        if (!isCrash(error)) throw error;
        alerts = world.alerts(options, mortal(hook));
        // The lake is the guarantee: what was not flushed is read again from there.
        if (journal.length > 0) await survive((own) => own.observe(journal));
      }
    }
  };
  for (const act of acts) {
    if (act.kind === 'observe') {
      journal.push(...act.events);
      await survive((own) => own.observe(act.events));
    } else if (act.kind === 'dispatch') {
      await survive((own) => own.flush());
      journal = [];
      await survive((own) => world.dispatch(own));
    } else {
      world.nowMs += act.ms;
      await survive((own) => own.tick());
    }
  }
  await survive((own) => own.flush());
  await survive((own) => own.tick());
  await survive((own) => world.dispatch(own));
}

/** Two strategies that fall sick and get well, reminders, and a bot that falls silent. */
function story(): Act[] {
  const at = (minutes: number): number => START_MS + minutes * MINUTE_MS;
  const other = { strategyId: 'other' };
  return [
    {
      kind: 'observe',
      events: [well(at(0), { fields: { heartbeat_s: 600, ws_staleness_ms: 1 } }), well(at(0), other)],
    },
    { kind: 'wait', ms: MINUTE_MS },
    { kind: 'observe', events: [sick(at(1)), sick(at(1), other)] },
    { kind: 'dispatch' },
    { kind: 'wait', ms: HOUR_MS },
    { kind: 'dispatch' },
    { kind: 'observe', events: [well(at(61)), sick(at(61) + 5), well(at(61) + 9)] },
    { kind: 'wait', ms: HOUR_MS },
    { kind: 'dispatch' },
  ];
}

const RULES = {
  flapping: { ...settings().flapping, hold: 0 },
  rules: [rule(), rule({ id: 'dead_bot', severity: 'critical', condition: { kind: 'absence', times: 2 } })],
};

/** Identities of the rows, without repeats, and what each says. */
async function rowsOf(world: World, options: { readonly withWaiting?: boolean } = {}): Promise<string[]> {
  const waiting = options.withWaiting === true ? (await world.states()).flatMap(({ outbox }) => outbox) : [];
  const rows = [
    ...(await world.rows()),
    ...waiting.flatMap(({ lines }) => lines.map((line) => JSON.parse(line) as LakeRecord)),
  ];
  return [
    ...new Set(
      rows.map(({ event_id, change, rule_id, strategy_id }) => `${event_id} ${change} ${rule_id} ${strategy_id}`),
    ),
  ].sort();
}

const untold = async (world: World): Promise<unknown[]> => {
  const told = new Set(world.told.map((line) => line.split(' ')[1]));
  return (await world.rows()).filter(({ notified, event_id }) => notified === true && !told.has(String(event_id)));
};

describe.each([
  ['each call is written', { persistEveryMs: 0 }],
  ['calls are written now and then', { persistEveryMs: 5_000 }],
] as const)('where %s', (_name, options) => {
  test('a crash at any call of a port costs no row, makes none twice, and leaves nobody untold', async () => {
    const acts = story();
    const calm = new World(RULES);
    let calls = 0;
    await tell(calm, acts, { hook: () => void calls++, options });
    const expected = await rowsOf(calm);
    expect(expected.length).toBeGreaterThan(6);
    for (let crash = 0; crash < calls; crash++) {
      const world = new World(RULES);
      let call = 0;
      const hook: Hook = () => {
        if (call++ === crash) throw new Crash();
      };
      await tell(world, acts, { hook, options });
      expect(await rowsOf(world)).toEqual(expected);
      expect(await untold(world)).toEqual([]);
      expect((await world.states()).flatMap(({ notices }) => notices)).toEqual([]);
    }
  });

  test('two that write the same states lose nothing and open each alert once, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            group: fc.integer({ min: 0, max: 2 }),
            isSick: fc.boolean(),
            by: fc.constantFrom('a', 'b', 'both'),
          }),
          {
            minLength: 1,
            maxLength: 12,
          },
        ),
        fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
        async (steps, luck) => {
          const world = new World(RULES);
          const hook: Hook = async (operation, _key, when) => {
            await Promise.resolve();
            // Before the call it fails; after it, only its answer is lost.
            if (operation !== 'get' && luck.next().value === (when === 'before' ? 0 : 1)) throw new Error('no luck');
            if (operation === 'get' && luck.next().value === 0) throw new Error('no luck');
          };
          const runs = { a: world.alerts(options, hook), b: world.alerts(options, hook) };
          const all: Observation[] = [];
          const insist = async (work: () => Promise<void>): Promise<void> => {
            for (let time = 0; time < 200; time++)
              if (
                await work().then(
                  () => true,
                  () => false,
                )
              )
                return;
            throw new Error('never succeeds');
          };
          for (const { group, isSick, by } of steps) {
            world.nowMs += 1_000;
            const event = (isSick ? sick : well)(world.nowMs, { strategyId: `bot${group}` });
            all.push(event);
            const who = by === 'both' ? (['a', 'b'] as const) : [by];
            await Promise.all(who.map((name) => insist(() => runs[name].observe([event]))));
          }
          await insist(() => runs.a.flush());
          await insist(() => runs.b.flush());
          const before = await rowsOf(world, { withWaiting: true });
          // Everything comes again, the other way round.
          await Promise.all([insist(() => runs.a.observe(all)), insist(() => runs.b.observe([...all].reverse()))]);
          await insist(() => runs.a.flush());
          await insist(() => runs.b.flush());
          expect((await rowsOf(world, { withWaiting: true })).filter((row) => !before.includes(row))).toEqual([]);
          await insist(() => runs.a.tick());
          for (const name of ['a', 'b'] as const) await insist(() => world.dispatch(runs[name]));
          await insist(() => runs.a.tick());
          await insist(() => runs.b.tick());
          const rows = await rowsOf(world);
          const ofOne = (strategy: string): string[] => rows.filter((row) => row.endsWith(` ${strategy}`));
          for (const group of [0, 1, 2]) {
            const own = steps.filter((step) => step.group === group);
            const strategy = `bot${group}`;
            const opened = own.filter(({ isSick }, at) => isSick && own[at - 1]?.isSick !== true).length;
            const resolved = own.filter(({ isSick }, at) => !isSick && own[at - 1]?.isSick === true).length;
            const counts = ['opened', 'resolved'].map(
              (kind) => ofOne(strategy).filter((row) => row.includes(` ${kind} `)).length,
            );
            expect((counts[0] ?? 0) - (counts[1] ?? 0)).toBe(own.at(-1)?.isSick === true ? 1 : 0);
            expect(counts[0]).toBeLessThanOrEqual(opened);
            if (opened > 0) expect(counts[0]).toBeGreaterThan(0);
            // Where calls are not written, what another saw meanwhile is seen too late; where it flaps it stays open.
            if (options.persistEveryMs === 0 && opened < 4) expect(counts).toEqual([opened, resolved]);
          }
          expect(await untold(world)).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});
