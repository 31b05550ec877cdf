import type { Random } from './random.ts';

/** What the stacking bot's model says at one bar. */
export interface Thought {
  readonly pDown: number;
  readonly pNeutral: number;
  readonly pUp: number;
  /** `pUp − pDown`. */
  readonly sModel: number;
  readonly rawBps: number;
  readonly calibratedBps: number;
  readonly inBand: boolean;
  /** Moods of the traders it watches. */
  readonly cohort: { readonly pros: number; readonly amateurs: number; readonly mood: number };
  readonly features: Features;
}

export interface Features {
  readonly momentum: number;
  readonly reversion: number;
  readonly imbalance: number;
  /** Standard deviation of the returns of the window. */
  readonly volatility: number;
  readonly lastReturn: number;
}

export const BAND_BPS = 3;
const SLOPE = 0.8; // of the calibration
const SCALE_BPS = 14; // a certain signal predicts this much
const WINDOW = 20;
const TYPICAL_VOLATILITY = 3e-4;

/** The features of the last closes, newest last. */
export function featuresOf(closes: readonly number[], random: Random): Features {
  const window = closes.slice(-WINDOW - 1);
  const last = window.at(-1) ?? 1;
  const returns = window.slice(1).map((close, i) => close / (window[i] ?? close) - 1);
  const mean = window.reduce((sum, close) => sum + close, 0) / Math.max(1, window.length);
  const volatility = Math.sqrt(returns.reduce((sum, r) => sum + r * r, 0) / Math.max(1, returns.length));
  return {
    momentum: last / (window.at(-4) ?? last) - 1,
    reversion: last / mean - 1,
    imbalance: Math.tanh(random.normal() / 2),
    volatility,
    lastReturn: returns.at(-1) ?? 0,
  };
}

export function think(features: Features, random: Random): Thought {
  const scale = Math.max(features.volatility, TYPICAL_VOLATILITY / 2);
  const sModel = Math.tanh((0.35 * features.reversion + 0.25 * features.momentum) / scale + 0.15 * random.normal());
  const pNeutral = (1 - Math.abs(sModel)) * random.between(0.5, 0.9);
  const rawBps = SCALE_BPS * sModel;
  const calibratedBps = SLOPE * rawBps;
  const pros = 0.1 * Math.tanh(features.momentum / scale);
  return {
    pDown: (1 - pNeutral - sModel) / 2,
    pNeutral,
    pUp: (1 - pNeutral + sModel) / 2,
    sModel,
    rawBps,
    calibratedBps,
    inBand: Math.abs(calibratedBps) <= BAND_BPS,
    cohort: { pros, amateurs: -0.6 * pros, mood: 0.2 * features.imbalance },
    features,
  };
}
