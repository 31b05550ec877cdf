import { countsOf, strategyOf } from './counts.ts';
import type { AlertMessage, Fact, Listed, Waiting } from './messages.ts';
import { alertLine } from './single-message.ts';
import type { Digest } from './types.ts';
import { counted, cut, grouped, instant, shown } from './wording.ts';

const MOST_LINES = 15;

/** The daily digest: counts per rule, what is still open, blind rules, history. Of several that waited the newest is told. */
export function digestMessage({ changes, possibleRepeat }: Waiting): AlertMessage {
  const newest = changes.at(-1);
  if (newest === undefined) throw new RangeError('a digest message tells at least one digest');
  const { digest, alert, atMs, note } = newest;
  const earlier = changes.length - 1;
  const facts: Fact[] = digest === undefined ? [] : factsOf(digest);
  if (earlier > 0) facts.push({ name: 'Digests before', value: grouped(earlier) });
  if (note !== undefined && note !== '') facts.push({ name: 'Note', value: shown(note, 300) });
  return {
    kind: 'digest',
    id: newest.id,
    severity: alert.severity,
    ended: (digest?.open.length ?? 0) === 0,
    atMs,
    title: shown(alert.title, 300) || 'Daily digest',
    reason: shown(alert.reason, 1_000),
    facts,
    lists: digest === undefined ? [] : listsOf(digest),
    todos: [{ what: 'All that is open', command: 'nightdesk alerts list' }],
    links: [],
    possibleRepeat,
    counts: countsOf(changes),
    changes,
  };
}

function factsOf({ fromMs, toMs, rules, open, blind, history }: Digest): Fact[] {
  const sum = (of: 'opened' | 'resolved'): string => grouped(rules.reduce((total, rule) => total + rule[of], 0));
  return [
    { name: 'From', value: instant(fromMs) },
    { name: 'To', value: instant(toMs) },
    { name: 'Opened', value: sum('opened') },
    { name: 'Resolved', value: sum('resolved') },
    { name: 'Still open', value: grouped(open.length) },
    { name: 'Blind rules', value: grouped(blind.length) },
    ...(history > 0 ? [{ name: 'Too old to alert', value: counted(history, 'event') }] : []),
  ];
}

function listsOf({ rules, open, blind }: Digest): Listed[] {
  return [
    list('By rule', rules, ({ title, severity, opened, resolved }) => {
      return `${shown(title, 100)} (${severity}): ${opened} opened, ${resolved} resolved`;
    }),
    list('Still open', open, alertLine),
    list('Blind: no data for 24 h', blind, (one) => {
      return cut(`${shown(one.ruleId, 60)} · ${strategyOf(one)} · ${shown(one.reason, 200)}`, 300);
    }),
  ].filter(({ lines }) => lines.length > 0);
}

function list<T>(title: string, entries: readonly T[], lineOf: (entry: T) => string): Listed {
  const lines = entries.slice(0, MOST_LINES).map(lineOf);
  const rest = entries.length - lines.length;
  return { title, lines: rest > 0 ? [...lines, `and ${grouped(rest)} more`] : lines };
}
