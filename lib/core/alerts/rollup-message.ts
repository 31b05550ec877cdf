import { countsOf, isEnd, worstOf } from './counts.ts';
import type { AlertMessage, Listed, Waiting } from './messages.ts';
import { alertLine } from './single-message.ts';
import type { AlertChange } from './types.ts';
import { counted, grouped } from './wording.ts';

/** Critical alerts that a roll-up names. */
const MOST_NAMED = 20;

/** Rules, and strategies, that a roll-up counts apart; the rest share a line. */
const MOST_COUNTED = 15;

/** One message for many alerts: how many by severity, rule and strategy, and the critical ones by name. */
export function rollupMessage(alerts: readonly Waiting[]): AlertMessage {
  const changes = alerts.flatMap((one) => one.changes).sort((a, b) => a.atMs - b.atMs);
  const newest = changes.at(-1);
  if (newest === undefined) throw new RangeError('a roll-up tells at least one change');
  const counts = countsOf(changes);
  const ends = alerts.filter(({ changes: own }) => own.some(isEnd)).length;
  const open = alerts.flatMap(({ changes: own }) => own.slice(-1)).filter((change) => !isEnd(change));
  const critical = open.filter(({ alert }) => alert.severity === 'critical');
  const repeats = alerts.filter(({ possibleRepeat }) => possibleRepeat).length;
  return {
    kind: 'rollup',
    id: newest.id,
    severity: worstOf(counts),
    ended: open.length === 0,
    atMs: newest.atMs,
    title: `${counted(counts.alerts, 'alert')} at once: ${counted(open.length, 'open alert')}, ${grouped(critical.length)} critical`,
    reason: `More alerts than this channel takes one by one; ${counted(counts.changes, 'change')} of them in this message.`,
    facts: [
      ...(['critical', 'warning', 'info'] as const)
        .filter((severity) => counts.bySeverity[severity] > 0)
        .map((severity) => ({ name: upper(severity), value: counted(counts.bySeverity[severity], 'change') })),
      ...(ends > 0 ? [{ name: 'Resolved', value: counted(ends, 'alert') }] : []),
      ...(repeats > 0 ? [{ name: 'Possibly told before', value: counted(repeats, 'alert') }] : []),
    ],
    lists: [...named(critical), table('By rule', counts.byRule), table('By strategy', counts.byStrategy)],
    todos: [{ what: 'All that is open', command: 'nightdesk alerts list' }],
    links: [],
    possibleRepeat: repeats > 0,
    counts,
    changes,
  };
}

const upper = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

function named(changes: readonly AlertChange[]): Listed[] {
  if (changes.length === 0) return [];
  const lines = changes.slice(0, MOST_NAMED).map(({ alert }) => alertLine(alert));
  const rest = changes.length - lines.length;
  return [{ title: 'Critical', lines: rest > 0 ? [...lines, `and ${grouped(rest)} more`] : lines }];
}

/** The largest counts first; what is beyond the list shares its last line, so that the lines sum up to all changes. */
function table(title: string, counts: ReadonlyMap<string, number>): Listed {
  const rows = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const lines = rows.slice(0, MOST_COUNTED).map(([name, n]) => `${grouped(n)} × ${name}`);
  const rest = rows.slice(MOST_COUNTED);
  const sum = rest.reduce((total, [, n]) => total + n, 0);
  return {
    title,
    lines: rest.length > 0 ? [...lines, `${grouped(sum)} × ${counted(rest.length, 'other')}`] : lines,
  };
}
