import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { sha256 } from '../../adapters/local/sha256.ts';
import { NightdeskError } from '../../core/errors.ts';
import { createTransform } from '../../core/transform/transform.ts';
import { dataFolder } from '../data-folder.ts';
import { badShare, type LintSummary, lintFiles, lintJson, MOST_BAD, WARNINGS } from '../import/lint.ts';
import { loadMap } from '../import/map-file.ts';
import { shortener } from '../import/paths.ts';
import { planImport } from '../import/plan.ts';
import { withProgress } from '../import/progress.ts';
import { addStreamOption, factsOf } from '../logs/fact-options.ts';
import { printable } from '../printable.ts';
import { DEFAULT_DATA, jsonOption } from './options.ts';
import { count, print, printJson, printRows, wholeNumber } from './output.ts';

interface ValidateOptions {
  readonly map?: string;
  readonly stream?: string;
  readonly maxListed: number;
  readonly json?: true;
}

export function configure(command: Command): void {
  command
    .argument('<paths...>', 'log files, CSV sheets, and folders of them')
    .option('--map <file>', 'a nightdesk.map.json, for logs that no dialect knows');
  addStreamOption(command)
    .addOption(
      new Option('--max-listed <n>', 'list at most so many bad lines')
        .default(20)
        .argParser(wholeNumber('--max-listed', { min: 0, max: 1_000_000 })),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Runs every line through the transform and says what would become of it; writes and sends nothing.
Ends with code 3 where more than ${MOST_BAD * 100} % of the lines would go to quarantine.

Examples:
  nightdesk validate logs/                                 which lines fail, and why
  nightdesk validate bot.log --map nightdesk.map.json      what a map does not fit
  nightdesk validate logs/ --max-listed 0 --json           the counts only`,
    )
    .action(validate);
}

/** Nothing is kept there: a lint needs no lasting identities. */
const NO_DATA = join(DEFAULT_DATA, 'none');

async function validate(paths: readonly string[], options: ValidateOptions): Promise<void> {
  const map = options.map === undefined ? undefined : await loadMap(options.map);
  const facts = factsOf(options);
  const plan = await planImport(paths, { folder: dataFolder(NO_DATA), save: false, map });
  const total = plan.files.reduce((sum, { file }) => sum + file.bytes, 0);
  const lint = await withProgress(total, (onProgress) =>
    lintFiles(plan.files, {
      transform: createTransform({}, { sha256 }),
      facts,
      map,
      arrivedMs: Date.now(),
      maxListed: options.maxListed,
      onProgress,
    }),
  );
  const summary = lintJson(lint, plan);
  if (options.json) printJson(summary);
  else printLint(summary);
  if (badShare(lint.report) > MOST_BAD)
    throw new NightdeskError(
      'TOO_MANY_BAD',
      `${count(summary.bad)} of ${count(summary.good + summary.bad)} lines are bad, more than ${MOST_BAD * 100} %; the reasons stand beside them`,
    );
}

function printLint(summary: LintSummary): void {
  const shorter = shortener(summary.files.map(({ path }) => path));
  printRows(
    'table',
    ['file', 'lines', 'good', 'bad', 'dialect', 'stream', 'warnings'],
    summary.files.map(({ path, lines, good, bad, dialects, by_stream, warnings, fields }) => [
      shorter(path),
      count(lines),
      count(good),
      count(bad),
      Object.keys(dialects).join(' '),
      Object.keys(by_stream).join(' '),
      [
        ...counted(warnings),
        ...(Object.keys(fields).length > 0 ? [`(${Object.keys(fields).slice(0, 8).join(' ')})`] : []),
      ].join(' '),
    ]),
  );
  const bad = summary.listed.map(
    ({ path, line, reason, detail }) => `${printable(shorter(path))}:${line}: ${reason}: ${printable(detail)}\n`,
  );
  if (bad.length > 0) print(`\n${bad.join('')}`);
  if (summary.bad > bad.length)
    print(`and ${count(summary.bad - bad.length)} more bad lines (--max-listed lists more)\n`);
  for (const { path, from, to, what } of summary.damaged)
    print(`${printable(shorter(path))}: gzip bytes ${from} to ${to}: ${what}\n`);
  for (const { path, why } of [...summary.unread, ...summary.skipped])
    print(`${printable(shorter(path))}: not read: ${printable(why)}\n`);
  const rest = [`${count(summary.blank)} blank`, ...(summary.headers > 0 ? [`${count(summary.headers)} headers`] : [])];
  print(
    `\n${count(summary.lines)} lines = ${count(summary.good)} good + ${count(summary.bad)} bad + ${rest.join(' + ')}\n`,
  );
  for (const [warning, text] of Object.entries(WARNINGS)) {
    const n = summary.warnings[warning];
    if (n !== undefined) print(`  ${warning} ${count(n)}: ${text}\n`);
  }
}

const counted = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts).map(([name, n]) => `${name} ${count(n)}`);
