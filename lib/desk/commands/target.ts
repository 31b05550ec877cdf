import type { Lake } from '../../adapters/local/duckdb.ts';
import { NightdeskError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/ports/index.ts';
import { DUCKDB, type SqlDialect, type StreamingEngine, TRINO } from '../../core/query/dialect.ts';
import type { TransformLine } from '../../core/transform/types.ts';
import { dataFolder } from '../data-folder.ts';
import { type StackOptions, stackOf } from './options.ts';
import { bytes, say } from './output.ts';

/** The lake that a command reads: that of a data folder, or that of a stack. */
export interface Target {
  readonly engine: StreamingEngine;
  readonly sql: SqlDialect;
  readonly store: ObjectStore;
  /** Queries that it answers at once. */
  readonly atOnce: number;
  /** The transform that the lake's own door runs. */
  transform(): Promise<TransformLine>;
  /** Says what the queries read, where that costs money. */
  sayCost(): void;
  close(): Promise<void>;
}

/** Athena runs so many of an account at once in any region; others want some too. */
const ATHENA_AT_ONCE = 5;

/** Ctrl-C, and what `timeout` and schedulers send: a query that nobody waits for is billed all the same. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** @throws what `openStack` throws, and USAGE */
export async function openTarget(options: StackOptions & { readonly data: string }): Promise<Target> {
  return options.aws ? openDeployed(options) : openLocal(options);
}

async function openLocal({ data, region }: StackOptions & { readonly data: string }): Promise<Target> {
  if (region !== undefined) throw new NightdeskError('USAGE', '--region goes with --aws');
  const [{ openLake }, { createFolderStore }] = await Promise.all([
    import('../../adapters/local/duckdb.ts'),
    import('../../adapters/local/object-store.ts'),
  ]);
  const engine: Lake = await openLake(data);
  return {
    engine,
    sql: DUCKDB,
    store: createFolderStore(dataFolder(data).lake),
    atOnce: 1,
    transform: async () => (await import('../settings.ts')).transformOf(data),
    sayCost: () => undefined,
    close: () => engine.close(),
  };
}

async function openDeployed(options: StackOptions): Promise<Target> {
  const [{ openStack, stackSettings }, { stackTransform }, { athenaOf }, { lakeStore }] = await Promise.all([
    import('../../cloud/open-stack.ts'),
    import('../../cloud/stack-transform.ts'),
    import('../../cloud/athena.ts'),
    import('../../cloud/lake-store.ts'),
  ]);
  const deployed = await openStack(stackOf(options));
  const store = lakeStore(deployed);
  const athena = athenaOf(deployed);
  const onSignal = (): void => {
    unlisten(); // the second one ends at once
    say('cancelling the query in Athena');
    store.stop();
    void athena.close();
  };
  const unlisten = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    engine: athena,
    sql: TRINO,
    store,
    atOnce: ATHENA_AT_ONCE,
    transform: async () => stackTransform(deployed, await stackSettings(deployed)),
    sayCost: () => say(`${bytes(athena.scannedBytes())} scanned in Athena`),
    async close() {
      unlisten();
      await athena.close();
      store.close();
    },
  };
}
