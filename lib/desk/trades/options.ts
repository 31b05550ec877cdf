import type { Command } from 'commander';
import { envelope } from '../../core/catalog/envelope.ts';
import { NightdeskError } from '../../core/errors.ts';
import { dayOption } from '../commands/units.ts';
import { UNKNOWN_MODE } from './filters.ts';

export const MODES: readonly string[] = envelope.mode.column.values ?? [];

/** `--strategy`, `--session`, `--symbol` and `--mode`, which narrow what is shown. */
export const addTradeFilters = (command: Command, { of }: { readonly of: string }): Command =>
  command
    .option('--strategy <id>', `only ${of} of this strategy (default: all)`)
    .option('--session <id>', `only ${of} of this session (default: all)`)
    .option('--symbol <name>', `only ${of} in this instrument (default: all)`)
    .option(
      '--mode <mode>',
      `only ${of} of this mode: ${[...MODES, UNKNOWN_MODE].join(', ')} (default: all)`,
      shownMode,
    );

/** `--from` and `--to`: UTC days of the entry. */
export const entryDays = (command: Command): Command =>
  command
    .option('--from <day>', 'only trades entered on or after this UTC day (default: no limit)', dayOption('--from'))
    .option('--to <day>', 'only trades entered on or before this UTC day (default: no limit)', dayOption('--to'));

/** A mode that trades may have, or `unknown`. @throws CONFIG_INVALID */
export function shownMode(value: string): string {
  const mode = value.toLowerCase();
  if (mode === UNKNOWN_MODE || MODES.includes(mode)) return mode;
  throw new NightdeskError(
    'CONFIG_INVALID',
    `--mode must be one of ${[...MODES, UNKNOWN_MODE].join(', ')}, got ${value}`,
  );
}

/** A mode that an event may state. @throws CONFIG_INVALID */
export function modeOption(value: string): string {
  const mode = value.toLowerCase();
  if (MODES.includes(mode)) return mode;
  throw new NightdeskError('CONFIG_INVALID', `--mode must be one of ${MODES.join(', ')}, got ${value}`);
}
