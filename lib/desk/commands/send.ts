import type { Command } from 'commander';
import { NightdeskError } from '../../core/errors.ts';
import { dataFolder } from '../data-folder.ts';
import { createDelivery, type Deliver, firehoseClient, type Target } from '../delivery-client.ts';
import { entriesOf } from '../import/outgoing.ts';
import { withProgress } from '../import/progress.ts';
import { Awaited } from '../logs/awaited.ts';
import { factsOf, sourceOf } from '../logs/fact-options.ts';
import { addLogOptions, type LogOptions, lineMapOf, namesStack } from '../logs/options.ts';
import { planLogs } from '../logs/plan.ts';
import { sendLogs } from '../logs/send-run.ts';
import { summaryJson, summaryText } from '../logs/send-summary.ts';
import { printable } from '../printable.ts';
import { destinationOf } from './destination.ts';
import { count, print, printJson, say, wholeNumber } from './output.ts';
import { openTarget } from './target.ts';

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
      'wait until all of it can be queried, in --data or in the stack (60 s; a stack 15 min)',
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
  nightdesk send logs/ --aws --wait                      to the stack nightdesk; --stack and --region name another
  nightdesk send logs/ --aws --region eu-west-1 --delivery-stream bots    to a Firehose stream of your own
  nightdesk send logs/ --dry-run --json                  the forecast only`,
    )
    .action(send);
}

async function send(paths: readonly string[], options: SendOptions): Promise<void> {
  const waitS = waitSeconds(options);
  const destination = await destinationOf(options);
  const { target } = destination;
  const facts = factsOf(options);
  const map = await lineMapOf(options);
  const awaited = waitS === undefined ? undefined : new Awaited();
  const startedMs = performance.now();
  const plan = await planLogs(paths, {
    folder: dataFolder(options.data),
    source: sourceOf(options),
    save: !options.dryRun,
    anyLog: map !== undefined && map.format !== 'json',
  });
  const total = plan.logs.reduce((sum, { file }) => sum + file.bytes, 0);
  const transform = await destination.forecast();
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
  if (awaited !== undefined && waitS !== undefined) await waitFor(awaited, waitS, options);
}

const DEFAULT_WAIT_S = 60;
/** Firehose delivers after 1.5 times its interval of at most 15 min; by default the interval is much shorter. */
const STACK_WAIT_S = 900;
/** Each look is a query that is billed. */
const STACK_POLL_MS = 15_000;

/** @throws USAGE where there is nothing to wait for */
function waitSeconds(options: SendOptions): number | undefined {
  const { wait, aws, dryRun } = options;
  if (wait === undefined) return undefined;
  if (dryRun || (aws && !namesStack(options)))
    throw new NightdeskError(
      'USAGE',
      `--wait looks into the data folder of a desk, or into a stack: it does not go with ${dryRun ? '--dry-run' : '--delivery-stream alone, name the --stack'}`,
    );
  return wait === true ? (aws ? STACK_WAIT_S : DEFAULT_WAIT_S) : wait;
}

/** @throws WAIT_TIMED_OUT */
async function waitFor(awaited: Awaited, seconds: number, options: SendOptions): Promise<void> {
  const { data, aws } = options;
  const target = await openTarget(aws ? options : { data });
  try {
    const missing = await awaited.queryable(target, {
      timeoutMs: seconds * 1000,
      ...(aws ? { pollMs: STACK_POLL_MS } : {}),
    });
    if (missing > 0)
      throw new NightdeskError(
        'WAIT_TIMED_OUT',
        aws
          ? `after ${seconds} s ${count(missing)} of the events cannot be queried in Athena; \`nightdesk doctor --aws\` says whether the stack delivers`
          : `after ${seconds} s ${count(missing)} of the events cannot be queried in ${data}; is that the data folder of the desk they were sent to?`,
      );
    say('all of it can be queried');
  } finally {
    target.sayCost();
    await target.close();
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
