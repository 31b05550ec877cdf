import { isEnd } from './counts.ts';
import { digestMessage } from './digest-message.ts';
import type { Link } from './links.ts';
import { rollupMessage } from './rollup-message.ts';
import { alertMessage, platformMessage, testMessage } from './single-message.ts';
import type { AlertChange, AlertSettings, Notice, Severity } from './types.ts';

/** A label and what stands beside it. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** A command that whoever reads the message may run. */
export interface Todo {
  readonly what: string;
  readonly command: string;
}

export interface Listed {
  readonly title: string;
  /** One line each. */
  readonly lines: readonly string[];
}

/** Changes a message tells, each counted once in every breakdown. */
export interface Counts {
  readonly changes: number;
  /** Different alerts. */
  readonly alerts: number;
  readonly bySeverity: Readonly<Record<Severity, number>>;
  readonly byRule: ReadonlyMap<string, number>;
  /** By `strategy (mode)`. */
  readonly byStrategy: ReadonlyMap<string, number>;
}

/**
 * What a channel tells, whichever it is. All texts are single lines without control characters, cut to what a reader
 * takes in; they are not escaped for any markup.
 */
export interface AlertMessage {
  readonly kind: 'alert' | 'rollup' | 'digest' | 'test' | 'platform';
  /** Identity of the newest change it tells. */
  readonly id: string;
  /** The worst of what it tells. */
  readonly severity: Severity;
  /** Whether all it tells is over. */
  readonly ended: boolean;
  /** When the newest change happened. */
  readonly atMs: number;
  readonly title: string;
  /** Why, in one sentence. */
  readonly reason: string;
  readonly facts: readonly Fact[];
  readonly lists: readonly Listed[];
  /** What it means and what to do. */
  readonly advice?: string;
  readonly todos: readonly Todo[];
  readonly links: readonly Link[];
  /** Whether an earlier try may have shown it, or part of it: its answer was lost. */
  readonly possibleRepeat: boolean;
  readonly counts: Counts;
  /** Every change it tells, oldest first. */
  readonly changes: readonly AlertChange[];
}

/** What messages need of the settings. */
export type MessageSettings = Pick<AlertSettings, 'burst' | 'consoleUrl'>;

/** The changes of one alert that wait for a channel, oldest first. */
export interface Waiting {
  readonly changes: readonly AlertChange[];
  readonly possibleRepeat: boolean;
}

/** Names of the channels that are told of a change, in the order of the settings. */
export function channelsFor(change: AlertChange, { channels }: Pick<AlertSettings, 'channels'>): string[] {
  if (!change.notify) return [];
  const told = channels.filter(({ severities, resolved, digest }) => {
    if (change.kind === 'test') return true;
    if (change.kind === 'digest') return digest;
    return severities.includes(change.alert.severity) && (resolved || !isEnd(change));
  });
  return told.map(({ name }) => name);
}

/**
 * The messages for one channel, in the order in which they are sent: critical alerts first, then the oldest. Changes of
 * one alert share a message. Where more alerts than `settings.burst` wait, critical ones up to that number have a message
 * of their own and all others share a roll-up; digests and tests have one message each. Every change is in one message.
 */
export function planMessages(notices: readonly Notice[], channel: string, settings: MessageSettings): AlertMessage[] {
  const waiting = notices.filter(({ to }) => to.includes(channel));
  const tests = waitingOf(
    waiting.filter(({ change }) => change.kind === 'test'),
    channel,
  );
  const digests = waitingOf(
    waiting.filter(({ change }) => change.kind === 'digest'),
    channel,
  );
  const alerts = byAlert(waiting, channel);
  const singles = alerts.slice(0, singlesOf(alerts, settings.burst));
  const rest = alerts.slice(singles.length);
  return [
    ...singles.map((one) => single(one, settings)),
    ...(rest.length > 0 ? [rollupMessage(rest)] : []),
    ...(tests === undefined ? [] : [testMessage(tests)]),
    ...(digests === undefined ? [] : [digestMessage(digests)]),
  ];
}

/** How many of the alerts, in their order, have a message of their own. */
function singlesOf(alerts: readonly Waiting[], burst: number): number {
  if (alerts.length <= burst) return alerts.length;
  const critical = alerts.findIndex((one) => severityOf(one) !== 'critical');
  const most = Math.max(0, Math.min(burst, critical === -1 ? alerts.length : critical));
  // A roll-up of one alert would only say less about it.
  return most > 0 && alerts.length - most === 1 ? most - 1 : most;
}

function single(waiting: Waiting, settings: MessageSettings): AlertMessage {
  return waiting.changes.at(-1)?.kind === 'platform' ? platformMessage(waiting) : alertMessage(waiting, settings);
}

/** By alert: critical ones first, then by the time of the oldest change. */
function byAlert(notices: readonly Notice[], channel: string): Waiting[] {
  const groups = new Map<string, Notice[]>();
  for (const notice of notices) {
    const { kind, alert } = notice.change;
    if (kind === 'test' || kind === 'digest') continue;
    const group = groups.get(alert.alertId);
    if (group === undefined) groups.set(alert.alertId, [notice]);
    else group.push(notice);
  }
  const all = [...groups.values()].flatMap((group) => waitingOf(group, channel) ?? []);
  return all.sort((a, b) => RANK[severityOf(a)] - RANK[severityOf(b)] || atMs(a) - atMs(b));
}

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

const atMs = ({ changes }: Waiting): number => changes[0]?.atMs ?? 0;

/** The severity of the newest change: overrides may have changed it since the alert opened. */
const severityOf = ({ changes }: Waiting): Severity => changes.at(-1)?.alert.severity ?? 'info';

function waitingOf(notices: readonly Notice[], channel: string): Waiting | undefined {
  if (notices.length === 0) return undefined;
  return {
    changes: notices.map(({ change }) => change).sort((a, b) => a.atMs - b.atMs),
    possibleRepeat: notices.some(({ unsure }) => unsure.includes(channel)),
  };
}
