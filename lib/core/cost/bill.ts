import { chargeOf, type Price } from './price.ts';
import { PRICES, type PriceId, type PriceTable } from './prices.ts';
import { DAYS_PER_MONTH, GB_PER_TB } from './units.ts';
import { gb, STACK, type Usage, usageOf } from './usage.ts';
import type { Workload } from './workload.ts';

/** One line of a bill. */
export interface BillItem {
  readonly service: string;
  readonly item: string;
  readonly quantity: number;
  readonly unit: string;
  /** USD for `per` units, after tiers and free tier; the first tier where there is no quantity. */
  readonly unitPrice: number;
  readonly per: number;
  readonly usd: number;
  /** Of the total, 0 to 1. */
  readonly share: number;
  readonly price: PriceId;
}

export interface Bill {
  /** What is charged, dearest first. */
  readonly items: readonly BillItem[];
  readonly totalUsd: number;
  /** Null where there are no events. */
  readonly usdPerMillionEvents: number | null;
  readonly usage: Usage;
}

/** The bill of one month. The items sum to the total; a price with tiers is shared out over its items by quantity. */
export function billOf(workload: Workload, prices: PriceTable = PRICES): Bill {
  const usage = usageOf(workload);
  const quantities = quantitiesOf(workload, usage);
  const totals = new Map<PriceId, number>();
  for (const { price, quantity } of quantities) totals.set(price, (totals.get(price) ?? 0) + quantity);
  const charged = quantities.map((line) => {
    const price = prices[line.price];
    const all = totals.get(line.price) ?? 0;
    const usd = all === 0 ? 0 : chargeOf(price, all, workload.freeTier ? price.free : 0) * (line.quantity / all);
    return { ...line, usd };
  });
  const totalUsd = charged.reduce((sum, { usd }) => sum + usd, 0);
  const items = charged
    .filter(({ quantity }) => quantity > 0)
    .map((line) => itemOf(line, prices[line.price], totalUsd))
    .sort((a, b) => b.usd - a.usd || (a.item < b.item ? -1 : 1));
  const { events } = usage.ingested;
  return { items, totalUsd, usdPerMillionEvents: events === 0 ? null : (totalUsd / events) * 1e6, usage };
}

interface Line {
  readonly price: PriceId;
  readonly item: string;
  readonly quantity: number;
}

function itemOf(line: Line & { usd: number }, price: Price, totalUsd: number): BillItem {
  return {
    service: price.service,
    item: line.item,
    quantity: line.quantity,
    unit: price.unit,
    unitPrice: (line.usd / line.quantity) * price.per,
    per: price.per,
    usd: line.usd,
    share: totalUsd === 0 ? 0 : line.usd / totalUsd,
    price: line.price,
  };
}

/** Every line that a bill may have, in the way of an event. */
function quantitiesOf(workload: Workload, usage: Usage): Line[] {
  const { functions } = usage;
  const compute = (Object.keys(functions) as (keyof typeof functions)[]).flatMap((name) => [
    { price: 'lambdaCompute', item: `compute: ${name}`, quantity: functions[name].gbSeconds } as const,
    { price: 'lambdaRequests', item: `requests: ${name}`, quantity: functions[name].invocations } as const,
  ]);
  const logs = usage.functionLogBytes + usage.metricLogBytes;
  return [
    { price: 'firehoseIngested', item: 'data taken in', quantity: gb(usage.ingested.billedBytes) },
    { price: 'firehosePartitioned', item: 'dynamic partitioning: data', quantity: gb(usage.storedBytes) },
    { price: 'firehoseObjects', item: 'dynamic partitioning: objects', quantity: usage.objects },
    ...compute,
    { price: 's3Writes', item: 'writes: delivered objects', quantity: usage.objects },
    { price: 's3Writes', item: 'writes: state of ledgers', quantity: usage.turns },
    { price: 's3Writes', item: 'writes: derived rows', quantity: usage.derivedObjects },
    { price: 's3Writes', item: 'writes: state of alerts', quantity: usage.alertTurns },
    { price: 's3Writes', item: 'writes: snapshots', quantity: usage.snapshotWrites },
    { price: 's3Writes', item: 'lists: states, every minute', quantity: 2 * usage.tickLists },
    { price: 's3Writes', item: 'lists: queries', quantity: usage.queryLists },
    { price: 's3Reads', item: 'reads: lifecycle', quantity: usage.objects + usage.turns },
    { price: 's3Reads', item: 'reads: alerts', quantity: usage.alertReads },
    { price: 's3Reads', item: 'reads: snapshots', quantity: usage.snapshotReads },
    { price: 's3Reads', item: 'reads: reconcile', quantity: usage.reconcileReads },
    { price: 's3Reads', item: 'reads: queries', quantity: usage.queryReads },
    { price: 's3Storage', item: 'storage: events, class raw', quantity: gb(usage.lakeBytes.raw) },
    { price: 's3Storage', item: 'storage: events, class audit', quantity: gb(usage.lakeBytes.audit) },
    { price: 's3Storage', item: 'storage: events, class debug', quantity: gb(usage.lakeBytes.debug) },
    { price: 's3Storage', item: 'storage: derived rows', quantity: gb(usage.derivedBytes) },
    { price: 's3Storage', item: 'storage: state', quantity: gb(usage.stateBytes) },
    { price: 'sqsRequests', item: 'queue of objects', quantity: usage.queueRequests },
    { price: 'sqsRequests', item: 'queue of alerts', quantity: usage.alertQueueRequests },
    { price: 'schedulerInvocations', item: 'schedules', quantity: usage.scheduled },
    { price: 'athenaScanned', item: 'queries', quantity: gb(usage.scannedBytes) / GB_PER_TB },
    { price: 'glueRequests', item: 'catalog requests', quantity: usage.queries * STACK.glueRequestsPerQuery },
    { price: 'glueObjects', item: 'catalog objects', quantity: STACK.glueObjects },
    { price: 'metrics', item: 'metrics of strategies and pipeline', quantity: usage.metrics },
    { price: 'alarms', item: 'alarms', quantity: workload.alarms },
    { price: 'compositeAlarms', item: 'alarm over all others', quantity: workload.alarms > 0 ? 1 : 0 },
    { price: 'dashboards', item: 'dashboards', quantity: workload.dashboards },
    { price: 'logsIngested', item: 'logs: functions', quantity: gb(usage.functionLogBytes) },
    { price: 'logsIngested', item: 'logs: metrics', quantity: gb(usage.metricLogBytes) },
    {
      price: 'logsStored',
      item: 'logs kept',
      quantity: (gb(logs) * STACK.logRatio * workload.logDays) / DAYS_PER_MONTH,
    },
    { price: 'traces', item: 'traces', quantity: usage.traces },
    { price: 'kmsKeys', item: 'key', quantity: workload.kms ? 1 : 0 },
    { price: 'kmsRequests', item: 'requests', quantity: usage.kmsRequests },
    { price: 'secrets', item: 'secrets', quantity: workload.secrets },
  ];
}
