import type { Random } from './random.ts';

export type Regime = 'calm' | 'up' | 'down' | 'storm';

/** One bar of a made-up instrument, and the book at its end. */
export interface Bar {
  readonly openMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Base units traded in the bar. */
  readonly volume: number;
  readonly spreadBps: number;
  /** Fraction per funding interval. */
  readonly fundingRate: number;
  readonly regime: Regime;
  /** Whether the regime began with this bar. */
  readonly turned: boolean;
}

interface Climate {
  /** Drift and volatility of one bar, in bps. */
  readonly driftBps: number;
  readonly volBps: number;
  readonly spreadBps: number;
}

const CLIMATES: Readonly<Record<Regime, Climate>> = {
  calm: { driftBps: 0, volBps: 2.5, spreadBps: 0.8 },
  up: { driftBps: 1.1, volBps: 3, spreadBps: 1 },
  down: { driftBps: -1.1, volBps: 3.5, spreadBps: 1.2 },
  storm: { driftBps: -0.4, volBps: 11, spreadBps: 4.5 },
};
const NEXT: Readonly<Record<Regime, readonly [Regime, ...Regime[]]>> = {
  calm: ['up', 'down', 'up', 'down', 'storm'],
  up: ['calm', 'down', 'storm'],
  down: ['calm', 'up', 'storm'],
  storm: ['calm', 'up', 'down'],
};
const TURN = 1 / 45; // of a bar: a regime lasts a few minutes
const STEPS = 8; // of the walk inside a bar

/** A geometric random walk that changes its regime now and then. @returns the function that makes the next bar */
export function createMarket(
  random: Random,
  { price, volume }: { price: number; volume: number },
): (openMs: number) => Bar {
  let last = price;
  let regime: Regime = 'calm';
  let fundingRate = 0.00001;
  return (openMs) => {
    const turned = random.chance(TURN);
    if (turned) regime = random.pick(NEXT[regime]);
    const climate = CLIMATES[regime];
    const open = last;
    let [high, low] = [open, open];
    for (let step = 0; step < STEPS; step++) {
      const moveBps = climate.driftBps / STEPS + (climate.volBps / Math.sqrt(STEPS)) * random.normal();
      last *= Math.exp(moveBps / 1e4);
      high = Math.max(high, last);
      low = Math.min(low, last);
    }
    fundingRate += 0.05 * (0.00001 - fundingRate) + 0.000004 * random.normal();
    return {
      openMs,
      open,
      high,
      low,
      close: last,
      volume: volume * (0.4 + (high - low) / open / 4e-4) * random.between(0.7, 1.3),
      spreadBps: climate.spreadBps * random.between(0.7, 1.4),
      fundingRate,
      regime,
      turned,
    };
  };
}
