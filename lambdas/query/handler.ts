import { AthenaClient } from '@aws-sdk/client-athena';
import { lambdaLog } from '../../lib/adapters/aws/lambda-log.ts';
import { createS3ObjectStore } from '../../lib/adapters/aws/object-store.ts';
import { createAthenaEngine } from '../../lib/adapters/aws/query-engine.ts';
import { s3Client } from '../../lib/adapters/aws/s3.ts';
import { createS3StateStore } from '../../lib/adapters/aws/state-store.ts';
import { firstDay } from '../../lib/core/lake/first-day.ts';
import type { Clock, Log, ObjectStore, QueryEngine, StateStore } from '../../lib/core/ports/index.ts';
import { athenaEngine } from '../../lib/core/query/athena-engine.ts';
import { readBoundaries } from '../../lib/core/query/boundaries.ts';
import { lakeViews } from '../../lib/core/query/lake-views.ts';
import { writeViews } from '../../lib/core/query/write-views.ts';
import { MOST_PARTITION_AGE_MS } from '../../lib/core/transform/clocks.ts';
import { type Environment, required } from '../support/environment.ts';

export interface QueryDeps {
  readonly engine: Pick<QueryEngine, 'run'>;
  readonly store: Pick<ObjectStore, 'list'>;
  readonly state: Pick<StateStore, 'get'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What CloudFormation says of the views; anybody else says nothing. */
export interface QueryEvent {
  readonly RequestType?: 'Create' | 'Update' | 'Delete';
}

type Query = (event?: QueryEvent) => Promise<{ readonly views: number }>;

/**
 * Writes all views. One that cannot be written fails the call, and with it the deploy. They begin with the first day of
 * the lake: of a query that names no day, Athena would look for objects in every one since 2000.
 */
export function createHandler({ engine, store, state, clock, log }: QueryDeps): Query {
  return async (event) => {
    if (event?.RequestType === 'Delete') return { views: 0 }; // they go with their database
    const first = await firstDay(store, { nowMs: clock.nowMs(), maxAgeMs: MOST_PARTITION_AGE_MS });
    const views = lakeViews({ engine: athenaEngine({ firstDay: first }), boundaries: await readBoundaries(state) });
    await writeViews(engine, views);
    log.info('views written', { views: views.length, firstDay: first });
    return { views: views.length };
  };
}

function open(environment: Environment): Query {
  const database = required(environment, 'NIGHTDESK_DATABASE');
  const workgroup = required(environment, 'NIGHTDESK_WORKGROUP');
  const lake = { client: s3Client(), bucket: required(environment, 'NIGHTDESK_LAKE_BUCKET') };
  return createHandler({
    engine: createAthenaEngine({ client: new AthenaClient({}), database, workgroup }),
    store: createS3ObjectStore(lake),
    state: createS3StateStore(lake),
    clock: { nowMs: Date.now },
    log: lambdaLog({ stage: 'query' }),
  });
}

let run: Query | undefined;

export const handler: Query = async (event) => {
  run ??= open(process.env);
  return run(event);
};
