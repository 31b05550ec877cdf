import { COMMANDS, run } from '../lib/desk/commands/index.ts';

/** Runs one command line. @returns the exit code: 0, the code of the error table, or what the command sets. */
export const main = (argv: readonly string[]): Promise<number> => run(argv, COMMANDS);
