import type { Random } from './random.ts';

/** What goes wrong with a bot now and then. */
export const SPELLS = ['broken_lines', 'rejections', 'ws_stale', 'funding_stale', 'errors'] as const;
export type Spell = (typeof SPELLS)[number];

/** Length of a spell and of the calm after it, in steps of the simulation. */
const LENGTHS: Readonly<Record<Spell, readonly [number, number]>> = {
  broken_lines: [2, 4],
  rejections: [16, 30],
  ws_stale: [24, 48],
  funding_stale: [24, 60],
  errors: [6, 12],
};
const CALM: readonly [number, number] = [12, 40];
const FIRST_CALM = 3; // a visitor should see quarantine at work at once

/** One spell after the other with calm between them. @returns the function that tells the spell of each step, called once per step */
export function createSpells(random: Random): () => Spell | undefined {
  let index = -1;
  let sick = false;
  let left = FIRST_CALM;
  return () => {
    if (left-- <= 0) {
      sick = !sick;
      if (sick) index = (index + 1) % SPELLS.length;
      left = random.whole(...(sick ? LENGTHS[SPELLS[index] ?? 'errors'] : CALM)) - 1;
    }
    return sick ? SPELLS[index] : undefined;
  };
}
