import type { Command } from 'commander';
import type { CompiledMap } from '../../core/dialects/map.ts';
import { NightdeskError } from '../../core/errors.ts';
import {
  addStackOptions,
  DEFAULT_DELIVERY_STREAM,
  DEFAULT_ENDPOINT,
  dataOption,
  jsonOption,
  type StackOptions,
} from '../commands/options.ts';
import { isLoopback, type Target } from '../delivery-client.ts';
import { loadMap } from '../import/map-file.ts';
import { addFactOptions, addSourceOption, addStreamOption, type FactOptions } from './fact-options.ts';

/** Options that `send` and `watch` share. */
export interface LogOptions extends FactOptions, StackOptions {
  readonly endpoint: string;
  /** @default - that of the stack, or of a desk */
  readonly deliveryStream?: string;
  readonly source?: string;
  readonly map?: string;
  readonly data: string;
  readonly json?: true;
}

export function addLogOptions(command: Command): Command {
  addStackOptions(
    command.option('--endpoint <url>', 'the desk, or anything else that speaks Firehose', DEFAULT_ENDPOINT),
    { apart: ['endpoint'] },
  ).option(
    '--delivery-stream <name>',
    `the Firehose stream, which need not be of a stack (default: the stack's, or ${DEFAULT_DELIVERY_STREAM} of a desk)`,
  );
  return addFactOptions(addSourceOption(addStreamOption(command)))
    .option('--map <file>', 'a nightdesk.map.json, for logs that no dialect knows')
    .addOption(dataOption())
    .addOption(jsonOption());
}

/** Whether the options name a stack: a delivery stream of AWS alone is looked up nowhere. */
export const namesStack = ({ aws, stack, deliveryStream }: LogOptions): boolean =>
  aws === true && (stack !== undefined || deliveryStream === undefined);

/** Where lines go without a stack. @throws CONFIG_INVALID */
export function targetOf({ aws, endpoint, region, deliveryStream = DEFAULT_DELIVERY_STREAM }: LogOptions): Target {
  if (aws) return { region, deliveryStream };
  const { username, password } = URL.canParse(endpoint) ? new URL(endpoint) : { username: '', password: '' };
  if (username !== '' || password !== '')
    throw new NightdeskError(
      'CONFIG_INVALID',
      '--endpoint must not hold a name or a password: keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile',
    );
  isLoopback(endpoint);
  return { endpoint, region, deliveryStream };
}

/** The map of lines that are sent one by one. @throws PATH_NOT_FOUND, MAP_INVALID, CONFIG_INVALID where it is for whole files */
export async function lineMapOf({ map: path }: LogOptions): Promise<CompiledMap | undefined> {
  const map = path === undefined ? undefined : await loadMap(path);
  if (map?.format === 'csv')
    throw new NightdeskError(
      'CONFIG_INVALID',
      `${path} has "format": "csv": rows of sheets have no place in a stream of lines; \`nightdesk import\` reads them`,
    );
  return map;
}
