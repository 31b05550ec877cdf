import { NightdeskError } from '../errors.ts';

/** A difference is allowed up to the larger of the two. */
export interface Tolerance {
  /** In the unit of the figure. */
  readonly absolute: number;
  /** Of the venue's figure, 0..1. */
  readonly relative: number;
}

export interface Tolerances {
  /** Set `absolute` to the tick where the bot rounds its prices. */
  readonly price: Tolerance;
  /** At least half a lot, where the lot is known. */
  readonly quantity: Tolerance;
  /** `absolute` is in dollars. */
  readonly fee: Tolerance;
  readonly funding: Tolerance;
  readonly balance: Tolerance;
  /** At least half a lot, where the lot is known. */
  readonly position: Tolerance;
  /** Between the times of one fill, µs. */
  readonly timeUs: number;
  /** Between the times of one funding payment, µs: bots book it when they next look. */
  readonly fundingTimeUs: number;
}

/** Doubles agree to 1e-9 (semantics 2); money to the cent, for venues round their exports. */
export const DEFAULT_TOLERANCES: Tolerances = {
  price: { absolute: 0, relative: 1e-9 },
  quantity: { absolute: 0, relative: 1e-9 },
  fee: { absolute: 0.01, relative: 1e-6 },
  funding: { absolute: 0.01, relative: 1e-6 },
  balance: { absolute: 0.01, relative: 1e-6 },
  position: { absolute: 0, relative: 1e-9 },
  timeUs: 2_000_000,
  fundingTimeUs: 60_000_000,
};

const MONEY = ['price', 'quantity', 'fee', 'funding', 'balance', 'position'] as const;
export const TOLERANCE_NAMES = [...MONEY, 'time', 'funding_time'] as const;

const SECONDS: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/**
 * Reads `kind=value`: `price=0.5` in the figure's own unit, `fee=0.01%` or `price=5bps` of the venue's figure, `time=5s`.
 * What is not given keeps its default. @throws CONFIG_INVALID that names the kind and the value
 */
export function readTolerances(given: readonly string[]): Tolerances {
  let all: Tolerances = DEFAULT_TOLERANCES;
  for (const one of given) {
    const [, kind = '', value = ''] = /^([a-z_]+)=(.+)$/.exec(one.trim()) ?? [];
    const money = MONEY.find((name) => name === kind);
    if (money !== undefined) all = { ...all, [money]: toleranceOf(one, value, all[money]) };
    else if (kind === 'time') all = { ...all, timeUs: microsecondsOf(one, value) };
    else if (kind === 'funding_time') all = { ...all, fundingTimeUs: microsecondsOf(one, value) };
    else throw wrong(one, `kind=value with a kind of ${TOLERANCE_NAMES.join(', ')}`);
  }
  return all;
}

function toleranceOf(one: string, value: string, before: Tolerance): Tolerance {
  const [, number = '', unit = ''] = /^(\d+\.?\d*(?:e-?\d+)?|\.\d+)(%|bps)?$/i.exec(value) ?? [];
  if (number === '') throw wrong(one, 'a number from 0, with % or bps where it is a share');
  const amount = Number(number);
  if (unit === '') return { ...before, absolute: amount };
  return { ...before, relative: amount / (unit === '%' ? 100 : 10_000) };
}

function microsecondsOf(one: string, value: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(value) ?? [];
  const seconds = SECONDS[unit];
  if (seconds === undefined) throw wrong(one, 'a duration such as 500ms, 5s or 1m');
  return Math.round(Number(number) * seconds * 1e6);
}

const wrong = (one: string, expected: string): NightdeskError =>
  new NightdeskError('CONFIG_INVALID', `--tolerance must be ${expected}, got ${one}`);

/** The largest difference from a figure that is allowed. `least` is half a lot, where one is known. */
export const allowed = ({ absolute, relative }: Tolerance, figure: number, least = 0): number =>
  Math.max(absolute, relative * Math.abs(figure), least);

/** Below this share of the figure a difference is that of two ways to add doubles, and worth no row. */
const NOISE = 1e-12;

/** How two figures compare. */
export function verdictOf(ours: number, theirs: number, tolerance: number): 'equal' | 'within_tolerance' | 'open' {
  const off = Math.abs(ours - theirs);
  const noise = NOISE * Math.max(Math.abs(ours), Math.abs(theirs));
  if (off <= noise) return 'equal';
  return off <= tolerance + noise ? 'within_tolerance' : 'open'; // a cent is a cent, though 0.51 − 0.5 is more
}
