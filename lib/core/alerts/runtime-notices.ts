import { channelsFor } from './messages.ts';
import { rowOf } from './rows.ts';
import type { StrategyAlerts } from './state.ts';
import type { AlertChange, AlertSettings, Notice } from './types.ts';

// Changes as they lie in a state: each as a row for the lake, and as a notice for the channels that are to be told.

/** Notices of one state. A channel that is gone for days must not make it grow. */
export const MOST_NOTICES = 2_000;

export type Outcome = 'sent' | 'unsure' | 'refused';

export interface NoticeOptions {
  readonly settings: AlertSettings;
  /** Channels that have an address: for others nothing is kept. @default - all of the settings */
  readonly addressed?: ReadonlySet<string>;
  /** Hears of notices for which there was no room. @default - nobody does */
  readonly onDropped?: (notice: Notice) => void;
}

/** The state with changes in it. */
export function withChanges(
  state: StrategyAlerts,
  changes: readonly AlertChange[],
  { settings, addressed, onDropped = () => undefined }: NoticeOptions,
): StrategyAlerts {
  if (changes.length === 0) return state;
  const notices = [...state.notices];
  for (const change of changes) {
    const to = channelsFor(change, settings).filter((name) => addressed?.has(name) !== false);
    if (to.length > 0) notices.push({ change, to, unsure: [] });
  }
  while (notices.length > MOST_NOTICES) {
    // A reminder says nothing that is not known.
    const reminder = notices.findIndex(({ change }) => change.kind === 'reminded');
    for (const notice of notices.splice(Math.max(0, reminder), 1)) onDropped(notice);
  }
  return { ...state, notices, rows: [...state.rows, ...changes.map(rowOf)] };
}

/** Without notices for channels that are no longer configured; the same object where there are none. */
export function withKnownChannels(
  state: StrategyAlerts,
  { channels }: Pick<AlertSettings, 'channels'>,
): StrategyAlerts {
  const known = new Set(channels.map(({ name }) => name));
  if (state.notices.every(({ to }) => to.every((name) => known.has(name)))) return state;
  const notices = state.notices.flatMap((notice) => {
    const to = notice.to.filter((name) => known.has(name));
    return to.length === 0 ? [] : [{ ...notice, to, unsure: notice.unsure.filter((name) => known.has(name)) }];
  });
  return { ...state, notices };
}

/**
 * The state after a channel was told of changes, or was not. The same object where it knows none of them. What is
 * refused is a row of its own: that nobody was told must be known.
 */
export function withTold(
  state: StrategyAlerts,
  { channel, ids, outcome, nowMs }: { channel: string; ids: ReadonlySet<string>; outcome: Outcome; nowMs: number },
): StrategyAlerts {
  const isAbout = ({ change, to }: Notice): boolean => ids.has(change.id) && to.includes(channel);
  const isNews = (notice: Notice): boolean =>
    isAbout(notice) && (outcome !== 'unsure' || !notice.unsure.includes(channel));
  if (!state.notices.some(isNews)) return state;
  const without = (names: readonly string[]): string[] => names.filter((name) => name !== channel);
  const notices = state.notices.flatMap((notice) => {
    if (!isAbout(notice)) return [notice];
    if (outcome === 'unsure') return [{ ...notice, unsure: [...without(notice.unsure), channel] }];
    const to = without(notice.to);
    return to.length === 0 ? [] : [{ ...notice, to, unsure: without(notice.unsure) }];
  });
  const refused = outcome === 'refused' ? state.notices.filter(isAbout) : [];
  return {
    ...state,
    notices,
    rows: [...state.rows, ...refused.map(({ change }) => rowOf(refusal(change, channel, nowMs)))],
  };
}

const refusal = (change: AlertChange, channel: string, nowMs: number): AlertChange => ({
  ...change,
  id: `${change.id}:refused:${channel}`,
  atMs: Math.max(change.atMs, nowMs),
  notify: false,
  quiet: `channel ${channel} refused it`,
});
