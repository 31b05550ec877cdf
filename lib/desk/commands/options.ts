import { type Command, Option } from 'commander';
import { NightdeskError } from '../../core/errors.ts';

/** Where a desk keeps everything unless told otherwise. */
export const DEFAULT_DATA = '.nightdesk';
export const DEFAULT_PORT = 4573;
export const DEFAULT_ENDPOINT = `http://127.0.0.1:${DEFAULT_PORT}`;
/** The one delivery stream of a desk. */
export const DEFAULT_DELIVERY_STREAM = 'nightdesk';

export const dataOption = (): Option => new Option('--data <folder>', 'the data folder').default(DEFAULT_DATA);
export const jsonOption = (): Option => new Option('--json', 'print JSON for programs');
/** The stack that `--aws` alone means. */
export const DEFAULT_STACK = 'nightdesk';

/** What `--aws`, `--stack` and `--region` say. */
export interface StackOptions {
  /** The stack, not this machine. */
  readonly aws?: true;
  readonly stack?: string;
  readonly region?: string;
}

/**
 * `--aws`, `--stack` and `--region`, in every command that works on a deployed stack too.
 * @param apart - options that make no sense with a stack, by their names in code
 */
export const addStackOptions = (command: Command, { apart }: { readonly apart: readonly string[] }): Command =>
  command
    .addOption(
      new Option('--aws', 'a stack on AWS instead of this machine, with your credentials').conflicts([...apart]),
    )
    .addOption(
      new Option('--stack <name>', `the stack, as CloudFormation names it (default: ${DEFAULT_STACK}, with --aws)`)
        .argParser(nameOption('--stack'))
        .implies({
          aws: true,
        }),
    )
    .option('--region <name>', 'AWS region (default: of the environment or profile)', nameOption('--region'));

/** An empty name is what an unset variable of a script leaves, and to the SDK as good as none. */
const nameOption =
  (option: string): ((value: string) => string) =>
  (value) => {
    if (value.trim() === '') throw new NightdeskError('CONFIG_INVALID', `${option} must be a name, it is empty`);
    return value;
  };

/** The stack that the options mean. */
export const stackOf = ({
  stack = DEFAULT_STACK,
  region,
}: StackOptions): { stack: string; region: string | undefined } => ({
  stack,
  region,
});
