import { type Ingested, ingestedOf } from './ingest.ts';
import { metricsPerStrategy, stackMetrics } from './metrics.ts';
import { DAYS_PER_MONTH, GB, HOURS_PER_MONTH, KB, MB, MINUTES_PER_MONTH, SECONDS_PER_MONTH } from './units.ts';
import type { Workload } from './workload.ts';

/** How the stack is built, as far as it costs. Times are of functions; those marked ≈ are estimates until a stack was measured. */
export const STACK = {
  /** Lambda buffer of Firehose: whichever comes first. */
  transformBufferBytes: 0.2 * MB,
  transformBufferSeconds: 2,
  /** Objects never grow beyond the S3 buffer, before compression. */
  objectBytes: 128 * MB,
  /** SQS to the lifecycle function. */
  lifecycleBatch: 1_000,
  lifecycleWindowSeconds: 60,
  /** Lambda asks a queue by so many pollers, each waiting up to 20 s, and takes at most ten messages at once. */
  pollers: 5,
  pollSeconds: 20,
  receiveBatch: 10,
  /** Memory of each function, MB; a vCPU comes with 1,769. */
  memoryMb: { transform: 1024, lifecycle: 2048, alerts: 1024, snapshots: 2048, reconcile: 3008 },
  vcpuMb: 1_769,
  /** ≈ processor time on one vCPU, µs: twice what the benches show of a desktop’s core. */
  transformUsPerEvent: 50,
  lifecycleUsPerEvent: 100,
  reconcileUsPerEvent: 120,
  alertsUsPerEvent: 60,
  /** SQS to the alerts function; ≈ share of the transform’s invocations that show the rules anything at once. */
  alertWindowSeconds: 1,
  alertShare: 0.5,
  /** ≈ seconds of waiting: of any invocation, of an object read (20 ms, four at once), of a state read and written. */
  secondsPerInvocation: 0.02,
  secondsPerObject: 0.005,
  secondsPerTurn: 0.1,
  /** ≈ objects of derived rows that a turn of a ledger writes: one of the session index, one of the ledger itself. */
  derivedPerTurn: 2,
  /** ≈ bytes of such an object, and of the state of a strategy, compressed. */
  derivedBytes: 2 * KB,
  stateBytes: 512 * KB,
  /** Lines that Lambda writes of itself and ours, bytes of one invocation. */
  logBytesPerInvocation: 900,
  /** ≈ bytes of a line of metrics: what is always there, and what each metric adds. */
  emfBytes: 300,
  emfBytesPerMetric: 60,
  /** ≈ metrics in a line of the transform: those of the events of one strategy that came together. */
  emfMetricsPerLine: 4,
  /** CloudWatch keeps logs compressed. */
  logRatio: 0.15,
  /** ≈ streams that a query asks: one and what it is joined with. */
  streamsPerQuery: 3,
  /** Prefixes that a query lists for each stream of a day: events, late and derived. */
  tiers: 3,
  /** Days that events of each class are kept, and ≈ their share of the bytes; what is derived is of class audit. */
  keptDays: { audit: 7 * 365, raw: 400, debug: 30 },
  classShare: { audit: 0.15, raw: 0.8, debug: 0.05 },
  /** Athena reads at least so much a query. */
  leastScanBytes: 10 * MB,
  /** ≈ requests to Glue that a query makes. */
  glueRequestsPerQuery: 5,
  /** ≈ tables and views. */
  glueObjects: 120,
  /** Traces that X-Ray takes of a function: one a second, and of the rest this share. */
  tracesPerSecond: 1,
  traceShare: 0.05,
  /** Share of S3 requests that reach KMS with a bucket key; a queue asks anew every five minutes. */
  kmsShare: 0.01,
  kmsQueueSeconds: 300,
} as const;

export type FunctionName = keyof typeof STACK.memoryMb;

export type RetentionClass = keyof typeof STACK.keptDays;

export interface FunctionUse {
  readonly invocations: number;
  readonly gbSeconds: number;
}

/** What a workload uses in a month, in the units of nobody’s bill: the physics of the stack. */
export interface Usage {
  readonly ingested: Ingested;
  /** Lines as stored, before compression. */
  readonly storedBytes: number;
  /** The same, compressed. */
  readonly gzipBytes: number;
  /** Objects that Firehose writes. */
  readonly objects: number;
  /** Times that the ledger of a strategy is read, changed and written. */
  readonly turns: number;
  readonly derivedObjects: number;
  readonly functions: Readonly<Record<FunctionName, FunctionUse>>;
  readonly snapshotWrites: number;
  readonly snapshotReads: number;
  readonly reconcileReads: number;
  /** Of the listing of states, once a tick. */
  readonly tickLists: number;
  /** Times that the alerts of a strategy are read, changed and written. */
  readonly alertTurns: number;
  /** Times that they are only read, by the clock. */
  readonly alertReads: number;
  readonly queries: number;
  readonly scannedBytes: number;
  readonly queryReads: number;
  readonly queryLists: number;
  readonly queueRequests: number;
  readonly alertQueueRequests: number;
  readonly scheduled: number;
  readonly metrics: number;
  readonly functionLogBytes: number;
  readonly metricLogBytes: number;
  readonly traces: number;
  /** Events stored on average in the month that is billed, compressed, by class of retention. */
  readonly lakeBytes: Readonly<Record<RetentionClass, number>>;
  readonly derivedBytes: number;
  readonly stateBytes: number;
  readonly kmsRequests: number;
}

/** What the stack uses in the month that is billed. Bots are taken to be busy round the clock, which is the dearest way to have so many events. */
export function usageOf(workload: Workload): Usage {
  const ingested = ingestedOf(workload);
  const { events, records, sentBytes } = ingested;
  const storedBytes = sentBytes * workload.expansion;
  const gzipBytes = storedBytes / workload.gzipRatio;
  // A partition is written once an interval where anything came for it; at most each event is an object.
  const intervals = (SECONDS_PER_MONTH * 1000) / workload.bufferMs;
  const objects = Math.max(Math.min(workload.streams * intervals, events), storedBytes / STACK.objectBytes);
  // A strategy with news is worked on once by the queue, and once by the clock when lateness is over.
  const active = Math.min(workload.strategies * MINUTES_PER_MONTH, events);
  const turns = 2 * active;
  const derivedObjects = active * STACK.derivedPerTurn;
  const senders = Math.min(workload.strategies, events);

  const woken = Math.max(
    Math.min(objects, SECONDS_PER_MONTH / STACK.lifecycleWindowSeconds),
    objects / STACK.lifecycleBatch,
  );
  const ticks = MINUTES_PER_MONTH;
  const strategyHours = Math.min(workload.strategies * HOURS_PER_MONTH, events);
  const nights = workload.reconcileDays === 0 ? 0 : DAYS_PER_MONTH;
  const reconcileReads = workload.reconcileDays * (objects + derivedObjects);
  const transforms = Math.max(
    Math.min(records, SECONDS_PER_MONTH / STACK.transformBufferSeconds),
    sentBytes / STACK.transformBufferBytes,
  );
  // What may fire a rule at once, and the objects that the ledger took in and wrote.
  const shown = transforms * STACK.alertShare;
  const told = shown + woken + Math.min(ticks, active);
  const alertCalls = Math.min(told, SECONDS_PER_MONTH / STACK.alertWindowSeconds);
  const alertTurns = alertCalls + active;
  const functions = {
    transform: functionUse('transform', {
      invocations: transforms,
      cpuSeconds: (events * STACK.transformUsPerEvent) / 1e6,
      waitSeconds: 0,
    }),
    lifecycle: functionUse('lifecycle', {
      invocations: woken + ticks,
      cpuSeconds: (events * STACK.lifecycleUsPerEvent) / 1e6,
      waitSeconds: objects * STACK.secondsPerObject + turns * STACK.secondsPerTurn,
    }),
    alerts: functionUse('alerts', {
      invocations: alertCalls + ticks,
      cpuSeconds: (events * STACK.alertsUsPerEvent) / 1e6,
      waitSeconds: objects * STACK.secondsPerObject + alertTurns * STACK.secondsPerTurn,
    }),
    snapshots: functionUse('snapshots', {
      invocations: HOURS_PER_MONTH,
      cpuSeconds: 0,
      waitSeconds: strategyHours * STACK.secondsPerTurn,
    }),
    reconcile: functionUse('reconcile', {
      invocations: nights,
      cpuSeconds: (events * workload.reconcileDays * STACK.reconcileUsPerEvent) / 1e6,
      waitSeconds: reconcileReads * STACK.secondsPerObject,
    }),
  };

  const queries = workload.queriesPerDay * DAYS_PER_MONTH;
  // Of a day; a query that names no day reads more, and --scan says so.
  const asked = Math.min(STACK.streamsPerQuery, workload.streams) / workload.streams;
  const scan = Math.max(STACK.leastScanBytes, workload.scanBytes ?? (gzipBytes / DAYS_PER_MONTH) * asked);
  const isPublishing = workload.publish && events > 0;
  const publishing = isPublishing ? Math.min(workload.metricStrategies, events) : 0;
  const perStrategy = metricsPerStrategy(workload.dimensions, workload.extraMetrics);
  // The transform writes a line of the stack, and one of each strategy that a record came of.
  const transformLines = isPublishing ? transforms + Math.min(transforms * publishing, records) : 0;
  const invocations = Object.values(functions).map((one) => one.invocations);
  const usage = {
    ingested,
    storedBytes,
    gzipBytes,
    objects,
    turns,
    derivedObjects,
    functions,
    snapshotWrites: strategyHours * 2,
    snapshotReads: strategyHours * 3,
    reconcileReads,
    tickLists: ticks,
    queries,
    scannedBytes: queries * scan,
    queryReads: queries * (objects / DAYS_PER_MONTH) * asked,
    queryLists: queries * asked * workload.streams * STACK.tiers,
    alertTurns,
    alertReads: alertTurns + objects + ticks * senders,
    queueRequests: queueRequests(objects),
    alertQueueRequests: queueRequests(told),
    scheduled: 2 * ticks + HOURS_PER_MONTH + nights,
    metrics: isPublishing ? publishing * perStrategy + stackMetrics(workload.extraMetrics) : 0,
    functionLogBytes: sum(invocations) * STACK.logBytesPerInvocation,
    metricLogBytes:
      publishing * MINUTES_PER_MONTH * lineBytes(perStrategy) + transformLines * lineBytes(STACK.emfMetricsPerLine),
    traces: workload.tracing ? sum(invocations.map(traced)) : 0,
    lakeBytes: {
      audit: gzipBytes * STACK.classShare.audit * monthsKept('audit', workload),
      raw: gzipBytes * STACK.classShare.raw * monthsKept('raw', workload),
      debug: gzipBytes * STACK.classShare.debug * monthsKept('debug', workload),
    },
    derivedBytes: derivedObjects * STACK.derivedBytes * monthsKept('audit', workload),
    stateBytes: senders * STACK.stateBytes,
  };
  return { ...usage, kmsRequests: workload.kms ? kmsRequests(usage) : 0 };
}

/** Months’ worth that the lake holds in the middle of the month that is billed. */
const monthsKept = (retention: RetentionClass, { month }: Workload): number =>
  Math.min(month - 0.5, STACK.keptDays[retention] / DAYS_PER_MONTH);

/** Of a line of metrics. */
const lineBytes = (metrics: number): number => STACK.emfBytes + metrics * STACK.emfBytesPerMetric;

/** Time in a function of less than a whole vCPU passes the slower, and costs as much: what is billed is the processor. */
function functionUse(
  name: FunctionName,
  { invocations, cpuSeconds, waitSeconds }: { invocations: number; cpuSeconds: number; waitSeconds: number },
): FunctionUse {
  const memoryMb = STACK.memoryMb[name];
  const slower = Math.max(1, STACK.vcpuMb / memoryMb);
  const seconds = invocations * STACK.secondsPerInvocation + waitSeconds + cpuSeconds * slower;
  return { invocations, gbSeconds: seconds * (memoryMb / 1024) };
}

/** A message in for each object, its share of a receive and a delete, and the asking while there is none. */
function queueRequests(objects: number): number {
  const asking = (SECONDS_PER_MONTH / STACK.pollSeconds) * STACK.pollers;
  const batches = objects / STACK.receiveBatch;
  return objects + Math.max(asking, batches) + batches;
}

function traced(invocations: number): number {
  const first = Math.min(invocations, SECONDS_PER_MONTH * STACK.tracesPerSecond);
  return first + (invocations - first) * STACK.traceShare;
}

const kmsRequests = (usage: Omit<Usage, 'kmsRequests'>): number =>
  STACK.kmsShare * (writesOf(usage) + readsOf(usage)) + 2 * (SECONDS_PER_MONTH / STACK.kmsQueueSeconds);

const writesOf = ({ objects, turns, derivedObjects, snapshotWrites, alertTurns }: Omit<Usage, 'kmsRequests'>): number =>
  objects + turns + derivedObjects + snapshotWrites + alertTurns;

const readsOf = (usage: Omit<Usage, 'kmsRequests'>): number =>
  usage.objects + usage.turns + usage.snapshotReads + usage.reconcileReads + usage.queryReads + usage.alertReads;

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Compressed bytes as the GB that AWS bills. */
export const gb = (bytes: number): number => bytes / GB;
