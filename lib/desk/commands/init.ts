import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { errnoOf } from '../../adapters/local/files.ts';
import { sha256 } from '../../adapters/local/sha256.ts';
import { localTime } from '../../adapters/local/time.ts';
import { compileMap } from '../../core/dialects/map.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { createTransform } from '../../core/transform/transform.ts';
import type { WireFacts } from '../../core/transform/wire.ts';
import { dataFolder } from '../data-folder.ts';
import { type Draft, draftMap } from '../import/draft.ts';
import { MAP_FILE } from '../import/map-file.ts';
import { shortener } from '../import/paths.ts';
import { planImport } from '../import/plan.ts';
import { type Sniffed, sniff } from '../import/sniff.ts';
import { factsOf } from '../logs/fact-options.ts';
import { listed, textOf } from '../logs/summary-text.ts';
import { printable } from '../printable.ts';
import { DEFAULT_DATA, jsonOption } from './options.ts';
import { count, print, printJson, printRows, say } from './output.ts';

interface InitOptions {
  readonly strategy?: string;
  readonly mode?: string;
  readonly venue?: string;
  readonly account?: string;
  readonly symbol?: string;
  readonly output: string;
  readonly force?: true;
  readonly yes?: true;
  readonly json?: true;
}

export function configure(command: Command): void {
  command
    .argument('[dir]', 'the folder of logs', '.')
    .option('--strategy <id>', 'the strategy of lines that do not say it')
    .option('--mode <mode>', 'live, paper, backtest, shadow or testnet: of lines that do not say it')
    .option('--venue <name>', 'the venue of lines that do not say it')
    .option('--account <id>', 'the account of lines that do not say it')
    .option('--symbol <name>', 'the symbol of lines that do not say it')
    .option('--output <file>', 'where to write the map', MAP_FILE)
    .option('--force', 'replace a map that is there')
    .option('--yes', 'ask nothing; without a terminal nothing is asked either')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Looks at the first lines of every log and sheet, says which dialect they are, and writes a map: the facts about the
bot that its lines do not carry, and, for records that no dialect knows, rules to complete.

Examples:
  nightdesk init logs/                                             what is in a folder, and ${MAP_FILE} for it
  nightdesk init logs/ --strategy momo --mode paper --venue okx --yes
  nightdesk init other-bot/ --output other-bot.map.json`,
    )
    .action(init);
}

/** Nothing is kept there: what is only looked at needs no lasting identities. */
const NO_DATA = join(DEFAULT_DATA, 'none');

async function init(dir: string, options: InitOptions): Promise<void> {
  factsOf(options); // a wrong --mode is told before anything is read
  const plan = await planImport([dir], { folder: dataFolder(NO_DATA), save: false, anyLog: true });
  const run = { transform: createTransform({}, { sha256 }), facts: {}, arrivedMs: Date.now() };
  const files: Sniffed[] = [];
  for (const file of plan.files) files.push(await sniff(file, run));
  if (!options.json) {
    printTable(files);
    const skipped = listed('skipped', plan.found.skipped, ({ path, why }) => `${path}: ${why}`);
    if (skipped.length > 0) print(`\n${textOf(skipped)}`);
  }
  const facts = factsOf(await completed(options)).set ?? {};
  const draft = draftMap(
    nameOf(dir),
    facts,
    files.flatMap(({ unknown }) => (unknown === undefined ? [] : [unknown])),
  );
  compileMap(draft.map, localTime); // what is written must be valid
  await write(draft, options);
  if (options.json)
    printJson({
      files: files.map(factsOfFile),
      output: resolve(options.output),
      map: draft.map,
      skipped: plan.found.skipped,
    });
  else printNext(dir, { draft, facts, output: options.output });
}

/** Letters and digits of the folder's name. */
const nameOf = (dir: string): string =>
  basename(resolve(dir))
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64) || 'bot';

const keys = (counts: ReadonlyMap<string, number>): string => [...counts.keys()].join(' ');

function printTable(files: readonly Sniffed[]): void {
  const shorter = shortener(files.map(({ path }) => path));
  printRows(
    'table',
    ['file', 'lines looked at', 'dialect', 'stream', 'problems'],
    files.map((file) => [
      shorter(file.path),
      count(file.sampled),
      dialectOf(file),
      keys(file.streams),
      [...[...file.problems].map(([reason, n]) => `${reason} ${count(n)}`), file.unread ?? ''].join(' '),
    ]),
  );
}

const dialectOf = ({ sampled, dialects, unread }: Sniffed): string =>
  sampled === 0 ? (unread === undefined ? 'empty' : 'not read') : dialects.size === 0 ? 'unknown' : keys(dialects);

const factsOfFile = ({ path, sampled, dialects, streams, problems, unread }: Sniffed) => ({
  path,
  sampled,
  unread,
  dialects: Object.fromEntries(dialects),
  streams: Object.fromEntries(streams),
  problems: Object.fromEntries(problems),
});

/** Asks for the facts that no option gave, where somebody can answer. */
async function completed(options: InitOptions): Promise<InitOptions> {
  if (options.yes || options.json || !process.stdin.isTTY || !process.stderr.isTTY) return options;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ask = async (question: string): Promise<string | undefined> =>
    (await terminal.question(`${question} (empty: not said) `)).trim() || undefined;
  try {
    say('\nFacts that the lines of these logs do not carry:');
    const strategy = options.strategy ?? (await ask('  strategy'));
    const mode = options.mode ?? (await ask('  mode: live, paper, backtest, shadow or testnet'));
    const venue = options.venue ?? (await ask('  venue'));
    return {
      ...options,
      ...(strategy === undefined ? {} : { strategy }),
      ...(mode === undefined ? {} : { mode }),
      ...(venue === undefined ? {} : { venue }),
    };
  } finally {
    terminal.close();
  }
}

async function write({ map }: Draft, { output, force }: InitOptions): Promise<void> {
  try {
    await writeFile(output, `${JSON.stringify(map, undefined, 2)}\n`, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const what =
      errnoOf(error) === 'EEXIST'
        ? `${output} is there already: --force replaces it, --output writes elsewhere`
        : `cannot write ${output}: ${messageOf(error)}`;
    throw new NightdeskError('CONFIG_INVALID', what, { cause: error });
  }
}

function printNext(dir: string, { draft, facts, output }: { draft: Draft; facts: WireFacts; output: string }): void {
  const { map, naive, otherFormat } = draft;
  const said = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  const rules = map.rules.length;
  print(
    `\nwrote ${output}: ${said.length === 0 ? 'no facts (--strategy, --mode, --venue)' : said.join(', ')}, ${rules} ${rules === 1 ? 'rule' : 'rules'}\n`,
  );
  const unmapped = map.rules.reduce((sum, rule) => sum + (rule.unmapped?.length ?? 0), 0);
  if (rules > 0)
    print(
      `Look at the fields it guessed, and name the ${count(unmapped)} listed under "unmapped" that matter (docs/maps.md).\n`,
    );
  if (naive) print('Some times say no zone: add "zone": "Area/City" to the map, else they are read as UTC.\n');
  for (const path of otherFormat)
    print(
      `${printable(path)} is of another format than most: it needs a map of its own, init it alone with --output.\n`,
    );
  const check = rules > 0 ? [`  nightdesk validate ${dir} --map ${output}`] : [];
  print(`\nNext:\n${[...check, '  nightdesk up', `  nightdesk watch ${dir} --map ${output}`].join('\n')}\n`);
}
