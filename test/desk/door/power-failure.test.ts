import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DurableFolders } from '../../../lib/adapters/local/durable.ts';
import { createFolderStore } from '../../../lib/adapters/local/object-store.ts';
import { type Ingestion, openIngestion } from '../../../lib/desk/ingestion.ts';
import { listeningLog, plainTransform, steppingClock, storedLines, takeRecords } from '../support/stand-in.ts';
import { VolatileFiles } from '../support/volatile-files.ts';

const open = async (files: VolatileFiles): Promise<Ingestion> => {
  await new DurableFolders(files).ensure('/data');
  return openIngestion({
    wal: '/data/wal',
    store: createFolderStore('/data/lake', { files }),
    producer: 'test',
    transform: plainTransform,
    buffer: { ms: 3, bytes: 400 },
    backlog: { slowBytes: 1e6, mostBytes: 1e7 },
    obstacle: () => undefined,
    clock: steppingClock(),
    log: listeningLog(),
    files,
    segmentBytes: 600,
    retry: { firstMs: 1, maxMs: 2 },
  });
};

/** Takes calls until all are answered or the power has failed. @returns raw line → record id of each acknowledged record */
async function takeUntilFailure(
  files: VolatileFiles,
  name: string,
  calls: readonly number[],
): Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>();
  const working = async (): Promise<void> => {
    const { intake, stop } = await open(files);
    const answers = calls.map(async (records, call) => {
      for (let wait = 0; wait < call % 7; wait++) await new Promise(setImmediate);
      const lines = Array.from(
        { length: records },
        (_, index) => `${index % 2 ? 'order' : 'gate'}: ${name} ${call}.${index}`,
      );
      const ids = await takeRecords(intake, lines, 1_764_763_200_000 + call);
      for (const [index, line] of lines.entries()) acknowledged.set(line, ids[index] ?? '');
    });
    await Promise.all(answers);
    await stop(10_000);
  };
  const failed = async (): Promise<void> => {
    while (files.operations.at(-1) !== 'power failure') await new Promise(setImmediate);
  };
  await Promise.race([working(), failed()]);
  return acknowledged;
}

test('whatever the moment of a power failure, or of two, every acknowledged event is in the lake under one identity, and every object is whole', async () => {
  const calls = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 });
  const moment = fc.integer({ min: 1, max: 90 });
  await fc.assert(
    fc.asyncProperty(calls, moment, moment, fc.infiniteStream(fc.boolean()), async (sizes, first, second, coins) => {
      const coin = (): boolean => coins.next().value ?? false;
      const before = new VolatileFiles(first);
      const acknowledged = await takeUntilFailure(before, 'first', sizes);
      const between = before.afterPowerFailure(coin, second);
      for (const [line, id] of await takeUntilFailure(between, 'second', sizes)) acknowledged.set(line, id);
      const after = between.afterPowerFailure(coin);
      await (await open(after)).stop(10_000);

      const stored = await storedLines(createFolderStore('/data/lake', { files: after }));
      const identities = new Map<string, Set<string>>();
      for (const { raw, event_id } of stored) identities.set(raw, (identities.get(raw) ?? new Set()).add(event_id));
      for (const [line, id] of acknowledged) expect([...(identities.get(line) ?? [])], line).toEqual([id]);
      for (const ids of identities.values()) expect(ids.size).toBe(1); // what was not acknowledged may be there, once
      const left = (await after.list('/data/wal')).map(({ name }) => name);
      expect(left.filter((name) => name !== 'checkpoint.json' && !name.endsWith('.damaged'))).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
