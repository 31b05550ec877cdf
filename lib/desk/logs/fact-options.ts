import type { Command } from 'commander';
import { envelope } from '../../core/catalog/envelope.ts';
import { CATALOG, INPUT_STREAMS } from '../../core/catalog/index.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import { NightdeskError } from '../../core/errors.ts';
import type { WireFacts } from '../../core/transform/wire.ts';
import type { Facts } from './outgoing.ts';

/** Facts about the bot that its lines do not carry, as options. */
export interface FactOptions {
  readonly stream?: string;
  readonly strategy?: string;
  readonly session?: string;
  readonly mode?: string;
  readonly venue?: string;
  readonly account?: string;
  readonly symbol?: string;
}

export const addFactOptions = (command: Command): Command =>
  command
    .option('--strategy <id>', 'the strategy of lines that do not say it')
    .option('--session <id>', 'the session of lines that do not say it')
    .option('--mode <mode>', `${MODES.join(', ')}: of lines that do not say it`)
    .option('--venue <name>', 'the venue of lines that do not say it')
    .option('--account <id>', 'the account of lines that do not say it')
    .option('--symbol <name>', 'the symbol of lines that do not say it');

export const addStreamOption = (command: Command): Command =>
  command.option('--stream <name>', 'the event stream of lines that do not say it (default: told from line and path)');

export const addSourceOption = (command: Command): Command =>
  command.option(
    '--source <name>',
    'a lasting name for where the logs come from (default: a random id, kept per folder)',
  );

/** `--source`. @throws CONFIG_INVALID */
export function sourceOf({ source }: { readonly source?: string }): string | undefined {
  if (source === undefined || /^[^\p{Cc}]{1,128}$/u.test(source)) return source;
  const seen = JSON.stringify(source.slice(0, 200));
  throw new NightdeskError(
    'CONFIG_INVALID',
    `--source must have 1 to 128 characters and no control characters, got ${seen}`,
  );
}

const MODES: readonly string[] = envelope.mode.column.values ?? [];

/** @throws UNKNOWN_STREAM, CONFIG_INVALID */
export function factsOf({ stream, strategy, session, mode, venue, account, symbol }: FactOptions): Facts {
  if (stream !== undefined && !Object.hasOwn(CATALOG, stream)) {
    const near = nearestName(stream, Object.keys(CATALOG));
    const advice = near === undefined ? 'run `nightdesk schema` for the list' : `did you mean ${near}?`;
    throw new NightdeskError('UNKNOWN_STREAM', `there is no stream ${JSON.stringify(stream.slice(0, 100))}; ${advice}`);
  }
  if (stream !== undefined && !INPUT_STREAMS.includes(stream))
    throw new NightdeskError(
      'CONFIG_INVALID',
      `--stream must name a stream that bots send, got ${stream}, which only Nightdesk writes`,
    );
  if (mode !== undefined && !MODES.includes(mode.toLowerCase()))
    throw new NightdeskError('CONFIG_INVALID', `--mode must be one of ${MODES.join(', ')}, got ${mode.slice(0, 100)}`);
  const all = { strategy_id: strategy, session_id: session, mode, venue, account_id: account, symbol };
  const set: WireFacts = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return { stream, set: Object.keys(set).length === 0 ? undefined : set };
}
