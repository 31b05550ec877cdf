import type { Files } from '../../adapters/local/files.ts';
import { gunzip, gzip } from '../../adapters/local/gzip.ts';
import { sha256 } from '../../adapters/local/sha256.ts';
import { createFolderStateStore } from '../../adapters/local/state-store.ts';
import { messageOf } from '../../core/errors.ts';
import { JOIN_AHEAD_US } from '../../core/lifecycle/join.ts';
import { createLedger, type Ledger, type LedgerPorts } from '../../core/lifecycle/ledger.ts';
import type { LedgerConfig } from '../../core/lifecycle/types.ts';
import type { Clock, Log, ObjectStore } from '../../core/ports/index.ts';
import type { DataFolder } from '../data-folder.ts';
import { LedgerRunner, type LedgerRunnerOptions } from './runner.ts';
import { createScheduler, type Job } from './scheduler.ts';

export interface DeskLedgerOptions {
  readonly config: LedgerConfig;
  /** Work for closed hours and days. @default - none */
  readonly jobs?: (desk: JobContext) => readonly Job[];
  readonly runner?: Pick<LedgerRunnerOptions, 'gatherMs' | 'tickMs' | 'retry'>;
}

/** What scheduled jobs work with. */
export interface JobContext {
  readonly ledger: Ledger;
  readonly ports: LedgerPorts;
  readonly config: LedgerConfig;
  readonly folder: DataFolder;
}

export interface DeskLedger {
  readonly runner: LedgerRunner;
  start(): void;
  /** Takes in what was written last, for at most so long. */
  stop(timeoutMs: number): Promise<void>;
}

export interface Surroundings {
  readonly folder: DataFolder;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: Files;
  readonly busy: () => boolean;
}

/** The ledger of a desk: fed by what is written, told the time, with its scheduled jobs. */
export function openDeskLedger(options: DeskLedgerOptions & Surroundings): DeskLedger {
  const { config, folder, store, clock, log, files, busy, jobs = () => [] } = options;
  const state = createFolderStateStore(folder.lake, { files });
  const ports: LedgerPorts = { store, state, clock, log, gzip, gunzip, sha256 };
  const ledger = createLedger(ports, config);
  const runner = new LedgerRunner({ ledger, store, state, clock, log, busy, ...options.runner });
  const scheduler = createScheduler({
    jobs: jobs({ ledger, ports, config, folder }),
    state,
    clock,
    log,
    graceMs: Math.max(120_000, config.latenessMs * 8),
  });
  return {
    runner,
    start() {
      runner.start();
      scheduler.start();
    },
    async stop(timeoutMs) {
      await Promise.all([runner.stop(timeoutMs), scheduler.stop()]);
      await settle(ports, config);
    },
  };
}

/**
 * Folds what waits for late events: nobody asks a stopped desk again in a moment. What comes late after all is folded
 * in its place at the next start.
 */
async function settle(ports: LedgerPorts, config: LedgerConfig): Promise<void> {
  const clock: Clock = { nowMs: () => ports.clock.nowMs() + JOIN_AHEAD_US / 1000 + 1 };
  try {
    await createLedger({ ...ports, clock }, { ...config, latenessMs: 0 }).tick();
  } catch (error) {
    ports.log.warn('the last seconds are folded at the next start', { reason: messageOf(error) });
  }
}
