import { countsOf, isEnd, strategyOf } from './counts.ts';
import { shownDuration } from './durations.ts';
import { type Link, linkable, timelineLink, tradeLink } from './links.ts';
import type { AlertMessage, Fact, MessageSettings, Todo, Waiting } from './messages.ts';
import type { AlertChange, AlertView, Evidence } from './types.ts';
import { counted, cut, figure, instant, shellQuoted, shown, wellFormed } from './wording.ts';

/** Evidence that a message shows, newest first. */
const MOST_EVIDENCE = 3;

/** A key that is longer would not survive its way into a terminal. */
const LONGEST_KEY = 800;

const newestOf = ({ changes }: Waiting): AlertChange => {
  const newest = changes.at(-1);
  if (newest === undefined) throw new RangeError('a message tells at least one change');
  return newest;
};

/** What all messages of one alert have in common. */
function basics(
  waiting: Waiting,
): Pick<AlertMessage, 'id' | 'severity' | 'atMs' | 'possibleRepeat' | 'counts' | 'changes'> {
  const { changes, possibleRepeat } = waiting;
  const { id, atMs, alert } = newestOf(waiting);
  return { id, severity: alert.severity, atMs, possibleRepeat, counts: countsOf(changes), changes };
}

/** The message of one alert: its newest state, and what happened before that is told with it. */
export function alertMessage(waiting: Waiting, { consoleUrl }: MessageSettings): AlertMessage {
  const newest = newestOf(waiting);
  const { alert } = newest;
  const ended = isEnd(newest);
  const evidence = alert.evidence.slice(-MOST_EVIDENCE).reverse();
  const advice = shown(alert.advice, 1_000);
  return {
    kind: 'alert',
    ...basics(waiting),
    ended,
    title: shown(`${stateOf(waiting)}: ${shown(alert.title, 120)} · ${whoOf(alert)}`, 300),
    reason: shown(alert.reason, 600),
    facts: [...factsOf(waiting), ...historyOf(waiting)],
    lists: evidence.length === 0 ? [] : [{ title: 'Newest evidence', lines: evidence.map(evidenceLine) }],
    ...(advice === '' || ended ? {} : { advice }),
    todos: todosOf(alert, { ended, consoleUrl }),
    links: linksOf(alert, consoleUrl),
  };
}

/** The first words of the title. */
function stateOf({ changes }: Waiting): string {
  const newest = changes.at(-1);
  const opened = changes.some(({ kind }) => kind === 'opened');
  switch (newest?.kind) {
    case 'resolved':
      return opened ? 'Opened and resolved' : 'Resolved';
    case 'reminded':
      return opened ? 'Alert' : 'Still open';
    case 'acknowledged':
      return 'Acknowledged';
    case 'snoozed':
      return 'Snoozed';
    case 'unsnoozed':
      return 'No longer snoozed';
    default:
      return 'Alert';
  }
}

const whoOf = (alert: AlertView): string =>
  alert.symbol === null ? strategyOf(alert) : `${strategyOf(alert)} ${shown(alert.symbol, 40)}`;

function factsOf(waiting: Waiting): Fact[] {
  const newest = newestOf(waiting);
  const { alert } = newest;
  const ended = isEnd(newest);
  const endMs = alert.resolvedMs ?? newest.atMs;
  const optional = (name: string, value: string | null, most: number): Fact[] =>
    value === null || value === '' ? [] : [{ name, value: shown(value, most) }];
  return [
    { name: 'Severity', value: alert.severity },
    {
      name: 'Strategy',
      value: alert.strategyId === '*' ? 'all strategies' : shown(alert.strategyId ?? 'not known', 120),
    },
    { name: 'Mode', value: shown(alert.mode ?? 'not known', 40) },
    ...optional('Symbol', alert.symbol, 60),
    ...optional('Session', alert.sessionId, 120),
    ...optional('Group', alert.group, 120),
    {
      name: 'Since',
      value: `${instant(alert.sinceMs)}${ended ? '' : ` (for ${lengthOf(alert.sinceMs, newest.atMs)})`}`,
    },
    { name: 'Value', value: against(alert) },
    ...(ended
      ? [
          { name: 'Lasted', value: `${lengthOf(alert.openedMs, endMs)}, until ${instant(endMs)}` },
          { name: 'Worst value', value: figure(alert.worst ?? alert.value, alert.unit) },
        ]
      : []),
    ...(alert.flapping
      ? [{ name: 'Flapping', value: `opened ${counted(alert.opens, 'time')}; resolves only after calm` }]
      : []),
  ];
}

/** The value against the limit, with their unit. */
const against = ({ value, limit, unit }: AlertView): string =>
  limit === null ? figure(value, unit) : `${figure(value, unit)}, limit ${figure(limit, unit)}`;

const lengthOf = (fromMs: number, toMs: number): string =>
  Number.isFinite(toMs - fromMs) ? shownDuration(Math.max(0, toMs - fromMs)) : 'not known';

/** Earlier changes that this message tells too, and who decided. */
function historyOf(waiting: Waiting): Fact[] {
  const { changes } = waiting;
  const { operator, note } = newestOf(waiting);
  const facts: Fact[] = [];
  if (operator !== undefined) facts.push({ name: 'By', value: shown(operator, 100) });
  if (note !== undefined && note !== '') facts.push({ name: 'Note', value: shown(note, 300) });
  if (changes.length > 1) {
    const lines = changes.slice(-6).map(({ kind, atMs }) => `${kind} ${instant(atMs)}`);
    const earlier = changes.length - lines.length;
    facts.push({
      name: 'Told together',
      value: `${earlier > 0 ? `${counted(earlier, 'change')} before, ` : ''}${lines.join(', ')}`,
    });
  }
  return facts;
}

function evidenceLine({ tsMs, stream, symbol, text, eventId }: Evidence): string {
  const parts = [
    instant(tsMs),
    shown(stream, 40),
    symbol === null ? '' : shown(symbol, 40),
    shown(text ?? '', 300) || shown(eventId, 100),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function todosOf(alert: AlertView, { ended, consoleUrl }: { ended: boolean; consoleUrl: string | undefined }): Todo[] {
  const todos: Todo[] = [];
  const { dedupeKey } = alert;
  if (!ended)
    todos.push(
      dedupeKey.length <= LONGEST_KEY && wellFormed(dedupeKey) === dedupeKey
        ? { what: 'Acknowledge', command: `nightdesk alerts ack ${shellQuoted(dedupeKey)}` }
        : { what: 'Acknowledge: find its key with', command: 'nightdesk alerts list' },
    );
  const tradeId = tradeOf(alert);
  if (linkable(consoleUrl) === undefined && tradeId !== undefined && isId(tradeId))
    todos.push({ what: 'Trade', command: `nightdesk trades ${shellQuoted(tradeId)}` });
  return todos;
}

const isId = (text: string): boolean => text !== '' && text.length <= 100 && wellFormed(text) === text;

const tradeOf = ({ evidence }: AlertView): string | undefined =>
  evidence.findLast(({ tradeId }) => tradeId !== undefined)?.tradeId;

function linksOf(alert: AlertView, consoleUrl: string | undefined): Link[] {
  const runbook = linkable(alert.runbook);
  return [
    timelineLink(consoleUrl, alert.sessionId),
    tradeLink(consoleUrl, tradeOf(alert)),
    runbook === undefined ? undefined : { text: 'Runbook', url: runbook },
  ].filter((link) => link !== undefined);
}

/** A CloudWatch alarm of the platform. */
export function platformMessage(waiting: Waiting): AlertMessage {
  const newest = newestOf(waiting);
  const { platform, alert, atMs } = newest;
  const name = shown(platform?.alarm ?? alert.title, 150);
  const state = shown(platform?.state ?? String(alert.value ?? alert.status), 40);
  return {
    kind: 'platform',
    ...basics(waiting),
    ended: isEnd(newest),
    title: shown(`Platform ${state}: ${name}`, 300),
    reason: shown(platform?.reason ?? alert.reason, 1_000),
    facts: [
      { name: 'Severity', value: alert.severity },
      { name: 'Alarm', value: name },
      { name: 'State', value: state },
      { name: 'At', value: instant(platform?.atMs ?? atMs) },
      ...(platform === undefined ? [] : [{ name: 'Region', value: shown(platform.region, 40) }]),
      ...historyOf(waiting),
    ],
    lists: [],
    ...(alert.advice === '' ? {} : { advice: shown(alert.advice, 1_000) }),
    todos: [],
    links: linksOf(alert, undefined),
  };
}

/** The message of `nightdesk alerts test`. */
export function testMessage(waiting: Waiting): AlertMessage {
  const { alert, note, operator, atMs } = newestOf(waiting);
  return {
    kind: 'test',
    ...basics(waiting),
    ended: true,
    title: shown(alert.title, 300) || 'Test message',
    reason: shown(alert.reason, 600) || 'This channel works. Nothing is wrong.',
    facts: [
      { name: 'Sent', value: instant(atMs) },
      ...(operator === undefined ? [] : [{ name: 'By', value: shown(operator, 100) }]),
      ...(note === undefined || note === '' ? [] : [{ name: 'Note', value: shown(note, 300) }]),
    ],
    lists: [],
    todos: [],
    links: [],
  };
}

/** One line of an alert, for lists of several. */
export function alertLine(alert: AlertView): string {
  return cut(`${shown(alert.title, 100)} · ${whoOf(alert)} · ${against(alert)} · since ${instant(alert.sinceMs)}`, 300);
}
