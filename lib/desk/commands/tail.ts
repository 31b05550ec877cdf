import type { Command } from 'commander';
import { CATALOG } from '../../core/catalog/index.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import { NightdeskError } from '../../core/errors.ts';
import { type StoredEvent, sentenceOf } from '../../core/query/sentence.ts';
import { dataFolder } from '../data-folder.ts';
import { Tail } from '../query/tail.ts';
import { dataOption, jsonOption } from './options.ts';
import { print, say, wholeNumber } from './output.ts';

interface Options {
  readonly data: string;
  readonly stream?: readonly string[];
  readonly session?: string;
  readonly symbol?: string;
  readonly follow?: true;
  readonly lines: number;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk tail
  nightdesk tail --stream execution order -n 50
  nightdesk tail --follow --session 3bc82e52-170f-4a8c-ac86-e665caedf8b2
  nightdesk tail --follow --json | jq .

Newest by arrival, oldest of them first. An event shows once its object is in the lake, some seconds after it was sent.`;

export function configure(command: Command): void {
  command
    .addOption(dataOption())
    .option('--stream <name...>', 'only these streams (default: all)')
    .option('--session <id>', 'only this session (default: all)')
    .option('--symbol <symbol>', 'only this instrument (default: all)')
    .option(
      '-n, --lines <n>',
      'how many of the newest events to begin with',
      wholeNumber('-n', { min: 0, max: 100_000 }),
      20,
    )
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const ended = new AbortController();
      if (options.follow)
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
      await showTail(options, ended.signal);
    });
}

/** Prints the newest events, and with `follow` goes on until the signal. */
async function showTail(options: Options, signal: AbortSignal): Promise<void> {
  const { data, stream, session, symbol, lines, json } = options;
  const tail = new Tail({
    lake: dataFolder(data).lake,
    count: lines,
    onDamage: say,
    ...(stream === undefined ? {} : { streams: new Set(stream.map(knownStream)) }),
    ...(session === undefined ? {} : { session }),
    ...(symbol === undefined ? {} : { symbol }),
  });
  const show = (events: readonly StoredEvent[]): void =>
    print(events.map((event) => `${json ? JSON.stringify(event) : lineOf(event)}\n`).join(''));
  const { events, looked } = await tail.newest();
  show(events);
  if (!looked && events.length < lines) say('Only the newest objects were looked into; ask a query for older events.');
  if (!options.follow) {
    if (events.length === 0) say('No event matches yet.');
    return;
  }
  for await (const fresh of tail.follow({ signal })) show(fresh);
}

function knownStream(name: string): string {
  if (Object.hasOwn(CATALOG, name) && CATALOG[name]?.origin === 'derived')
    throw new NightdeskError(
      'CONFIG_INVALID',
      `tail shows what bots send; ${name} is derived: nightdesk query "select * from ${name}"`,
    );
  if (Object.hasOwn(CATALOG, name)) return name;
  const close = nearestName(name, Object.keys(CATALOG));
  throw new NightdeskError(
    'UNKNOWN_STREAM',
    `there is no stream ${name}; ${close === undefined ? '' : `did you mean ${close}? `}\`nightdesk schema\` lists them`,
  );
}

/** `time [stream] strategy/session symbol sentence`, one line whatever the log held. */
function lineOf(event: StoredEvent): string {
  const who = [
    event.strategy_id,
    typeof event.session_id === 'string' ? event.session_id.slice(0, 8) : undefined,
  ].filter((id) => id !== null && id !== undefined);
  const parts = [event.ts ?? event.ingested_at, `[${event.stream}]`, who.join('/'), event.symbol, sentenceOf(event)];
  // Control characters of a foreign log must not move a terminal's cursor, nor turn its text around.
  return parts
    .filter((part) => part !== null && part !== undefined && part !== '')
    .join(' ')
    .replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '·');
}
