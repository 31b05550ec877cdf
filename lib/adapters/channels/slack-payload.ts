import type { HeaderBlock, KnownBlock, MessageAttachment, SectionBlock } from '@slack/types';
import type { AlertMessage, Listed, Todo } from '../../core/alerts/messages.ts';
import { POSSIBLE_REPEAT, plainText } from '../../core/alerts/plain-text.ts';
import { instant, shown } from '../../core/alerts/wording.ts';
import { code, escaped, joined, mrkdwn } from './mrkdwn.ts';

export interface SlackPayload {
  /** Notifications and screen readers show this; the blocks everything else. */
  readonly text: string;
  readonly blocks: KnownBlock[];
  readonly attachments: MessageAttachment[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

// Limits of Block Kit (docs.slack.dev/reference/block-kit): beyond one Slack refuses the whole message.
const MOST_BLOCKS = 50;
const HEADER = 150;
const SECTION = 3_000;
const FIELDS = 10;
const FIELD = 2_000;
const URL_LIMIT = 3_000;

/** Slack cuts `text` at 40,000; a notification shows a few lines. */
const TEXT = 3_000;

/** A message as Slack takes it: a header, and below it everything else beside a bar of the severity's colour. */
export function slackPayload(message: AlertMessage): SlackPayload {
  const header: HeaderBlock = {
    type: 'header',
    text: {
      type: 'plain_text',
      text: escaped(`${signOf(message)} ${shown(message.title, HEADER)}`, HEADER),
      emoji: true,
    },
  };
  return {
    text: escaped(plainText(message, TEXT), TEXT),
    blocks: [header],
    attachments: [
      {
        color: colourOf(message),
        fallback: escaped(shown(message.title, 300), 300),
        blocks: [...sectionsOf(message).slice(0, MOST_BLOCKS - 2), context(message)],
      },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** S1's colours: `danger` for what is critical, `warning` for other alerts; `good` for what is over. */
function colourOf({ severity, ended, kind }: AlertMessage): string {
  if (ended) return 'good';
  if (severity === 'critical') return 'danger';
  return severity === 'warning' ? 'warning' : kind === 'digest' ? '#808080' : '#439fe0';
}

function signOf({ severity, ended, kind }: AlertMessage): string {
  if (kind === 'digest') return '📋';
  if (ended) return '✅';
  return severity === 'critical' ? '🚨' : severity === 'warning' ? '⚠️' : 'ℹ️';
}

function sectionsOf({ reason, possibleRepeat, facts, lists, advice, todos, links }: AlertMessage): KnownBlock[] {
  const blocks: KnownBlock[] = [];
  const lead = [...(possibleRepeat ? [`_${POSSIBLE_REPEAT}_`] : []), ...(reason === '' ? [] : [mrkdwn(reason, 2_500)])];
  if (lead.length > 0) blocks.push(section(lead));
  for (let i = 0; i < facts.length; i += FIELDS)
    blocks.push({
      type: 'section',
      fields: facts
        .slice(i, i + FIELDS)
        .map(({ name, value }) => text(`*${mrkdwn(name, 100)}*\n${mrkdwn(value, FIELD - 200)}`)),
    });
  for (const list of lists) blocks.push(section(listLines(list)));
  // Advice is a rule's, and no log's: the commands in it stay code, and can be copied.
  if (advice !== undefined && advice !== '') blocks.push(section([`*What to do*`, escaped(advice, 2_500)]));
  if (todos.length > 0) blocks.push(section(todos.map(todoLine)));
  const linked = links.filter(({ url }) => url.length <= URL_LIMIT / 4);
  if (linked.length > 0)
    blocks.push(
      section([
        linked
          .map(({ text: name, url }) => `<${escaped(url, URL_LIMIT)}|${mrkdwn(name.replaceAll('|', '/'), 100)}>`)
          .join('  ·  '),
      ]),
    );
  return blocks;
}

const listLines = ({ title, lines }: Listed): string[] => [
  `*${mrkdwn(title, 100)}*`,
  ...lines.map((line) => `• ${mrkdwn(line, 1_000)}`),
];

const todoLine = ({ what, command }: Todo): string => `${mrkdwn(what, 100)}: ${code(command, 2_000)}`;

const context = ({ kind, atMs, changes }: AlertMessage): KnownBlock => {
  const alert = changes.at(-1)?.alert;
  const rule = kind === 'alert' && alert !== undefined ? ` · rule ${mrkdwn(alert.ruleId, 100)}` : '';
  return { type: 'context', elements: [text(`Nightdesk · ${instant(atMs)}${rule}`)] };
};

const section = (lines: readonly string[]): SectionBlock => ({ type: 'section', text: text(joined(lines, SECTION)) });

/** `verbatim`: no address, channel or name in it becomes a link. */
const text = (mrkdwnText: string) => ({ type: 'mrkdwn' as const, text: mrkdwnText, verbatim: true });
