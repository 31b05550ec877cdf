import type { BacktestReport } from './backtest-report.ts';
import { shownDuration } from './durations.ts';

/** Whether a rule that is off should be on, by what it would have done. */
export interface Suggestion {
  readonly ruleId: string;
  readonly recommended: boolean;
  /** Why, in one sentence. */
  readonly reason: string;
  readonly fires: number;
  readonly firesPerDay: number;
  readonly shortShare: number | null;
  readonly noDataShare: number | null;
  readonly medianLeadMs: number | null;
  /** Fires that came before a drawdown. */
  readonly led: number;
}

export interface SuggestLimits {
  /** More fires a day than this, over all strategies, are too many. @default 2 */
  readonly mostPerDay?: number;
}

const MOST_PER_DAY = 2;
/** A rule that could not tell for more of the time has not been tried. */
const MOST_NO_DATA = 0.5;
/** A rule that fires for more of the time tells nothing new. */
const MOST_FIRING = 0.5;
/** More short fires than this share are noise, where there are so many that a share says something. */
const MOST_SHORT = 0.5;
const LEAST_FIRES = 4;

/** What to do about one rule. Pure in the report. */
export function suggestionOf(report: BacktestReport, { mostPerDay = MOST_PER_DAY }: SuggestLimits = {}): Suggestion {
  const { rule, fires, firesPerDay, shortShare, noDataShare, medianLeadMs } = report;
  const led = fires.filter(({ lead }) => lead.kind === 'before').length;
  return {
    ruleId: rule.id,
    ...verdictOf(report, { mostPerDay, led }),
    fires: fires.length,
    firesPerDay,
    shortShare,
    noDataShare,
    medianLeadMs,
    led,
  };
}

function verdictOf(
  { fires, firesPerDay, shortShare, noDataShare, firingShare, medianLeadMs, openAtStart }: BacktestReport,
  { mostPerDay, led }: { readonly mostPerDay: number; readonly led: number },
): Pick<Suggestion, 'recommended' | 'reason'> {
  const no = (reason: string) => ({ recommended: false, reason });
  const yes = (reason: string) => ({ recommended: true, reason });
  if (noDataShare === null) return no('nothing was heard in these days');
  if (noDataShare === 1) return no('blind: what it reads was never there');
  if (noDataShare > MOST_NO_DATA && fires.length === 0)
    return no(`blind for ${percent(noDataShare)} of the time, and silent in the rest`);
  if (firingShare !== null && firingShare > MOST_FIRING)
    return no(`it would have fired ${percent(firingShare)} of the time: nobody looks at what is always red`);
  if (firesPerDay > mostPerDay)
    return no(`too noisy: ${rate(firesPerDay)} fires a day; a higher limit may help, try one with backtest --set`);
  if (shortShare !== null && shortShare > MOST_SHORT && fires.length >= LEAST_FIRES)
    return no(`${percent(shortShare)} of its fires end within 5 minutes; give it a longer "for"`);
  if (fires.length === 0)
    return openAtStart > 0
      ? no('it fires from the first moment on: look at what it says before you switch it on')
      : yes('quiet: it would not have fired, and it knew what it needs');
  const times = `${fires.length} ${fires.length === 1 ? 'fire' : 'fires'}`;
  const unsure = noDataShare > MOST_NO_DATA ? `; it could not tell for ${percent(noDataShare)} of the time` : '';
  return led > 0 && medianLeadMs !== null
    ? yes(`${times}, ${led} of them ${shownDuration(medianLeadMs)} (median) before a drawdown${unsure}`)
    : yes(`${times} in these days, few enough to look at each${unsure}`);
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const rate = (perDay: number): string => (perDay >= 10 ? String(Math.round(perDay)) : perDay.toFixed(1));

/** What section `alerts` of nightdesk.json needs so that these rules are on. */
export const switchOn = (ruleIds: readonly string[]): { readonly alerts: { readonly rules: object } } => ({
  alerts: { rules: Object.fromEntries(ruleIds.map((id) => [id, { enabled: true }])) },
});
