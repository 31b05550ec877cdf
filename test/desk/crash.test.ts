import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { expect, test } from 'vitest';
import { createFolderStore } from '../../lib/adapters/local/object-store.ts';
import { parseKey } from '../../lib/core/lake/keys.ts';
import { exampleEvent, type LakeEvent } from '../support/lake.ts';
import { tempFolder } from '../support/temp.ts';
import { type DeskProcess, startDeskProcess } from './support/process.ts';

const KILLS = 20;
const WORKERS = 4;

/** Numbers in 0..1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A record of two lines: one that carries its identity, one whose identity is its position. */
function record(marker: string): Uint8Array {
  const event = (order_id: string, over: LakeEvent): string =>
    JSON.stringify(exampleEvent('order', { strategy_id: 'bot', session_id: 's1', order_id, ...over }));
  return Buffer.from(
    `${event(`${marker}.own`, { event_id: marker })}\n${event(`${marker}.position`, { event_id: undefined })}\n`,
  );
}

/** Puts batches until the desk is gone. @returns the markers of all records that were acknowledged */
async function putUntilGone({ url }: DeskProcess, name: string): Promise<string[]> {
  const client = new FirehoseClient({
    endpoint: url,
    region: 'local',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  const acknowledged: string[] = [];
  for (let call = 0; ; call++) {
    const markers = Array.from({ length: 1 + (call % 9) }, (_, index) => `${name}-${call}-${index}`);
    const command = new PutRecordBatchCommand({
      DeliveryStreamName: 'nightdesk',
      Records: markers.map((marker) => ({ Data: record(marker) })),
    });
    try {
      const { RequestResponses = [] } = await client.send(command);
      for (const [index, { RecordId }] of RequestResponses.entries())
        if (RecordId !== undefined) acknowledged.push(markers[index] ?? '');
    } catch {
      client.destroy();
      return acknowledged;
    }
  }
}

test('killed twenty times under load, at any moment, a desk brings every acknowledged event to the lake exactly once', {
  timeout: 120_000,
}, async () => {
  const data = tempFolder();
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const random = randomFrom(seed);
  const acknowledged: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const desk = await startDeskProcess(['--data', data, '--buffer-ms', '60']);
    const puts = Array.from({ length: WORKERS }, (_, worker) => putUntilGone(desk, `${kill}-${worker}`));
    await sleep(10 + random() * 290);
    expect(await desk.end('SIGKILL')).toBe('SIGKILL');
    for (const markers of await Promise.all(puts)) acknowledged.push(...markers);
  }
  const last = await startDeskProcess(['--data', data]);
  expect(await last.end('SIGTERM'), last.said()).toBe(0);

  const identities = new Map<string, Set<string>>();
  const store = createFolderStore(join(data, 'lake'));
  for await (const { key } of store.list('events/')) {
    expect(parseKey(key)?.stream, key).toBe('order');
    const text = gunzipSync((await store.get(key)) ?? Buffer.alloc(0)).toString();
    for (const line of text.trimEnd().split('\n')) {
      const { strategy_id, session_id, stream, event_id, order_id, ingested_at } = JSON.parse(line) as Record<
        string,
        string
      >;
      const known = identities.get(order_id ?? '') ?? new Set();
      // The date and `ingested_at` are in it too: a view removes only duplicates that agree in them.
      identities.set(
        order_id ?? '',
        known.add([strategy_id, session_id, stream, event_id, parseKey(key)?.date, ingested_at].join(' ')),
      );
    }
  }
  const wrong = acknowledged
    .flatMap((marker) => [`${marker}.own`, `${marker}.position`])
    .filter((order) => identities.get(order)?.size !== 1);
  expect(wrong, `seed ${seed}`).toEqual([]);
  const events = new Set([...identities.values()].flatMap((known) => [...known]));
  expect(events.size, 'no two events share an identity').toBe(identities.size);
  expect(acknowledged.length).toBeGreaterThan(KILLS);
});
