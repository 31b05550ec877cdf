import { AthenaClient } from '@aws-sdk/client-athena';
import { createAthenaEngine } from '../adapters/aws/query-engine.ts';
import type { StreamingEngine } from '../core/query/dialect.ts';
import { clientConfig } from './clients.ts';
import type { Deployed } from './open-stack.ts';

/** Athena over the lake of a stack, which says what it read. */
export interface StackAthena extends StreamingEngine {
  /** Bytes that all statements so far read, also those that failed. */
  scannedBytes(): number;
}

/** @throws QUERY_FAILED, AWS_REFUSED, AWS_UNAVAILABLE from each query; closing cancels what runs */
export function athenaOf({
  database,
  workgroup,
  region,
}: Pick<Deployed, 'database' | 'workgroup' | 'region'>): StackAthena {
  const client = new AthenaClient(clientConfig(region));
  let scanned = 0;
  const engine = createAthenaEngine({
    client,
    database,
    workgroup,
    onStatistics: ({ scannedBytes }) => {
      scanned += scannedBytes;
    },
  });
  return {
    run: (sql) => engine.run(sql),
    stream: (sql) => engine.stream(sql),
    scannedBytes: () => scanned,
    async close() {
      await engine.close();
      client.destroy();
    },
  };
}
