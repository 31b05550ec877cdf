import { type Command, Option } from 'commander';
import { LakeFolder } from '../../adapters/local/lake-objects.ts';
import { dataFolder } from '../data-folder.ts';
import type { Check } from '../query/check.ts';
import { checksOf } from '../query/checks.ts';
import { probeDesk, probeDisk } from '../query/desk-probe.ts';
import { survey } from '../query/survey.ts';
import { dataOption, jsonOption } from './options.ts';
import { print, printJson } from './output.ts';
import { sizeOption } from './units.ts';

interface Options {
  readonly data: string;
  readonly endpoint?: string;
  readonly read: number;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk doctor
  nightdesk doctor --json || echo "something is wrong"
  nightdesk doctor --endpoint http://127.0.0.1:4573

Ends with 0 where all is well, 2 with a warning, 3 where something is critical.`;

/** Exit codes: those of health checks elsewhere, so that a scheduler can tell a warning from a failure. */
const EXITS = { ok: 0, warn: 2, critical: 3 } as const;

export function configure(command: Command): void {
  command
    .addOption(dataOption())
    .option('--endpoint <url>', 'ask this desk (default: the one that runs on the data folder)')
    .addOption(
      new Option('--read <size>', 'how much of the lake to read, newest objects first')
        .argParser(sizeOption('--read'))
        .default(32e6, '32MB'),
    )
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async ({ data, endpoint, read, json }: Options) => {
      const folder = dataFolder(data);
      const [desk, disk, ...objects] = await Promise.all([
        probeDesk(folder, endpoint),
        probeDisk(folder),
        new LakeFolder(folder.lake).fresh(),
        new LakeFolder(folder.lake, 'derived').fresh(),
      ]);
      const facts = { data, desk, disk, survey: await survey(objects.flat(), { mostBytes: read }), nowMs: Date.now() };
      const checks = checksOf(facts);
      const status = worst(checks);
      if (json) printJson({ status, checks });
      else
        print(
          checks
            .map(({ name, status: verdict, message }) => `${verdict.padEnd(8)} ${name.padEnd(10)} ${message}\n`)
            .join(''),
        );
      process.exitCode = EXITS[status];
    });
}

const worst = (checks: readonly Check[]): Check['status'] =>
  checks.some(({ status }) => status === 'critical')
    ? 'critical'
    : checks.some(({ status }) => status === 'warn')
      ? 'warn'
      : 'ok';
