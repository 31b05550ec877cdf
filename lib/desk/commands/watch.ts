import { realpath, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { dataFolder } from '../data-folder.ts';
import { createDelivery, firehoseClient } from '../delivery-client.ts';
import { entriesOf } from '../import/outgoing.ts';
import { factsOf, sourceOf } from '../logs/fact-options.ts';
import { addLogOptions, type LogOptions, lineMapOf } from '../logs/options.ts';
import { lockWatch } from '../logs/watch-lock.ts';
import type { WatchTotals } from '../logs/watch-totals.ts';
import { LogWatcher } from '../logs/watcher.ts';
import { printable } from '../printable.ts';
import { destinationOf } from './destination.ts';
import { count, print, printJson, say, wholeNumber } from './output.ts';

interface WatchCommandOptions extends LogOptions {
  readonly fromEnd?: true;
  readonly pollMs: number;
  readonly once?: true;
}

/** How long what was read may still be delivered after Ctrl-C. */
const GRACE_MS = 5_000;
const MAX_WAIT_MS = 10_000;
/** Looking at files that do not change takes at most about a fifth of the time. */
const LOOK_SHARE = 4;

export function configure(command: Command): void {
  addLogOptions(command.argument('<dir>', 'the folder a bot writes its logs to'))
    .option('--from-end', 'the first time: pass over what is there, send only what comes')
    .option('--poll-ms <ms>', 'how often to look', wholeNumber('--poll-ms', { min: 10, max: 3_600_000 }), 500)
    .option('--once', 'send what is there and end (for cron)')
    .addHelpText(
      'after',
      `
Follows every log below the folder through rename, copytruncate, gzip and restarts, of itself and of the desk.
Where it stands is kept in the data folder; what may have been sent twice after a crash counts once.

Examples:
  nightdesk watch logs/ --strategy ensemble_1 --mode paper
  nightdesk watch /var/log/bot --source bot-7            a source that survives moving the folder
  nightdesk watch logs/ --once                           from cron
  nightdesk watch logs/ --aws --stack nightdesk-prod     to a stack on AWS`,
    )
    .action(watch);
}

async function watch(dir: string, options: WatchCommandOptions): Promise<void> {
  const { target } = await destinationOf(options);
  const facts = factsOf(options);
  const source = sourceOf(options);
  const map = await lineMapOf(options);
  const root = await folderAt(dir);
  const folder = dataFolder(options.data);
  const lock = await lockWatch(folder, root);
  const { stop, kill, done } = stopSignals();
  try {
    const watcher = await LogWatcher.open({
      root,
      folder,
      source,
      target: `${target.endpoint ?? `aws ${target.region ?? ''}`} ${target.deliveryStream}`,
      deliver: createDelivery(firehoseClient(target), target, {
        deadlineMs: Number.POSITIVE_INFINITY,
        maxWaitMs: MAX_WAIT_MS,
        signal: kill,
        onRetry: sayOnce((why) => `waiting for ${target.endpoint ?? 'AWS'}: ${why}`),
      }),
      outgoing: (log) => entriesOf({ log, facts, map, filePath: log.path }).line,
      anyLog: map !== undefined && map.format !== 'json',
      fromEnd: options.fromEnd === true,
      stop,
      say: remark,
    });
    remark(`watching ${root}; Ctrl-C ends it`);
    await follow(watcher, { stop, pollMs: options.pollMs, once: options.once === true });
    if (options.json) printJson(totalsJson(watcher.totals));
    else print(totalsText(watcher.totals));
  } finally {
    done();
    lock.release();
  }
}

async function follow(
  watcher: LogWatcher,
  { stop, pollMs, once }: { stop: AbortSignal; pollMs: number; once: boolean },
): Promise<void> {
  const sayError = sayOnce((why) => `looking again: ${why}`);
  try {
    while (!stop.aborted) {
      const startedMs = performance.now();
      const linesBefore = watcher.totals.lines;
      const more = await watcher.cycle().catch((error: unknown) => {
        if (once || (error instanceof NightdeskError && error.code === 'DATA_UNREADABLE')) throw error;
        sayError(messageOf(error)); // the folder may be away for a while, such as a mount
        return false;
      });
      if (once && !more) break;
      if (more) continue;
      // A look at ten thousand idle files takes a sixth of a second: it must not keep a core busy.
      const lookMs = watcher.totals.lines === linesBefore ? performance.now() - startedMs : 0;
      await sleep(Math.max(pollMs, LOOK_SHARE * lookMs), undefined, { signal: stop }).catch(() => undefined);
    }
  } finally {
    await watcher.save();
  }
}

/** Ctrl-C: reading stops at once, delivery a little later, or at the second Ctrl-C. */
function stopSignals(): { stop: AbortSignal; kill: AbortSignal; done: () => void } {
  const stop = new AbortController();
  const kill = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (): void => {
    if (stop.signal.aborted) kill.abort();
    else say('stopping: what was read is still delivered; Ctrl-C again ends at once');
    stop.abort();
    timer ??= setTimeout(() => kill.abort(), GRACE_MS);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const done = (): void => {
    clearTimeout(timer);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  return { stop: stop.signal, kill: kill.signal, done };
}

async function folderAt(dir: string): Promise<string> {
  const root = await realpath(dir).catch((error: unknown) => {
    throw new NightdeskError('PATH_NOT_FOUND', `cannot read ${dir}: ${messageOf(error)}`, { cause: error });
  });
  if (!(await stat(root)).isDirectory())
    throw new NightdeskError(
      'PATH_NOT_FOUND',
      `${dir} is a file; watch follows a folder, \`nightdesk send\` takes files`,
    );
  return root;
}

const remark = (text: string): void => say(printable(text));

/** A remark that is not repeated until another one was made. */
function sayOnce(text: (why: string) => string): (why: string) => void {
  let last = '';
  return (why) => {
    if (why !== last) remark(text(why));
    last = why;
  };
}

const totalsJson = (totals: WatchTotals) => ({
  lines: totals.lines,
  blank: totals.blank,
  passed_over: totals.passedOver,
  accepted: totals.accepted,
  refused: totals.refused,
  too_large: totals.tooLarge,
  to_send_again: totals.lines - totals.blank - totals.passedOver - totals.accepted - totals.refused - totals.tooLarge,
  damaged_ranges: totals.damagedRanges,
});

function totalsText(totals: WatchTotals): string {
  const facts = totalsJson(totals);
  const rest = [
    `${count(facts.blank)} blank`,
    `${count(facts.accepted)} accepted`,
    `${count(facts.refused + facts.too_large)} refused`,
    ...(facts.passed_over > 0 ? [`${count(facts.passed_over)} passed over`] : []),
    ...(facts.to_send_again > 0 ? [`${count(facts.to_send_again)} to send again`] : []),
  ];
  const damage = facts.damaged_ranges === 0 ? '' : `\n${count(facts.damaged_ranges)} damaged ranges in gzip files`;
  return `${count(facts.lines)} lines = ${rest.join(' + ')}${damage}\n`;
}
