import { PACK_LINES } from '../limits.ts';
import { type Bill, type BillItem, billOf } from './bill.ts';
import { dearestDimension } from './metrics.ts';
import { PRICES, type PriceTable } from './prices.ts';
import type { Workload } from './workload.ts';

/** A change of the set-up, and what it saves a month. */
export interface Tip {
  readonly tip: string;
  readonly savesUsd: number;
}

export interface Advice {
  /** The dearest line of the bill, and what makes it grow. */
  readonly driver: { readonly item: BillItem; readonly because: string } | null;
  /** What saves most; null where nothing saves a twentieth. */
  readonly tip: Tip | null;
}

/** What is worth a change: a smaller part of the bill is not. */
const WORTH = 0.05;

export function adviceOn(workload: Workload, bill: Bill, prices: PriceTable = PRICES): Advice {
  const item = bill.items[0];
  const tips = changesOf(workload)
    .map(({ tip, change }) => ({
      tip,
      savesUsd: bill.totalUsd - billOf({ ...workload, ...change }, prices).totalUsd,
    }))
    .sort((a, b) => b.savesUsd - a.savesUsd);
  const best = tips[0];
  return {
    driver: item === undefined ? null : { item, because: becauseOf(item.item) },
    tip: best !== undefined && best.savesUsd >= bill.totalUsd * WORTH ? best : null,
  };
}

interface Change {
  readonly tip: string;
  readonly change: Partial<Workload>;
}

const LONGER_FLUSH_MS = 10_000;
const LONGER_BUFFER_MS = 300_000;

function changesOf(workload: Workload): Change[] {
  const { linesPerRecord, flushMs, bufferMs, dimensions, tracing } = workload;
  const changes: Change[] = [];
  const packing = 'Firehose bills each record as if it were a multiple of 5 KB';
  if (linesPerRecord !== null && linesPerRecord < PACK_LINES)
    changes.push({
      tip: `put up to ${PACK_LINES} lines into one record: ${packing}`,
      change: { linesPerRecord: PACK_LINES },
    });
  if (linesPerRecord === null && flushMs < LONGER_FLUSH_MS)
    changes.push({
      tip: `let producers gather lines for ${LONGER_FLUSH_MS / 1000} s before they send (--flush): ${packing}`,
      change: { flushMs: LONGER_FLUSH_MS },
    });
  if (bufferMs < LONGER_BUFFER_MS)
    changes.push({
      tip: 'let Firehose gather for 300 s (--buffer 5m): fewer objects to write, to notify of and to read, and data four minutes later',
      change: { bufferMs: LONGER_BUFFER_MS },
    });
  if (tracing) changes.push({ tip: 'turn tracing off (--no-tracing)', change: { tracing: false } });
  const dearest = dearestDimension(workload);
  if (dearest !== undefined) {
    const { [dearest.dimension]: values, ...rest } = dimensions;
    changes.push(
      values === undefined
        ? {
            tip: 'publish no metrics (--no-metrics), or those of a few strategies (--budget): SQL answers from the lake anyway',
            change: { publish: false, metricStrategies: 0 },
          }
        : {
            tip: `drop the dimension ${dearest.dimension} from the metrics: its ${values} values multiply them`,
            change: { dimensions: rest },
          },
    );
  }
  return changes;
}

const BECAUSE: readonly (readonly [RegExp, string])[] = [
  [/^data taken in/, 'it grows with bytes, and with records that are not full: each is rounded up to 5 KB'],
  [/^dynamic partitioning: data/, 'it grows with the bytes stored'],
  [/objects$/, 'it grows with the streams in use and with how often Firehose writes, not with events'],
  [/^compute/, 'it grows with events and with what wakes the functions'],
  [/^requests/, 'it grows with what wakes the functions'],
  [/^writes: state of alerts/, 'it grows with how often events come that a rule may fire at'],
  [/^writes: (state|derived|snap)/, 'it grows with the strategies that are busy in a minute'],
  [/^storage/, 'it grows every month, with all that was kept'],
  [/^queries$/, 'it grows with the queries and with what each reads'],
  [/^reads: reconcile/, 'it grows with the objects of the days that are compared every night'],
  [/^metrics/, 'it grows with strategies times the values of each dimension, whatever the events'],
  [/^logs: metrics/, 'it grows with the strategies that publish metrics'],
  [/^logs/, 'it grows with what wakes the functions'],
  [/^traces/, 'it grows with what wakes the functions: X-Ray takes the first call of every second'],
];

const becauseOf = (item: string): string =>
  BECAUSE.find(([pattern]) => pattern.test(item))?.[1] ?? 'it is there whether events come or not';
