import { type Command, Option } from 'commander';
import { CATALOG } from '../../core/catalog/index.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import { NightdeskError } from '../../core/errors.ts';
import type { WireFacts } from '../../core/transform/wire.ts';
import { DEFAULT_DELIVERY_STREAM, DEFAULT_ENDPOINT, dataOption, jsonOption } from '../commands/options.ts';
import { isLoopback, type Target } from '../delivery-client.ts';
import type { Facts } from './outgoing.ts';

/** Options that `send` and `watch` share. */
export interface LogOptions {
  readonly endpoint: string;
  readonly aws?: true;
  readonly region?: string;
  readonly deliveryStream: string;
  readonly stream?: string;
  readonly source?: string;
  readonly strategy?: string;
  readonly session?: string;
  readonly mode?: string;
  readonly venue?: string;
  readonly account?: string;
  readonly symbol?: string;
  readonly map?: string;
  readonly data: string;
  readonly json?: true;
}

export function addLogOptions(command: Command): Command {
  return command
    .option('--endpoint <url>', 'the desk, or anything else that speaks Firehose', DEFAULT_ENDPOINT)
    .addOption(new Option('--aws', 'send to AWS: its own endpoint, your credentials').conflicts('endpoint'))
    .option('--region <name>', 'AWS region (default: of the environment or profile)')
    .option('--delivery-stream <name>', 'the Firehose stream', DEFAULT_DELIVERY_STREAM)
    .option('--stream <name>', 'the event stream of lines that do not say it (default: told from line and path)')
    .option('--source <name>', 'a lasting name for where the logs come from (default: a random id, kept per folder)')
    .option('--strategy <id>', 'the strategy of lines that do not say it')
    .option('--session <id>', 'the session of lines that do not say it')
    .option('--mode <mode>', 'live, paper, backtest … of lines that do not say it')
    .option('--venue <name>', 'the venue of lines that do not say it')
    .option('--account <id>', 'the account of lines that do not say it')
    .option('--symbol <name>', 'the symbol of lines that do not say it')
    .option('--map <file>', 'a nightdesk.map.json, for logs that no dialect knows')
    .addOption(dataOption())
    .addOption(jsonOption());
}

/** @throws CONFIG_INVALID */
export function targetOf({ aws, endpoint, region, deliveryStream }: LogOptions): Target {
  if (aws) return { region, deliveryStream };
  isLoopback(endpoint);
  return { endpoint, region, deliveryStream };
}

/** @throws UNKNOWN_STREAM */
export function factsOf(options: LogOptions): Facts {
  const { stream, strategy, session, mode, venue, account, symbol } = options;
  if (stream !== undefined && !Object.hasOwn(CATALOG, stream)) {
    const near = nearestName(stream, Object.keys(CATALOG));
    throw new NightdeskError(
      'UNKNOWN_STREAM',
      `there is no stream ${JSON.stringify(stream.slice(0, 100))}; ${near === undefined ? 'run `nightdesk schema` for the list' : `did you mean ${near}?`}`,
    );
  }
  const all = { strategy_id: strategy, session_id: session, mode, venue, account_id: account, symbol };
  const set: WireFacts = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return { stream, set: Object.keys(set).length === 0 ? undefined : set };
}

/** @throws CONFIG_INVALID */
export function sourceOf({ source }: LogOptions): string | undefined {
  if (source !== undefined && !/^[^\p{Cc}]{1,128}$/u.test(source))
    throw new NightdeskError(
      'CONFIG_INVALID',
      `--source must have 1 to 128 characters and no control characters, got ${JSON.stringify(source.slice(0, 200))}`,
    );
  return source;
}
