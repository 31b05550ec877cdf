import { AthenaClient, paginateListTableMetadata } from '@aws-sdk/client-athena';
import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { DescribeDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { CATALOG, INPUT_STREAMS } from '../core/catalog/index.ts';
import { messageOf } from '../core/errors.ts';
import { isRedrivenNote, redrivenNoteKey, writtenAt } from '../core/lake/error-keys.ts';
import { dateOf, NO_CLOCK_DATE, PREFIXES, partitionPrefix } from '../core/lake/keys.ts';
import type { ObjectStore, QueryEngine } from '../core/ports/index.ts';
import type { Found, StackFacts } from '../core/query/stack-facts.ts';
import { literal } from '../core/query/text.ts';
import { QUARANTINE } from '../core/transform/quarantine.ts';
import { athenaOf } from './athena.ts';
import { clientConfig } from './clients.ts';
import { lakeStore } from './lake-store.ts';
import { type Deployed, stackSettings } from './open-stack.ts';
import { type Asked, refusal } from './refusal.ts';

const DAY_MS = 86_400_000;

/** Looks at a stack from all sides at once. Never throws: what cannot be looked at says why. */
export async function probeStack(deployed: Deployed, nowMs: number): Promise<Omit<StackFacts, 'local'>> {
  const store = lakeStore(deployed);
  const athena = athenaOf(deployed);
  try {
    const [door, alarms, errors, newest, quarantine, relations, settings] = await Promise.all([
      probeDoor(deployed),
      found(alarmsOf(deployed)),
      found(errorsIn(store)),
      found(newestIn(store, nowMs)),
      found(quarantineIn(athena, nowMs)),
      found(relationsOf(deployed)),
      found(stackSettings(deployed)),
    ]);
    const { stack, region, status } = deployed;
    return { stack, region, status, nowMs, ...door, alarms, errors, newest, quarantine, relations, settings };
  } finally {
    await athena.close();
    store.close();
  }
}

const found = <T>(looked: Promise<T>): Promise<Found<T>> =>
  looked.catch((error: unknown) => ({ problem: messageOf(error) }));

async function asking<T>(asked: Asked, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw refusal(error, asked);
  }
}

/** The delivery stream, and by the way what AWS's clock says. */
async function probeDoor({
  deliveryStream: name,
  region,
}: Deployed): Promise<Pick<StackFacts, 'delivery' | 'clockMs'>> {
  const client = new FirehoseClient(clientConfig(region));
  let clockMs: number | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const askedMs = Date.now();
      const answer = await next(args);
      clockMs = clockOf(answer.response, (askedMs + Date.now()) / 2) ?? clockMs;
      return answer;
    },
    { step: 'deserialize', priority: 'low' },
  );
  const asked = { todo: `look at the delivery stream ${name}`, permission: 'firehose:DescribeDeliveryStream', region };
  const delivery = await found(
    asking(asked, async () => {
      const command = new DescribeDeliveryStreamCommand({ DeliveryStreamName: name });
      const { DeliveryStreamDescription: described } = await client.send(command);
      const failure = described?.FailureDescription?.Details;
      return {
        name,
        status: described?.DeliveryStreamStatus ?? 'UNKNOWN',
        ...(failure === undefined ? {} : { failure }),
      };
    }),
  );
  client.destroy();
  return { delivery, clockMs };
}

/** A header's clock less this machine's; it has whole seconds, half a second on average is its rounding. */
function clockOf(response: unknown, ourMs: number): number | undefined {
  const { headers } = (typeof response === 'object' && response !== null ? response : {}) as {
    headers?: Readonly<Record<string, string>>;
  };
  const theirMs = Date.parse(headers?.date ?? '');
  return Number.isNaN(theirMs) ? undefined : Math.round(theirMs + 500 - ourMs);
}

function alarmsOf({ alarms: prefix, region }: Deployed): Promise<Exclude<StackFacts['alarms'], { problem: string }>> {
  const asked = { todo: 'look at the alarms', permission: 'cloudwatch:DescribeAlarms', region };
  return asking(asked, async () => {
    const client = new CloudWatchClient(clientConfig(region));
    const ringing: { name: string; reason: string; sinceMs: number | undefined }[] = [];
    let watched = 0;
    for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, { AlarmNamePrefix: prefix }))
      for (const {
        AlarmName: name = '',
        StateValue,
        StateReason: reason = '',
        StateTransitionedTimestamp,
      } of MetricAlarms) {
        watched++;
        if (StateValue === 'ALARM') ringing.push({ name, reason, sinceMs: StateTransitionedTimestamp?.getTime() });
      }
    client.destroy();
    return { watched, ringing };
  });
}

async function errorsIn(store: ObjectStore): Promise<Exclude<StackFacts['errors'], { problem: string }>> {
  const notes = new Set<string>();
  const objects: { key: string; bytes: number }[] = [];
  for await (const object of store.list(PREFIXES.errors))
    if (isRedrivenNote(object.key)) notes.add(object.key);
    else objects.push(object);
  const left = objects.filter(({ key }) => !notes.has(redrivenNoteKey(key)));
  const written = left.flatMap(({ key }) => writtenAt(key) ?? []).sort((a, b) => a - b);
  return {
    objects: left.length,
    bytes: left.reduce((sum, { bytes }) => sum + bytes, 0),
    oldestMs: written[0],
    newestMs: written.at(-1),
  };
}

/** Two days of every stream: a bucket may hold millions of objects, and what comes in is dated today or yesterday. */
async function newestIn(
  store: ObjectStore,
  nowMs: number,
): Promise<Exclude<StackFacts['newest'], { problem: string }>> {
  const dates = [dateOf(nowMs), dateOf(nowMs - DAY_MS), NO_CLOCK_DATE];
  const prefixes = INPUT_STREAMS.filter((name) => name !== QUARANTINE).flatMap((stream) =>
    (CATALOG[stream]?.versions ?? []).flatMap((version) =>
      dates.map((date) => partitionPrefix('events', { stream, version, date })),
    ),
  );
  let newest: { key: string; writtenMs: number } | undefined;
  await Promise.all(
    prefixes.map(async (prefix) => {
      for await (const { key } of store.list(prefix)) {
        const writtenMs = writtenAt(key);
        if (writtenMs !== undefined && writtenMs > (newest?.writtenMs ?? 0)) newest = { key, writtenMs };
      }
    }),
  );
  return newest ?? { key: undefined, writtenMs: undefined };
}

async function quarantineIn(
  athena: QueryEngine,
  nowMs: number,
): Promise<Exclude<StackFacts['quarantine'], { problem: string }>> {
  const since = `"date" >= ${literal(dateOf(nowMs - DAY_MS))}`;
  const [events, reasons] = await Promise.all([
    athena.run(`select count(*) as "events" from events where ${since}`),
    athena.run(
      `select "reason", count(*) as "lines" from quarantine where ${since} group by "reason" order by "lines" desc, "reason"`,
    ),
  ]);
  return {
    events: Number(events.rows[0]?.[0] ?? 0),
    reasons: reasons.rows.map(([reason, lines]) => ({ reason: String(reason), lines: Number(lines) })),
  };
}

function relationsOf({ database, workgroup, region }: Deployed): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const asked = { todo: `look at the views of ${database}`, permission: 'athena:ListTableMetadata', region };
  return asking(asked, async () => {
    const client = new AthenaClient(clientConfig(region));
    const relations = new Map<string, ReadonlySet<string>>();
    const pages = paginateListTableMetadata(
      { client },
      { CatalogName: 'AwsDataCatalog', DatabaseName: database, WorkGroup: workgroup },
    );
    for await (const { TableMetadataList = [] } of pages)
      for (const { Name = '', Columns = [], PartitionKeys = [] } of TableMetadataList)
        relations.set(Name, new Set([...Columns, ...PartitionKeys].flatMap(({ Name: column }) => column ?? [])));
    client.destroy();
    return relations;
  });
}
