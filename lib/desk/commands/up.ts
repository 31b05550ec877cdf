import { readFile, stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { alertsOf } from '../../core/config/index.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import type { DeskAlertsOptions } from '../alerts/desk-alerts.ts';
import { createDesk, type Desk } from '../desk.ts';
import { parseTokens, type Token } from '../door/tokens.ts';
import type { DeskLedgerOptions } from '../lifecycle/desk-ledger.ts';
import { deskJobs } from '../lifecycle/jobs.ts';
import { ledgerConfigOf, readSettings, transformOf } from '../settings.ts';
import { stderrLog } from '../stderr-log.ts';
import { DEFAULT_DATA, DEFAULT_DELIVERY_STREAM, DEFAULT_PORT, dataOption, jsonOption } from './options.ts';
import { print, say, wholeNumber } from './output.ts';
import { durationOption, sizeOption } from './units.ts';

const DEMO_DATA = '.nightdesk-demo';
const DEFAULT_BUFFER_MS = 5_000;
const DEMO_BUFFER_MS = 2_000; // so that the first query finds something

interface UpOptions {
  readonly port: number;
  readonly data: string;
  readonly demo?: true;
  readonly listen?: string;
  readonly tokenFile?: string;
  readonly allowHost?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly insecure?: true;
  readonly bufferMs?: number;
  readonly minFree: number;
  readonly maxEventAge?: number;
  /** False with --no-ledger. */
  readonly ledger: boolean;
  readonly lateness?: number;
  /** False with --no-alerts. */
  readonly alerts: boolean;
  readonly json?: true;
}

export function configure(command: Command): void {
  command
    .addOption(
      new Option('--port <n>', 'the port to listen on; 0 takes any free one')
        .default(DEFAULT_PORT)
        .argParser(wholeNumber('--port', { min: 0, max: 65_535 })),
    )
    .addOption(dataOption())
    .option('--demo', `send simulated bots' events, into ${DEMO_DATA} unless --data says otherwise`)
    .addOption(
      new Option(
        '--buffer-ms <ms>',
        `longest time that an event waits before it can be queried (default: ${DEFAULT_BUFFER_MS})`,
      ).argParser(wholeNumber('--buffer-ms', { min: 50, max: 900_000 })),
    )
    .addOption(
      new Option('--min-free <size>', 'free disk space below which nothing is taken in')
        .default(1e9, '1GB')
        .argParser(sizeOption('--min-free')),
    )
    .addOption(
      new Option('--max-event-age <duration>', 'older events go to quarantine (default: no limit)').argParser(
        durationOption('--max-event-age'),
      ),
    )
    .option('--no-ledger', 'keep events only: no trades, positions, runs and snapshots from them')
    .addOption(
      new Option(
        '--lateness <duration>',
        'how long an event waits for earlier ones (default: 15s, or what nightdesk.json says)',
      ).argParser(durationOption('--lateness')),
    )
    .option('--no-alerts', 'look at no alert rules, and tell nobody')
    .option('--listen <address>', 'listen on this address, for other machines too (default: 127.0.0.1)')
    .option('--token-file <file>', 'who may send: name:token lines; needed with --listen')
    .option('--allow-host <name...>', 'names under which clients reach this desk; needed with --listen')
    .option('--tls-cert <file>', 'certificate chain (PEM)')
    .option('--tls-key <file>', 'private key (PEM)')
    .option('--insecure', 'with --listen: no TLS; what is sent can be read on the way')
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action(up);
}

const EXAMPLES = `
Examples:
  nightdesk up                                    a desk on 127.0.0.1:${DEFAULT_PORT}, data in ${DEFAULT_DATA}
  nightdesk up --demo                             the same with simulated bots, in ${DEMO_DATA}
  nightdesk up --listen 10.0.0.5 --token-file tokens --allow-host desk.lan --tls-cert c.pem --tls-key k.pem

Ctrl-C stops it: what was taken in is brought to the lake first.`;

async function up(options: UpOptions, command: Command): Promise<void> {
  const demo = options.demo === true;
  if (demo && (options.listen !== undefined || options.tokenFile !== undefined))
    throw new NightdeskError(
      'CONFIG_INVALID',
      '--demo is for this machine alone: it goes without --listen and --token-file',
    );
  const data = demo && command.getOptionValueSource('data') === 'default' ? DEMO_DATA : options.data;
  const desk = await createDesk({
    dataDir: data,
    port: options.port,
    transform: await transformOf(data, options.maxEventAge === undefined ? {} : { maxEventAgeMs: options.maxEventAge }),
    log: stderrLog(),
    minFreeBytes: options.minFree,
    buffer: { ms: options.bufferMs ?? (demo ? DEMO_BUFFER_MS : DEFAULT_BUFFER_MS) },
    ...(options.ledger ? { ledger: await ledgerOf(data, options.lateness) } : {}),
    ...(options.alerts ? { alerts: await deskAlertsOf(data) } : {}),
    allowHosts: options.allowHost ?? [],
    insecure: options.insecure === true,
    ...(options.listen === undefined ? {} : { host: options.listen }),
    ...(options.tokenFile === undefined ? {} : { auth: await readTokens(options.tokenFile) }),
    ...(await readTls(options)),
  });
  const ended = untilSignalled(desk);
  if (demo)
    say(`\nTHIS IS A DEMO. Two simulated bots trade a made-up market: no price, order or profit in ${data} is real.\n`);
  announce(desk, { data, json: options.json === true, open: options.tokenFile === undefined });
  try {
    const bots = demo ? await startBots(desk, data) : undefined;
    await ended;
    await bots?.stop();
  } finally {
    await desk.stop();
  }
  const { intake, delivery } = desk.stats();
  say(
    `Stopped: ${intake.records} records taken in, ${delivery.stored} events stored, ${delivery.quarantined} in quarantine.`,
  );
}

/** Resolves at the first signal to end; a second one does not wait for the lake. */
function untilSignalled(desk: Desk): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const end = (signal: NodeJS.Signals): void => {
      if (asked) {
        say('Ended at once; what is not in the lake yet is taken up at the next start.');
        process.exit(1);
      }
      asked = true;
      say(`${signal}: bringing what was taken in to the lake at ${desk.folder.lake}; once more ends at once.`);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  });
}

function announce(desk: Desk, { data, json, open }: { data: string; json: boolean; open: boolean }): void {
  if (json)
    print(
      `${JSON.stringify({ url: desk.url, data: desk.folder.root, pid: process.pid, delivery_stream: DEFAULT_DELIVERY_STREAM })}\n`,
    );
  const flag = data === DEFAULT_DATA ? '' : ` --data ${data}`;
  const at = desk.url.endsWith(`127.0.0.1:${DEFAULT_PORT}`) ? '' : ` --endpoint ${desk.url}`;
  say(`Nightdesk listens on ${desk.url} and keeps everything in ${desk.folder.root}.

  logs that are there   npx nightdesk send logs/${at}
  logs that grow        npx nightdesk watch logs/${at}
  Firehose clients      endpoint ${desk.url}, stream ${DEFAULT_DELIVERY_STREAM}, ${open ? 'any region and credentials' : 'access key = name, secret = token'}
  JSON Lines            curl --data-binary @events.jsonl ${desk.url}/v1/events${open ? '' : " -H 'Authorization: Bearer ...'"}
  what has arrived      npx nightdesk streams${flag}
  what is wrong         npx nightdesk alerts${flag}
  SQL                   npx nightdesk query "select * from signals limit 10"${flag}

Ctrl-C stops it.`);
}

async function startBots(desk: Desk, data: string): Promise<{ stop(): Promise<void> }> {
  const { startDemo } = await import('../demo/index.ts');
  const bots = await startDemo({ endpoint: desk.url, say });
  const look = setInterval(() => {
    const { stored } = desk.stats().delivery;
    if (stored === 0 || desk.stats().delivery.objects === 0) return;
    clearInterval(look);
    say(`
${stored} events are in the lake already. In another shell:

  npx nightdesk query "select ts, source, symbol, side, price, qty from execution order by ts desc limit 10" --data ${data}
  npx nightdesk streams --data ${data}
`);
  }, 250).unref();
  return bots;
}

const LONGEST_LATENESS_MS = 3_600_000;

async function ledgerOf(data: string, latenessMs: number | undefined): Promise<DeskLedgerOptions> {
  if (latenessMs !== undefined && (latenessMs < 1_000 || latenessMs > LONGEST_LATENESS_MS))
    throw new NightdeskError('CONFIG_INVALID', `--lateness must be from 1s to 1h, got ${latenessMs} ms`);
  const config = await ledgerConfigOf(data);
  return { config: latenessMs === undefined ? config : { ...config, latenessMs }, jobs: deskJobs };
}

const deskAlertsOf = async (data: string): Promise<DeskAlertsOptions> => ({
  settings: alertsOf(await readSettings(data)),
  environment: process.env,
});

async function readTokens(path: string): Promise<Token[]> {
  const text = await readNamed(path, '--token-file');
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    say(`Warning: others on this machine can read ${path}; chmod 600 ${path}`);
  return parseTokens(text, path);
}

async function readTls({ tlsCert, tlsKey }: UpOptions): Promise<{ tls?: { cert: string; key: string } }> {
  if (tlsCert === undefined && tlsKey === undefined) return {};
  if (tlsCert === undefined || tlsKey === undefined)
    throw new NightdeskError('CONFIG_INVALID', '--tls-cert and --tls-key belong together');
  return { tls: { cert: await readNamed(tlsCert, '--tls-cert'), key: await readNamed(tlsKey, '--tls-key') } };
}

async function readNamed(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new NightdeskError('PATH_NOT_FOUND', `${option}: ${messageOf(error)}`, { cause: error });
  }
}
