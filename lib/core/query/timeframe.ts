import { quoted } from '../catalog/sql-columns.ts';
import type { Day } from './engine.ts';

/** How rows of a stream that do not say their timeframe are tied to the ensemble record of the same decision. */
export interface Link {
  /** The prediction that the ensemble record holds rounded. */
  readonly prediction: string;
  /** What both have in common beside symbol and strategy: the bar, or the process where the stream logs no bar. */
  readonly key: 'bar_ts' | 'session_id';
  /** How long after the ensemble record the row may be emitted. */
  readonly withinMs: number;
}

/**
 * One bot writes every timeframe into the same log, and only its ensemble log is kept per timeframe. A bar and a
 * prediction leave 3 s (505 of 505 real signals follow within 2.7 s). The logs without a bar are written at once: 505 of
 * 505 real records follow within 0.12 s, while the nearest one of another timeframe with the same prediction is 0.70 s away.
 */
export const LINKS: Readonly<Record<string, Link>> = {
  signals: { prediction: 'pred_bma_bps', key: 'bar_ts', withinMs: 3000 },
  calibration: { prediction: 'pred_cal_bps', key: 'session_id', withinMs: 500 },
  risk: { prediction: 'raw_score_bps', key: 'session_id', withinMs: 500 },
};

/** Half a step of the 0.1 bps that ensemble records are rounded to, and a little for the rounding of doubles. */
const ROUNDING_BPS = 0.051;

/** Ensemble records as they can be linked to: also under the next date, for what was decided just before midnight. */
export function linkable(ensemble: (day: Day) => string, { key }: Link): string {
  const columns = ['date', 'symbol', 'strategy_id', key, 'ts', 'ts_ms', 'pred_stack_bps', 'timeframe']
    .map(quoted)
    .join(', ');
  const select = (day: Day): string =>
    `select ${columns} from (${ensemble(day)}) as "ensemble" where "timeframe" is not null`;
  return `${select('own')} union all ${select('next')}`;
}

/**
 * The join condition of line `l` and ensemble record `e`. Each comparison has one side on either relation, or the engine
 * would fall back to comparing all pairs; a row that knows its timeframe has a null key and is never looked up.
 */
export function linked({ prediction, key, withinMs }: Link): string {
  const [p, k] = [quoted(prediction), quoted(key)];
  return [
    'l."date" = e."date"',
    'case when l."timeframe" is null then l."symbol" end = e."symbol"',
    'l."strategy_id" is not distinct from e."strategy_id"',
    `l.${k} = e.${k}`,
    `l.${p} >= e."pred_stack_bps" - ${ROUNDING_BPS}`,
    `l.${p} <= e."pred_stack_bps" + ${ROUNDING_BPS}`,
    'l."ts_ms" >= e."ts_ms"',
    `l."ts_ms" <= e."ts_ms" + ${withinMs}`,
  ].join(' and ');
}

/** The two columns as the view shows them. */
export const LINKED_COLUMNS: Readonly<Record<string, string>> = {
  timeframe: 'coalesce(l."timeframe", e."timeframe") as "timeframe"',
  timeframe_source: `case when l."timeframe" is null and e."timeframe" is not null then 'linked' else l."timeframe_source" end as "timeframe_source"`,
};
