import type { Answer, ConditionContext, Evidence, Reading } from '../types.ts';
import type { Paced } from './series.ts';

// Answers, and what "fresh" means: the same for all kinds.

/** Age at which samples go stale where no interval is known. */
const UNKNOWN_STALE_MS = 900_000;
const STALE_INTERVALS = 2;

interface Figures {
  readonly group?: string;
  readonly value?: Reading['value'];
  readonly limit?: Reading['limit'];
  readonly reason: string;
  readonly evidence?: readonly Evidence[];
}

const answering =
  (answer: Answer) =>
  ({
    group = '',
    value = null,
    limit = null,
    sinceMs = null,
    reason,
    evidence = [],
  }: Figures & { readonly sinceMs?: number | null }): Reading => ({
    group,
    answer,
    value,
    limit,
    sinceMs,
    reason,
    evidence,
  });

export const noData: (figures: Figures) => Reading = answering('no_data');
export const fine: (figures: Figures) => Reading = answering('ok');
export const firing: (figures: Figures & { readonly sinceMs: number }) => Reading = answering('firing');

/** Age beyond which what was heard of a strategy says nothing any more: two intervals, 15 min where none is known. */
export const staleAfterMs = ({ intervalMs }: ConditionContext): number =>
  intervalMs === undefined ? UNKNOWN_STALE_MS : STALE_INTERVALS * intervalMs;

/** A guessed interval keeps a sample alive for so long at most: five processes in a week, each heard once, have none. */
const GUESSED_STALE_MS = 1_800_000;
/** A bot that ticks each second may well write its health once per bar: a series slower than its bot has its own pace, up to this. */
const SLOWEST_PACE_MS = 5_400_000;

/**
 * Age beyond which a sample says nothing any more: two intervals of the strategy (semantics 8), or of the series where
 * that is slower. The shorter of its last two distances counts, so that one pause is no pace.
 */
export function sampleStaleMs({ gaps }: Paced, context: ConditionContext): number {
  const ofBot = staleAfterMs(context);
  const shortest = gaps.length < 2 ? 0 : Math.min(...gaps);
  const pace = shortest <= SLOWEST_PACE_MS ? shortest : 0;
  return Math.max(context.inferred === true ? Math.min(ofBot, GUESSED_STALE_MS) : ofBot, STALE_INTERVALS * pace);
}

/** Whether a sample is young enough to speak for a moment. */
export const isFresh = (series: Paced, context: ConditionContext): boolean =>
  context.nowMs - series.tsMs <= sampleStaleMs(series, context);

/** When the first of several series says nothing any more. */
export function staleDueMs(series: readonly Paced[], context: ConditionContext): number | undefined {
  const due = series
    .filter((each) => isFresh(each, context))
    .map((each) => each.tsMs + sampleStaleMs(each, context) + 1);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** No sample that is young enough. */
const noneFresh = (what: string, series: readonly Paced[], context: ConditionContext): string =>
  `no sample of ${what} younger than ${durationText(Math.max(...series.map((each) => sampleStaleMs(each, context))))}`;

/**
 * Whether the strategy is heard of, so that nothing more of a kind means that there is nothing: a window that empties
 * because the bot fell silent says nothing. Where the caller does not know, the newest event of the kind stands for it.
 */
export const isHeard = (context: ConditionContext, newestMs: number | undefined): boolean => {
  const heardMs = context.lastHeardMs ?? newestMs;
  return heardMs !== undefined && context.nowMs - heardMs <= staleAfterMs(context) + (context.lagMs ?? 0);
};

export const ENDED = 'its runs said that they end';

const unheard = (context: ConditionContext): string =>
  `nothing was heard of the strategy for ${durationText(staleAfterMs(context))}`;

/** Such as `90 s`, `15 min`, `2 h`. */
export function durationText(ms: number): string {
  const [size, unit] =
    ms >= 2 * 86_400_000
      ? [86_400_000, 'd']
      : ms >= 2 * 3_600_000
        ? [3_600_000, 'h']
        : ms >= 120_000
          ? [60_000, 'min']
          : ms >= 1000
            ? [1000, 's']
            : [1, 'ms'];
  return `${figure(ms / size)} ${unit}`;
}

/** No series of those that live has a sample that is young enough: nothing is known, but of what ended. */
export const stale = (
  what: string,
  series: readonly Paced[],
  { limit, context, group = '' }: { limit: Reading['limit']; context: ConditionContext; group?: string },
): Reading =>
  context.ended || series.length === 0
    ? fine({ group, limit, reason: ENDED })
    : noData({ group, limit, reason: noneFresh(what, series, context) });

/** All is well as far as is known: a window that empties because nothing is heard says nothing, unless all ended. */
export const calm = (about: Figures, newestMs: number | undefined, context: ConditionContext): Reading =>
  isHeard(context, newestMs)
    ? fine(about)
    : context.ended
      ? fine({ ...about, reason: ENDED })
      : noData({ ...about, reason: unheard(context) });

/** A figure in few digits. */
export const figure = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(10)) : value);

export const seconds = (ms: number): number => Math.round(ms / 1000);
