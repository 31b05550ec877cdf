import type { Command } from 'commander';
import { NightdeskError } from '../../core/errors.ts';
import { dataFolder } from '../data-folder.ts';
import { createDelivery, type Deliver, firehoseClient, type Target } from '../delivery-client.ts';
import { entriesOf } from '../import/outgoing.ts';
import { withProgress } from '../import/progress.ts';
import { Awaited } from '../logs/awaited.ts';
import { factsOf, sourceOf } from '../logs/fact-options.ts';
import { addLogOptions, type LogOptions, lineMapOf, targetOf } from '../logs/options.ts';
import { planLogs } from '../logs/plan.ts';
import { sendLogs } from '../logs/send-run.ts';
import { summaryJson, summaryText } from '../logs/send-summary.ts';
import { printable } from '../printable.ts';
import { transformOf } from '../settings.ts';
import { count, print, printJson, say, wholeNumber } from './output.ts';

interface SendOptions extends LogOptions {
  readonly wait?: number | true;
  readonly timeout: number;
  readonly dryRun?: true;
}

const DAY_S = 86_400;

export function configure(command: Command): void {
  addLogOptions(
    command.argument(
      '<paths...>',
      'log files, and folders of them: .jsonl, .ndjson, .json, .log, also gzip and rotated',
    ),
  )
    .option(
      '--wait [seconds]',
      'wait until all of it can be queried in --data (60 s)',
      wholeNumber('--wait', { min: 1, max: DAY_S }),
    )
    .option(
      '--timeout <seconds>',
      'how long a refused batch is tried again',
      wholeNumber('--timeout', { min: 1, max: DAY_S }),
      60,
    )
    .option('--dry-run', 'read everything and say what would happen, send nothing')
    .addHelpText(
      'after',
      `
Sending the same files again changes nothing: a line is identified by its file and line number.
CSV sheets are not sent; \`nightdesk import\` reads them.

Examples:
  nightdesk send logs/                                   every log below a folder, to the desk of this machine
  nightdesk send logs/ --strategy ensemble_1 --mode paper --wait
  nightdesk send signals.jsonl_20251220_173045.gz        one rotated file
  nightdesk send logs/ --aws --region eu-west-1 --delivery-stream nightdesk-prod
  nightdesk send logs/ --dry-run --json                  the forecast only`,
    )
    .action(send);
}

async function send(paths: readonly string[], options: SendOptions): Promise<void> {
  const target = targetOf(options);
  const facts = factsOf(options);
  const map = await lineMapOf(options);
  const awaited = waitSeconds(options) === undefined ? undefined : new Awaited();
  const startedMs = performance.now();
  const plan = await planLogs(paths, {
    folder: dataFolder(options.data),
    source: sourceOf(options),
    save: !options.dryRun,
    anyLog: map !== undefined && map.format !== 'json',
  });
  const total = plan.logs.reduce((sum, { file }) => sum + file.bytes, 0);
  const transform = await transformOf(options.data);
  const report = await withProgress(total, (onProgress) =>
    sendLogs(plan.logs, {
      deliver: options.dryRun ? pretend : delivery(target, options),
      outgoing: (log) => entriesOf({ log, facts, map, filePath: log.path }).line,
      transform,
      onProgress,
      ...(awaited === undefined ? {} : { onExpected: (line, verdict) => awaited.add(line, verdict) }),
    }),
  );
  if (!options.dryRun) for (const ledger of plan.ledgers.values()) await ledger.save();
  const summary = summaryJson(plan, report, {
    target: target.endpoint ?? `AWS ${target.deliveryStream}`,
    dryRun: options.dryRun === true,
    seconds: Math.round(performance.now() - startedMs) / 1000,
  });
  if (options.json) printJson(summary);
  else print(summaryText(summary));
  const failed = report.refused - report.tooLargeLines;
  if (failed > 0)
    throw new NightdeskError(
      'DELIVERY_FAILED',
      `${count(failed)} of ${count(report.lines)} lines were refused to the end; send the same again: what arrived is not counted twice`,
    );
  if (awaited !== undefined) await waitFor(awaited, options);
}

const DEFAULT_WAIT_S = 60;

/** @throws USAGE where there is nothing to wait for */
function waitSeconds({ wait, aws, dryRun }: SendOptions): number | undefined {
  if (wait === undefined) return undefined;
  if (aws || dryRun)
    throw new NightdeskError(
      'USAGE',
      `--wait looks into the data folder of a desk: it does not go with ${aws ? '--aws' : '--dry-run'}`,
    );
  return wait === true ? DEFAULT_WAIT_S : wait;
}

/** @throws WAIT_TIMED_OUT */
async function waitFor(awaited: Awaited, options: SendOptions): Promise<void> {
  const seconds = waitSeconds(options) ?? DEFAULT_WAIT_S;
  const { openLake } = await import('../../adapters/local/duckdb.ts');
  const lake = await openLake(options.data);
  try {
    const missing = await awaited.queryable(lake, seconds * 1000);
    if (missing > 0)
      throw new NightdeskError(
        'WAIT_TIMED_OUT',
        `after ${seconds} s ${count(missing)} of the events cannot be queried in ${options.data}; is that the data folder of the desk they were sent to?`,
      );
    say('all of it can be queried');
  } finally {
    await lake.close();
  }
}

const pretend: Deliver = async (records) => records.map(() => ({ kind: 'accepted' as const }));

function delivery(target: Target, { timeout }: SendOptions): Deliver {
  let last = '';
  return createDelivery(firehoseClient(target), target, {
    deadlineMs: timeout * 1000,
    onRetry(why) {
      if (why !== last) say(printable(`trying again: ${why}`));
      last = why;
    },
  });
}
