import { AthenaClient } from '@aws-sdk/client-athena';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createHandler, handler } from '../../../lambdas/query/handler.ts';
import { createAthenaEngine } from '../../../lib/adapters/aws/query-engine.ts';
import { createFolderStore } from '../../../lib/adapters/local/object-store.ts';
import { createMemoryStateStore } from '../../../lib/adapters/memory/state-store.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { BOUNDARIES_KEY } from '../../../lib/core/query/boundaries.ts';
import { type AthenaServer, startAthena } from '../../support/athena.ts';
import { exampleEvent, writeLake } from '../../support/lake.ts';
import { startS3 } from '../../support/s3-fake.ts';
import { tempFolder } from '../../support/temp.ts';

const VIEWS = 2 * Object.keys(CATALOG).length + 1;
const clock = { nowMs: () => Date.parse('2025-11-21T12:00:00Z') };
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function open() {
  const data = tempFolder();
  const server = await startAthena({ lake: `${data}/lake`, views: false, polls: 0 });
  const client = new AthenaClient({
    endpoint: server.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const engine = createAthenaEngine({ client, database: 'nightdesk', workgroup: 'nightdesk', pollMs: 1 });
  onTestFinished(async () => {
    client.destroy();
    await server.close();
  });
  const state = createMemoryStateStore();
  const store = createFolderStore(`${data}/lake`);
  return { data, server, engine, state, deps: { engine, state, store, clock, log } };
}

test('every view is written, and can be asked', async () => {
  const { data, engine, deps } = await open();
  const event = exampleEvent('health');
  writeLake(data, [event, event]);

  expect(await createHandler(deps)()).toEqual({ views: VIEWS });
  expect((await engine.run('select event_id from events')).rows).toEqual([[event.event_id]]);
  expect((await engine.run('select count(*) from stored_health')).rows).toEqual([[2]]);
});

test('written again, the views are the same', async () => {
  const { server, deps } = await open();
  const run = createHandler(deps);
  await run();
  await run();

  expect(server.statements.slice(VIEWS).sort()).toEqual(server.statements.slice(0, VIEWS).sort());
});

test('a view that Athena refuses fails the call, by name and reason', async () => {
  const { server, deps } = await open();
  server.faults.fail = (sql) =>
    sql.includes('view "gate"') ? { state: 'FAILED', reason: 'no table gate_v1' } : undefined;

  await expect(createHandler(deps)()).rejects.toThrow(
    /2 of \d+ views not written\ngate: no table gate_v1\nevents: view gate that it uses was not written/,
  );
});

test('views begin with the first day of the lake, so that a query without a day lists few, and with events without a clock', async () => {
  const { data, server, engine, deps } = await open();
  const old = { ...exampleEvent('health'), event_id: 'old', ts_ms: Date.parse('2019-03-05') };
  writeLake(data, [exampleEvent('health'), old]);

  await createHandler(deps)();

  expect(server.statements.every((sql) => !sql.includes('"tier" = \'events\'') || sql.includes("'2019-03-05'"))).toBe(
    true,
  );
  expect((await engine.run('select count(*) from health')).rows).toEqual([[2]]);
});

test('a stack that is deleted writes no view', async () => {
  const { server, deps } = await open();

  expect(await createHandler(deps)({ RequestType: 'Delete' })).toEqual({ views: 0 });
  expect(server.statements).toEqual([]);
});

test('a boundary that cannot be read writes no view', async () => {
  const { server, state, deps } = await open();
  await state.put(BOUNDARIES_KEY, new TextEncoder().encode('{'), undefined);

  await expect(createHandler(deps)()).rejects.toMatchObject({ code: 'DATA_UNREADABLE' });
  expect(server.statements).toEqual([]);
});

test('the function takes its lake, database and workgroup from the environment', async () => {
  const athena: AthenaServer = await startAthena({
    lake: tempFolder(),
    views: false,
    polls: 0,
    database: 'd',
    workgroup: 'w',
  });
  const s3 = await startS3();
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await athena.close();
    await s3.close();
  });
  await expect(handler({})).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('NIGHTDESK_'),
  });
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL_ATHENA: athena.endpoint,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test-secret',
    NIGHTDESK_LAKE_BUCKET: s3.bucket,
    NIGHTDESK_DATABASE: 'd',
    NIGHTDESK_WORKGROUP: 'w',
  }))
    vi.stubEnv(name, value);

  expect(await handler({ RequestType: 'Create' })).toEqual({ views: VIEWS });
  expect(athena.statements.length).toBe(VIEWS);
});
