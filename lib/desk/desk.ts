import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DurableFolders, replaceFile } from '../adapters/local/durable.ts';
import { errnoOf, type Files, nodeFiles } from '../adapters/local/files.ts';
import { createFolderStore, removeAbandoned } from '../adapters/local/object-store.ts';
import type { AlertSettings } from '../core/alerts/types.ts';
import { messageOf, NightdeskError } from '../core/errors.ts';
import type { Clock, Log } from '../core/ports/index.ts';
import type { TransformLine } from '../core/transform/types.ts';
import { type DeskAlertsOptions, openDeskAlerts, watched } from './alerts/desk-alerts.ts';
import type { AlertRunner, AlertStats } from './alerts/runner.ts';
import { type DataFolder, dataFolder } from './data-folder.ts';
import { openDoor } from './door/door.ts';
import { firehoseOperations } from './door/firehose.ts';
import { isLoopback } from './door/guard.ts';
import type { RunningServer, ServerOptions } from './door/server.ts';
import type { Token } from './door/tokens.ts';
import { DiskWatermark } from './door/watermark.ts';
import { type Ingestion, type IngestionStats, openIngestion } from './ingestion.ts';
import { type DeskLedger, type DeskLedgerOptions, openDeskLedger } from './lifecycle/desk-ledger.ts';
import type { LedgerStats } from './lifecycle/runner.ts';
import { lockData } from './lock.ts';
import { DeskMetrics } from './metrics/desk-metrics.ts';

export interface DeskOptions {
  readonly dataDir: string;
  readonly transform: TransformLine;
  /** 0 takes any free port. */
  readonly port: number;
  /** @default - 127.0.0.1 */
  readonly host?: string;
  /** Who may come in; needed beyond loopback. @default - everybody */
  readonly auth?: readonly Token[];
  readonly tls?: NonNullable<ServerOptions['tls']>;
  /** Beyond loopback without TLS: the tokens' signatures are safe there, what is sent is readable on the way. */
  readonly insecure?: boolean;
  /** Names under which clients reach the desk; needed beyond loopback. */
  readonly allowHosts?: readonly string[];
  /** Names of the delivery streams. @default - nightdesk */
  readonly streams?: readonly string[];
  /** When buffered lines are written to the lake: after so many ms, or at so many bytes. @default - 5,000 ms, 32 MiB */
  readonly buffer?: { readonly ms?: number; readonly bytes?: number };
  /** Bytes not yet transformed, above which answers slow down, and above which they are refusals. @default - 4 and 64 MiB */
  readonly backlog?: { readonly slowBytes?: number; readonly mostBytes?: number };
  /** Free space of the disk below which nothing is taken in. @default - 1 GB */
  readonly minFreeBytes?: number;
  /** How trades, positions and runs are kept up to date. @default - they are not */
  readonly ledger?: DeskLedgerOptions;
  /** Who is told of what. @default - nobody of anything */
  readonly alerts?: DeskAlertsOptions;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly files?: Files;
}

export interface DeskStats extends IngestionStats {
  readonly status: 'ok' | 'refusing';
  /** Why nothing is taken in. */
  readonly reason?: string;
  readonly freeBytes?: number;
  readonly startedAt: string;
  /** Absent where no ledger is kept. */
  readonly ledger?: LedgerStats;
  /** Absent where no rules are looked at. */
  readonly alerts?: AlertStats;
}

export interface Desk {
  readonly url: string;
  readonly folder: DataFolder;
  stats(): DeskStats;
  /** Takes nothing more, brings what was taken to the lake, and lets go of the folder. A second call waits for the first. */
  stop(): Promise<void>;
}

const MIB = 1024 * 1024;
const DEFAULTS = {
  host: '127.0.0.1',
  streams: ['nightdesk'],
  bufferMs: 5_000,
  bufferBytes: 32 * MIB,
  slowBytes: 4 * MIB,
  mostBytes: 64 * MIB,
  minFreeBytes: 1_000_000_000,
};
const REQUESTS_GRACE_MS = 3_000;
const DRAIN_MS = 30_000; // what is not in the lake by then is replayed at the next start
const LEDGER_STOP_MS = 10_000; // the same
const ALERTS_STOP_MS = 5_000; // the same
/** An event is in the lake when its buffer was written, which may wait for the one before. */
const STORED_BUFFERS = 4;
const BUSY_BYTES = 256 * 1024;

const systemClock: Clock = { nowMs: () => Date.now() };
const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Starts a desk: the front door, the write-ahead log behind it, and the way into the lake. What an earlier desk took
 * and did not bring to the lake is taken up first.
 * @throws DATA_LOCKED, PORT_IN_USE, LISTEN_UNSAFE, DATA_UNREADABLE
 */
export async function createDesk(options: DeskOptions): Promise<Desk> {
  const {
    dataDir,
    port,
    host = DEFAULTS.host,
    files = nodeFiles,
    clock = systemClock,
    log = silent,
    auth,
    tls,
  } = options;
  assertSafe(options, host);
  const folder = dataFolder(dataDir);
  await makeRoot(files, folder.root);
  const lock = await lockData(folder);
  const watermark = new DiskWatermark({
    files,
    folder: folder.root,
    log,
    minFreeBytes: options.minFreeBytes ?? DEFAULTS.minFreeBytes,
  });
  const undo: (() => unknown)[] = [() => lock.release()];
  try {
    const startedMs = clock.nowMs();
    const buffer = {
      ms: options.buffer?.ms ?? DEFAULTS.bufferMs,
      bytes: options.buffer?.bytes ?? DEFAULTS.bufferBytes,
    };
    const streams = options.streams ?? DEFAULTS.streams;
    await removeAbandoned(folder.lake, { files, nowMs: startedMs });
    await watermark.start();
    undo.push(() => watermark.stop());
    const store = createFolderStore(folder.lake, { files });
    const metrics = new DeskMetrics({
      clock,
      log,
      ...(options.alerts === undefined ? {} : measuredBy(options.alerts.settings)),
      facts: () => ({
        backlogBytes: ingestion.intake.heldBytes,
        walBytes: ingestion.stats().walBytes,
        refusing: ingestion.intake.obstacle !== undefined,
        objects: ingestion.stats().delivery.objects,
      }),
    });
    const busy = (): boolean => ingestion.intake.heldBytes > BUSY_BYTES;
    const alerts =
      options.alerts === undefined
        ? undefined
        : openDeskAlerts({
            ...options.alerts,
            runner: { storedMs: STORED_BUFFERS * buffer.ms, ...options.alerts.runner },
            folder,
            store,
            clock,
            log,
            files,
            busy,
            ticked: (states) => metrics.gauges(states, clock.nowMs()),
          });
    const ledger =
      options.ledger === undefined
        ? undefined
        : openDeskLedger({
            ...options.ledger,
            folder,
            store: alerts === undefined ? store : watched(store, (key) => alerts.derived(key)),
            clock,
            log,
            files,
            busy,
          });
    const ingestion: Ingestion = await openIngestion({
      wal: folder.wal,
      store,
      ...(ledger === undefined ? {} : { written: ({ key }) => ledger.runner.push(key) }),
      judged: (verdict) => {
        metrics.onVerdict(verdict);
        alerts?.judged(verdict);
      },
      producer: streams[0] ?? 'nightdesk',
      transform: options.transform,
      buffer,
      backlog: {
        slowBytes: options.backlog?.slowBytes ?? DEFAULTS.slowBytes,
        mostBytes: options.backlog?.mostBytes ?? DEFAULTS.mostBytes,
      },
      obstacle: () => (watermark.low ? 'the disk is nearly full' : undefined),
      clock,
      log,
      files,
    });
    undo.push(() => alerts?.stop(ALERTS_STOP_MS));
    undo.push(() => ledger?.stop(LEDGER_STOP_MS));
    undo.push(() => ingestion.stop(DRAIN_MS));
    ledger?.start();
    alerts?.start();
    const stats = (): DeskStats => {
      const reason = ingestion.intake.obstacle;
      return {
        status: reason === undefined ? 'ok' : 'refusing',
        ...(reason === undefined ? {} : { reason }),
        ...(watermark.freeBytes === undefined ? {} : { freeBytes: watermark.freeBytes }),
        startedAt: new Date(startedMs).toISOString(),
        ...(ledger === undefined ? {} : { ledger: ledger.runner.stats() }),
        ...(alerts === undefined ? {} : { alerts: alerts.stats() }),
        ...ingestion.stats(),
      };
    };
    const door = await openDoor({
      host,
      port,
      ...(tls === undefined ? {} : { tls }),
      ...(auth === undefined ? {} : { tokens: auth }),
      allowHosts: options.allowHosts ?? [],
      operationOf: firehoseOperations({ intake: ingestion.intake, clock, streams, createdMs: startedMs, buffer }),
      intake: ingestion.intake,
      health: stats,
      metrics: () => metrics.exposition(),
      clock,
      log,
    });
    undo.push(() => door.close(0));
    await note(files, folder, { pid: process.pid, url: door.url, startedAt: new Date(startedMs).toISOString() });
    return running({ door, ingestion, ledger, alerts, watermark, folder, stats, release: () => lock.release() });
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

interface Running {
  readonly door: RunningServer;
  readonly ingestion: Ingestion;
  readonly ledger: DeskLedger | undefined;
  readonly alerts: AlertRunner | undefined;
  readonly watermark: DiskWatermark;
  readonly folder: DataFolder;
  readonly stats: () => DeskStats;
  readonly release: () => void;
}

function running({ door, ingestion, ledger, alerts, watermark, folder, stats, release }: Running): Desk {
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    ingestion.intake.close('the desk is stopping');
    await door.close(REQUESTS_GRACE_MS);
    await ingestion.stop(DRAIN_MS);
    await ledger?.stop(LEDGER_STOP_MS); // after it: the last objects are shown to the ledger too
    await alerts?.stop(ALERTS_STOP_MS); // after both: they raise alerts to the end
    watermark.stop();
    await rm(folder.desk, { force: true });
    release();
  };
  return {
    url: door.url,
    folder,
    stats,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

async function makeRoot(files: Files, root: string): Promise<void> {
  try {
    await new DurableFolders(files).ensure(root);
  } catch (error) {
    // Where the folder is there and only its parent cannot be opened, somebody else made it and keeps it.
    if (errnoOf(error) === 'EACCES' && (await files.realPath(root).catch(() => undefined)) !== undefined) return;
    throw new NightdeskError('PATH_NOT_FOUND', `the data folder ${root} cannot be made: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Who runs here, for the other commands. */
const note = (
  files: Files,
  folder: DataFolder,
  facts: { pid: number; url: string; startedAt: string },
): Promise<void> =>
  replaceFile(
    files,
    { path: folder.desk, unfinished: join(folder.root, `desk.json.${facts.pid}.unfinished`) },
    Buffer.from(`${JSON.stringify(facts)}\n`),
  );

/** What is history to the alerts publishes no metric either. */
const measuredBy = ({ maxAge, silentModes }: AlertSettings): { maxAgeMs: number; silentModes: readonly string[] } => ({
  maxAgeMs: maxAge,
  silentModes,
});

/** A door that others can reach needs a lock, a name and a curtain. */
function assertSafe({ auth, tls, insecure, allowHosts }: DeskOptions, host: string): void {
  if (isLoopback(host)) return;
  const missing: string[] = [];
  if (auth === undefined || auth.length === 0) missing.push('--token-file');
  if (allowHosts === undefined || allowHosts.length === 0) missing.push('--allow-host');
  if (tls === undefined && insecure !== true) missing.push('--tls-cert and --tls-key (or --insecure)');
  if (missing.length > 0)
    throw new NightdeskError(
      'LISTEN_UNSAFE',
      `${host} can be reached by others: listening there needs ${missing.join(', ')}`,
    );
}
