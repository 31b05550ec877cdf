import { AthenaClient } from '@aws-sdk/client-athena';
import { expect, onTestFinished, test } from 'vitest';
import {
  type AthenaOptions,
  createAthenaEngine,
  type QueryStatistics,
} from '../../../lib/adapters/aws/query-engine.ts';
import { type AthenaServer, type AthenaServerOptions, startAthena } from '../../support/athena.ts';
import { tempFolder } from '../../support/temp.ts';

/** The engine over the real client, and the server it asks. */
async function open(
  server: Partial<AthenaServerOptions> = {},
  options: Partial<AthenaOptions> = {},
): Promise<{ engine: ReturnType<typeof createAthenaEngine>; server: AthenaServer }> {
  const athena = await startAthena({ lake: tempFolder(), views: false, ...server });
  const client = new AthenaClient({
    endpoint: athena.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const engine = createAthenaEngine({ client, database: 'nightdesk', workgroup: 'nightdesk', pollMs: 1, ...options });
  onTestFinished(async () => {
    await engine.close();
    client.destroy();
    await athena.close();
  });
  return { engine, server: athena };
}

test('a statement is waited for until it is done, and its rows come without the row of names', async () => {
  const { engine, server } = await open({ polls: 4 });

  expect(await engine.run('select 1 as one, 2 as two')).toEqual({
    columns: [
      { name: 'one', type: 'integer' },
      { name: 'two', type: 'integer' },
    ],
    rows: [[1, 2]],
  });
  expect(server.calls).toEqual({ StartQueryExecution: 1, GetQueryExecution: 5, GetQueryResults: 1 });
});

test('values come as the types of their columns say', async () => {
  const { engine } = await open();
  const { rows } = await engine.run(
    `select true, cast(7 as bigint), cast(9007199254740993 as bigint), cast(0.1 as double), cast('nan' as double),
      cast('-infinity' as double), cast(1.5 as decimal(5,2)), cast('12345678901234567.25' as decimal(30,2)), 'x', '', null,
      cast('2025-11-21' as date), cast('2025-11-21 12:30:00' as timestamp), from_unixtime(0), [1, 2]`,
  );

  expect(rows).toEqual([
    [
      ...[
        true,
        7,
        9007199254740993n,
        0.1,
        Number.NaN,
        Number.NEGATIVE_INFINITY,
        1.5,
        '12345678901234567.25',
        'x',
        '',
        null,
      ],
      ...['2025-11-21', '2025-11-21T12:30:00.000000', '1970-01-01T00:00:00.000000Z', '[1, 2]'],
    ],
  ]);
});

test('a first row that says the names of its columns is lost to nobody', async () => {
  const { engine } = await open();

  expect((await engine.run(`select 'a' as a`)).rows).toEqual([['a']]);
  expect((await engine.run(`select 'a' as a where false`)).rows).toEqual([]);
});

test.each([0, 1, 999, 1000, 1001, 2500])('a result of %i rows comes whole, page by page', async (rows) => {
  const { engine, server } = await open();
  const { batches } = await engine.stream(`select i, i * 2 as twice from range(${rows}) as t(i) order by i`);
  const got: unknown[] = [];
  for await (const batch of batches) {
    expect(batch.length).toBeLessThanOrEqual(1000);
    got.push(...batch);
  }

  expect(got).toEqual(Array.from({ length: rows }, (_, i) => [i, i * 2]));
  expect(server.calls.GetQueryResults).toBe(Math.ceil((rows + 1) / 1000));
});

test('a result that nobody reads to its end is not fetched to its end', async () => {
  const { engine, server } = await open();
  const { batches } = await engine.stream('select i from range(5000) as t(i)');
  for await (const _ of batches) break;

  expect(server.calls.GetQueryResults).toBe(1);
});

test('what Athena says of a statement that failed is the message', async () => {
  const { engine, server } = await open();
  server.faults.fail = () => ({ state: 'FAILED', reason: "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved" });

  await expect(engine.run('select x')).rejects.toMatchObject({
    code: 'QUERY_FAILED',
    message: "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved",
  });
});

test('a stream that does not exist is answered with those that do', async () => {
  const { engine } = await open();

  await expect(engine.run('select * from trade')).rejects.toThrow(/does not exist\nThe streams are signals, .*"order"/);
});

test('a query beyond the scan limit names the limit, what it scanned and what to do', async () => {
  const { engine, server } = await open({ scanLimitBytes: 100_000_000_000 });
  server.faults.fail = () => ({ state: 'CANCELLED', reason: 'Query cancelled! : Bytes scanned limit was exceeded' });

  await expect(engine.run('select 1')).rejects.toMatchObject({
    code: 'QUERY_FAILED',
    message: expect.stringMatching(
      /workgroup nightdesk .* 100 GB.*scanned 0 B[\s\S]*Ask for fewer days[\s\S]*aws\.query\.scanLimit/,
    ),
  });
});

test('a query that somebody else cancelled says so', async () => {
  const { engine, server } = await open();
  server.faults.fail = () => ({ state: 'CANCELLED', reason: 'Query was cancelled by user' });

  await expect(engine.run('select 1')).rejects.toThrow('cancelled in Athena: Query was cancelled by user');
});

test('each statement tells what it scanned, one that failed too', async () => {
  const heard: QueryStatistics[] = [];
  const { engine } = await open({}, { onStatistics: (statistics) => heard.push(statistics) });
  await engine.run('select 1');
  await engine.run('select nothing').catch(() => undefined);

  expect(heard).toEqual([1, 2].map(() => ({ executionId: expect.any(String), scannedBytes: 0, totalMs: 1 })));
});

test('throttled calls are made again, of whatever kind', async () => {
  const { engine, server } = await open();
  Object.assign(server.faults.throttle, { StartQueryExecution: 3, GetQueryExecution: 2, GetQueryResults: 2 });

  expect((await engine.run('select 1')).rows).toEqual([[1]]);
  expect(server.statements).toEqual(['select 1']);
});

test('a service that throttles to the end is an outage, not a wrong query', async () => {
  const { engine, server } = await open();
  server.faults.throttle.StartQueryExecution = 100;

  await expect(engine.run('select 1')).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  expect(server.calls.StartQueryExecution).toBe(6);
});

test('a start whose answer got lost does not start the statement twice', async () => {
  const { engine, server } = await open();
  server.faults.loseAnswers.StartQueryExecution = 2;

  expect((await engine.run('select 1')).rows).toEqual([[1]]);
  expect(server.calls.StartQueryExecution).toBe(3);
  expect(server.statements).toEqual(['select 1']);
});

test('closing stops what still runs, in Athena too', async () => {
  const { engine, server } = await open();
  server.faults.hang = () => true;
  const running = engine.run('select 1');
  const settled = expect(running).rejects.toMatchObject({ code: 'QUERY_FAILED', message: 'the query was cancelled' });
  await expect.poll(() => server.calls.GetQueryExecution ?? 0).toBeGreaterThan(0);
  await engine.close();

  await settled;
  expect(server.stopped).toEqual(['select 1']);
});

test('a signal cancels what runs and what comes after', async () => {
  const controller = new AbortController();
  const { engine, server } = await open({}, { signal: controller.signal });
  server.faults.hang = () => true;
  const settled = expect(engine.run('select 1')).rejects.toThrow('cancelled');
  await expect.poll(() => server.calls.GetQueryExecution ?? 0).toBeGreaterThan(0);
  controller.abort();

  await settled;
  await expect(engine.run('select 2')).rejects.toThrow('cancelled');
  expect(server.stopped).toEqual(['select 1']);
  expect(server.statements).toEqual(['select 1']);
});

test('a statement that takes too long is stopped, and the message says how long', async () => {
  const { engine, server } = await open({}, { timeoutMs: 20 });
  server.faults.hang = () => true;

  await expect(engine.run('select 1')).rejects.toThrow(/still (?:queued|running) after 20 ms and was stopped/);
  expect(server.stopped).toEqual(['select 1']);
});

test('waits grow and stay bounded', async () => {
  const { engine, server } = await open({ polls: 40 });
  await engine.run('select 1');

  expect(server.calls.GetQueryExecution).toBe(41);
});

test('a statement longer than Athena takes is refused before it is sent', async () => {
  const { engine, server } = await open();

  await expect(engine.run(`select '${'é'.repeat(131_100)}'`)).rejects.toThrow(
    /262\d{3} bytes, Athena takes no more than 262144/,
  );
  expect(server.calls).toEqual({});
});

test('a workgroup that is not there is the words of Athena', async () => {
  const { engine } = await open({}, { workgroup: 'other' });

  await expect(engine.run('select 1')).rejects.toMatchObject({
    code: 'QUERY_FAILED',
    message: 'WorkGroup other is not found.',
  });
});

test('credentials that Athena refuses are named as such', async () => {
  const { server } = await open();
  const client = new AthenaClient({
    endpoint: server.endpoint,
    region: 'eu-west-1',
    credentials: () => Promise.reject(Object.assign(new Error('no profile'), { name: 'CredentialsProviderError' })),
  });
  const engine = createAthenaEngine({ client, database: 'nightdesk', workgroup: 'nightdesk' });

  await expect(engine.run('select 1')).rejects.toMatchObject({ code: 'AWS_REFUSED' });
  client.destroy();
});
