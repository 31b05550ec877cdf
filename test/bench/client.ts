import { type FirehoseClient, PutRecordBatchCommand, PutRecordCommand } from '@aws-sdk/client-firehose';
import { MAX_BATCH_RECORDS, PACK_BYTES, PACK_LINES } from '../../lib/core/limits.ts';
import { DEFAULT_DELIVERY_STREAM } from '../../lib/desk/commands/options.ts';
import { firehoseClient } from '../../lib/desk/delivery-client.ts';
import type { LoadOptions, LoadResult, Mode } from './load.ts';
import { tradingLines } from './records.ts';

// A process of its own that sends as fast as it is answered, with the SDK's client, several calls at a time.

const AT_ONCE: Readonly<Record<Mode, number>> = { packed: 8, batch: 6, single: 16 };
const LINES = 20_000;

interface Call {
  readonly events: number;
  send(
    client: FirehoseClient,
  ): Promise<{ readonly FailedPutCount?: number | undefined; readonly $metadata: { readonly attempts?: number } }>;
}

const stream = { DeliveryStreamName: DEFAULT_DELIVERY_STREAM };

const batch = (records: readonly Uint8Array[], events: number): Call => {
  const Records = records.map((Data) => ({ Data }));
  return { events, send: (client) => client.send(new PutRecordBatchCommand({ ...stream, Records })) };
};

function callsOf(mode: Mode, lines: readonly string[]): Call[] {
  if (mode === 'single')
    return lines.map((line) => {
      const Record = { Data: Buffer.from(line) };
      return { events: 1, send: (client) => client.send(new PutRecordCommand({ ...stream, Record })) };
    });
  const size = mode === 'packed' ? PACK_LINES : MAX_BATCH_RECORDS;
  const groups = Array.from({ length: Math.floor(lines.length / size) }, (_, i) =>
    lines.slice(i * size, (i + 1) * size),
  );
  if (mode === 'batch')
    return groups.map((group) =>
      batch(
        group.map((line) => Buffer.from(line)),
        group.length,
      ),
    );
  return groups.map((group) => {
    const packed = Buffer.from(group.join('\n'));
    if (packed.length > PACK_BYTES)
      throw new Error(`${PACK_LINES} lines have ${packed.length} bytes: the bench's events are too long`);
    return batch([packed], group.length);
  });
}

async function run({ url, mode, seconds, events }: LoadOptions): Promise<LoadResult> {
  const client = firehoseClient({ endpoint: url });
  const calls = callsOf(mode, tradingLines(LINES));
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const untilMs = startMs + seconds * 1_000;
  let [started, taken, made, retries] = [0, 0, 0, 0];
  const sender = async (): Promise<void> => {
    for (let next = calls[started++ % calls.length]; next !== undefined; next = calls[started++ % calls.length]) {
      if (performance.now() >= untilMs || taken >= events) return;
      const { FailedPutCount, $metadata } = await next.send(client);
      if ((FailedPutCount ?? 0) > 0) throw new Error(`${FailedPutCount} records were refused`);
      taken += next.events;
      made++;
      retries += ($metadata.attempts ?? 1) - 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE[mode] }, sender));
  const { user, system } = process.cpuUsage(cpu);
  const took = (performance.now() - startMs) / 1_000;
  client.destroy();
  return { events: taken, calls: made, retries, seconds: took, cpuSeconds: (user + system) / 1e6 };
}

const options: LoadOptions = JSON.parse(process.argv[2] ?? '{}');
process.send?.(await run(options));
process.disconnect();
