import { shown } from './wording.ts';

export interface Link {
  readonly text: string;
  readonly url: string;
}

/** Longest id of which a link is made: beyond it no browser and no Slack takes the address. */
const LONGEST_ID = 300;

/** http or https, no user or password, nothing that ends a link of Slack, an HTML attribute or a line. */
const ADDRESS = /^https?:\/\/[^\s\p{Cc}<>|"'`\\^{}@?#/]+(?:[/?#][^\s\p{Cc}<>|"'`\\^{}]*)?$/u;

/** The address, where a message may link to it. */
export const linkable = (address: string | undefined): string | undefined =>
  address !== undefined && address.length <= 1_000 && ADDRESS.test(address) ? address : undefined;

/** Link to the timeline of a run (S2's path); undefined without a console or where the id fits in no address. */
export const timelineLink = (consoleUrl: string | undefined, sessionId: string | null): Link | undefined =>
  linkTo(consoleUrl, 'live/execution', sessionId, 'Timeline of the session');

export const tradeLink = (consoleUrl: string | undefined, tradeId: string | undefined): Link | undefined =>
  linkTo(consoleUrl, 'trades', tradeId, `Trade ${shown(tradeId ?? '', 16)}`);

function linkTo(base: string | undefined, path: string, id: string | null | undefined, text: string): Link | undefined {
  const root = linkable(base)
    ?.replace(/[?#].*$/s, '')
    .replace(/\/+$/, '');
  if (root === undefined || id === null || id === undefined || id === '' || id.length > LONGEST_ID) return undefined;
  // A lone surrogate has no encoding; `.` and `..` would be taken for steps of the path, encoded or not.
  if (/\p{Surrogate}/u.test(id) || id === '.' || id === '..') return undefined;
  return { text, url: `${root}/${path}/${encodeURIComponent(id)}` };
}
