import type { Close, CurveMemory } from './memory.ts';
import type { Flow, Point } from './types.ts';

/** Figures of one curve at the close of a bucket; all null where no equity was measured in it. */
export interface CurveFigures {
  readonly equity: number | null;
  readonly equityUs: number | null;
  readonly source: Point['from'] | null;
  readonly peak: number | null;
  readonly drawdown: number | null;
  readonly maxDrawdown: number | null;
  readonly dailyPnl: number | null;
  readonly returnPct: number | null;
}

export const NO_FIGURES: CurveFigures = {
  equity: null,
  equityUs: null,
  source: null,
  peak: null,
  drawdown: null,
  maxDrawdown: null,
  dailyPnl: null,
  returnPct: null,
};

export interface CurveInput {
  /** Points of the curve up to the end of the bucket, in order. */
  readonly points: readonly Point[];
  /** Deposits and withdrawals of its account, in order. */
  readonly flows: readonly Flow[];
  readonly startUs: number;
  readonly widthUs: number;
  readonly midnightUs: number;
  readonly memory: CurveMemory | undefined;
  /** The last close before local midnight that is remembered. */
  readonly closeBefore: Close | undefined;
}

const DAY_US = 86_400_000_000;

/** Equity, return, peak and PnL of the day of one curve (semantics 7). */
export function curveFigures(input: CurveInput): CurveFigures {
  const { points, startUs, widthUs } = input;
  const close = points.at(-1);
  if (close === undefined || close.us < startUs) return NO_FIGURES;
  const before = points.findLast(({ us }) => us < startUs && us >= startUs - widthUs);
  const flows = before === undefined ? null : flowsIn(input, before.us, close.us);
  const unknown = before === undefined || flows === null || !(before.equity > 0);
  return {
    equity: close.equity,
    equityUs: close.us,
    source: close.from,
    ...fall(input),
    dailyPnl: dailyPnl(input, close),
    returnPct: unknown ? null : ((close.equity - flows) / before.equity - 1) * 100,
  };
}

/** Deposits less withdrawals after one moment, up to another; null where one of them is not known. */
const flowsIn = ({ flows }: CurveInput, afterUs: number, uptoUs: number): number | null =>
  flows
    .filter(({ us }) => us > afterUs && us <= uptoUs)
    .reduce<number | null>((sum, { amount }) => (sum === null || amount === null ? null : sum + amount), 0);

/**
 * The peak in today's money, and the fall from it. A flow moves the peak in the proportion in which it moves equity: the
 * drawdown is that of the returns net of flows, 1 − ∏(1 + r) / max ∏(1 + r), and a flow alone changes none.
 */
function fall(input: CurveInput): Pick<CurveFigures, 'peak' | 'drawdown' | 'maxDrawdown'> {
  const { points, memory } = input;
  const [first] = points;
  if (first === undefined) return NO_FIGURES;
  let last = memory ?? { us: first.us, equity: first.equity, peak: startOf(first), maxDrawdown: 0 };
  let drawdown: number | null = null;
  for (const { us, equity } of memory === undefined ? points : points.filter(({ us }) => us > memory.us)) {
    const flows = flowsIn(input, last.us, us);
    // Where a flow is not known, all of the change may be one.
    const unmoved = flows === null ? last.equity : equity - flows;
    const peak = flows !== 0 ? (unmoved > 0 ? last.peak * (equity / unmoved) : equity) : last.peak;
    last = { us, equity, peak: Math.max(peak, equity), maxDrawdown: last.maxDrawdown };
    drawdown = last.peak > 0 ? (last.peak - equity) / last.peak : null;
    last = { ...last, maxDrawdown: Math.max(last.maxDrawdown, drawdown ?? 0) };
  }
  return { peak: last.peak, drawdown, maxDrawdown: last.maxDrawdown };
}

/** What the run began with, where the bot says what it made since; else its first equity. */
const startOf = ({ equity, pnlTotal }: Point): number =>
  pnlTotal === null ? equity : Math.max(equity, equity - pnlTotal);

/**
 * Change of equity since local midnight, net of flows: from the last equity before it, at most a day old, else from where
 * the curve goes on; a run that began since then counts from what it began with.
 */
function dailyPnl(input: CurveInput, close: Point): number | null {
  const { points, midnightUs, closeBefore } = input;
  const known = points.findLast(({ us }) => us < midnightUs && us >= midnightUs - DAY_US);
  const older = known ?? closeBefore;
  const first = points.find(({ us }) => us >= midnightUs) ?? close;
  const from = older ?? { us: first.us, equity: first.equity - (first.pnlTotal ?? 0) };
  const flows = flowsIn(input, from.us, close.us);
  return flows === null ? null : close.equity - from.equity - flows;
}
