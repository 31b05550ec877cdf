import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { LakeFolder } from '../../adapters/local/lake-objects.ts';
import { CONFIG_FILE, functionSettings } from '../../core/config/index.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import type { StackFacts } from '../../core/query/stack-facts.ts';
import { probeAlerts } from '../alerts/probe-alerts.ts';
import { dataFolder } from '../data-folder.ts';
import { printable } from '../printable.ts';
import { alertChecks } from '../query/alert-checks.ts';
import type { Check } from '../query/check.ts';
import { checksOf } from '../query/checks.ts';
import { probeDesk, probeDisk } from '../query/desk-probe.ts';
import { stackChecksOf, unopened } from '../query/stack-checks.ts';
import { survey } from '../query/survey.ts';
import { ledgerConfigOf, readSettings } from '../settings.ts';
import { openAlerts } from './alerts-target.ts';
import { addStackOptions, dataOption, jsonOption, type StackOptions, stackOf } from './options.ts';
import { print, printJson } from './output.ts';
import { sizeOption } from './units.ts';

interface Options extends StackOptions {
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
  nightdesk doctor --aws --stack nightdesk-prod

Ends with 0 where all is well, 2 with a warning, 3 where something is critical.`;

/** Exit codes: those of health checks elsewhere, so that a scheduler can tell a warning from a failure. */
const EXITS = { ok: 0, warn: 2, critical: 3 } as const;

export function configure(command: Command): void {
  addStackOptions(command.addOption(dataOption()), { apart: ['endpoint', 'read'] })
    .option('--endpoint <url>', 'ask this desk (default: the one that runs on the data folder)')
    .addOption(
      new Option('--read <size>', 'how much of the lake to read, newest objects first')
        .argParser(sizeOption('--read'))
        .default(32e6, '32MB'),
    )
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const checks = options.aws ? await checksOfStack(options) : await checksOfDesk(options);
      const status = worst(checks);
      if (options.json) printJson({ status, checks });
      else
        print(
          checks
            .map(
              ({ name, status: verdict, message }) => `${verdict.padEnd(8)} ${name.padEnd(10)} ${printable(message)}\n`,
            )
            .join(''),
        );
      process.exitCode = EXITS[status];
    });
}

async function checksOfDesk({ data, endpoint, read, region }: Options): Promise<readonly Check[]> {
  if (region !== undefined) throw new NightdeskError('USAGE', '--region goes with --aws');
  const folder = dataFolder(data);
  const [desk, disk, ...objects] = await Promise.all([
    probeDesk(folder, endpoint),
    probeDisk(folder),
    new LakeFolder(folder.lake).fresh(),
    new LakeFolder(folder.lake, 'derived').fresh(),
  ]);
  // A desk of an endpoint may run on another folder: of that one nothing is said here.
  const running = endpoint === undefined && desk.health !== undefined;
  return checksOf({
    data,
    desk,
    disk,
    survey: await survey(objects.flat(), { mostBytes: read }),
    nowMs: Date.now(),
    alerts: await probeAlerts(() => openAlerts({ data }), { running, environment: process.env }),
  });
}

/** A stack that cannot be asked is as bad as a desk that does not answer. */
async function checksOfStack(options: Options): Promise<readonly Check[]> {
  const [{ openStack }, { probeStack }] = await Promise.all([
    import('../../cloud/open-stack.ts'),
    import('../../cloud/probe-stack.ts'),
  ]);
  try {
    const deployed = await openStack(stackOf(options));
    const [facts, local, alerts] = await Promise.all([
      probeStack(deployed, Date.now()),
      localSettings(options.data),
      probeAlerts(() => openAlerts(options), { running: true }),
    ]);
    return [...stackChecksOf({ ...facts, local }), ...alertChecks(alerts)];
  } catch (error) {
    if (!(error instanceof NightdeskError) || error.code === 'CONFIG_INVALID') throw error;
    return unopened(error.message);
  }
}

/** What a stack deployed from here would run with: the file in this folder, else that of the data folder. */
async function localSettings(data: string): Promise<StackFacts['local']> {
  const folder = ['.', data].find((one) => existsSync(join(one, CONFIG_FILE)));
  if (folder === undefined) return undefined;
  try {
    const { instruments } = await ledgerConfigOf(folder);
    return { path: join(folder, CONFIG_FILE), settings: functionSettings(await readSettings(folder), instruments) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

const worst = (checks: readonly Check[]): Check['status'] =>
  checks.some(({ status }) => status === 'critical')
    ? 'critical'
    : checks.some(({ status }) => status === 'warn')
      ? 'warn'
      : 'ok';
