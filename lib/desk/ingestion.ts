import type { Files } from '../adapters/local/files.ts';
import type { Clock, Log, ObjectStore } from '../core/ports/index.ts';
import type { TransformLine } from '../core/transform/types.ts';
import { Intake, type IntakeCounts } from './door/intake.ts';
import { WriteAheadLog } from './door/wal.ts';
import { Delivery, type DeliveryCounts, type DeliveryOptions } from './lake/delivery.ts';

export interface IngestionOptions {
  /** Folder of the write-ahead log. */
  readonly wal: string;
  readonly store: ObjectStore;
  readonly producer: string;
  readonly transform: TransformLine;
  readonly buffer: { readonly ms: number; readonly bytes: number };
  readonly backlog: { readonly slowBytes: number; readonly mostBytes: number };
  readonly obstacle: () => string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: Files;
  readonly segmentBytes?: number;
  /** Told of each object once it is in the lake. @default - nobody is */
  readonly written?: NonNullable<DeliveryOptions['written']>;
  /** Told of each verdict. @default - nobody is */
  readonly judged?: NonNullable<DeliveryOptions['judged']>;
  readonly retry?: NonNullable<DeliveryOptions['retry']>;
}

export interface IngestionStats {
  readonly intake: Readonly<IntakeCounts>;
  readonly delivery: Readonly<DeliveryCounts>;
  /** Bytes taken in and not yet transformed. */
  readonly backlogBytes: number;
  /** Bytes of the write-ahead log on disk. */
  readonly walBytes: number;
  /** Entries of an earlier run that were taken up at the start. */
  readonly restored: number;
}

/** Intake, write-ahead log and delivery, tied together. */
export interface Ingestion {
  readonly intake: Intake;
  stats(): IngestionStats;
  /** Delivers what was taken in, for at most so long; what is left is taken up at the next start. */
  stop(timeoutMs: number): Promise<void>;
}

/** Opens the way from the door into the lake and takes up what an earlier run left. */
export async function openIngestion(options: IngestionOptions): Promise<Ingestion> {
  const { clock, log, files, buffer, backlog, segmentBytes, written, judged, retry } = options;
  const wal = await WriteAheadLog.open({
    folder: options.wal,
    files,
    log,
    committed: (entry) => delivery.push(entry),
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  const delivery: Delivery = new Delivery({
    store: options.store,
    transform: options.transform,
    clock,
    log,
    producer: options.producer,
    bufferMs: buffer.ms,
    bufferBytes: buffer.bytes,
    transformed: (entry) => intake.release(entry),
    delivered: (position) => wal.checkpoint(position),
    ...(written === undefined ? {} : { written }),
    ...(judged === undefined ? {} : { judged }),
    ...(retry === undefined ? {} : { retry }),
  });
  const obstacle = (): string | undefined =>
    delivery.failing === undefined ? options.obstacle() : `the lake cannot be written: ${delivery.failing}`;
  const intake: Intake = new Intake({ wal, clock, log, ...backlog, obstacle });

  let restored = 0;
  for await (const entry of wal.replay()) {
    delivery.push(entry);
    restored++;
    await intake.restore(entry);
  }
  if (restored > 0) log.info('took up what an earlier desk had not brought to the lake', { calls: restored });

  return {
    intake,
    stats: () => ({
      intake: intake.counts,
      delivery: delivery.counts,
      backlogBytes: intake.heldBytes,
      walBytes: wal.bytes,
      restored,
    }),
    async stop(timeoutMs) {
      intake.close('the desk is stopping');
      await wal.flushed();
      if (!(await delivery.drain(timeoutMs)))
        log.warn('not everything reached the lake; the rest is taken up at the next start');
      await wal.close();
    },
  };
}
