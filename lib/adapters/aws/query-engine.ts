import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type GetQueryResultsCommandOutput,
  GetWorkGroupCommand,
  type QueryExecution,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { NightdeskError } from '../../core/errors.ts';
import type { Cell, QueryEngine, QueryResult } from '../../core/ports/index.ts';
import type { RowStream } from '../../core/query/row-stream.ts';
import { type Columns, columnsOf, isHeader, rowOf } from './athena-cells.ts';
import { isForLater, refused, unsuccessful } from './athena-errors.ts';

/** What a statement cost. */
export interface QueryStatistics {
  /** Athena's id of the execution, by which its console finds it. */
  readonly executionId: string;
  /** Bytes read; Athena bills at least 10 MB of a query. */
  readonly scannedBytes: number;
  /** From the start to the end, waiting included, in ms. */
  readonly totalMs: number;
}

export interface AthenaOptions {
  readonly client: AthenaClient;
  readonly database: string;
  readonly workgroup: string;
  /** First wait for a statement, in ms; each next one is half as long again, up to 8 times this. @default 250 */
  readonly pollMs?: number;
  /** Longest that a statement may take, in ms. @default - 35 minutes; Athena's own limit is 30 for a SELECT */
  readonly timeoutMs?: number;
  /** Cancels what runs, here and in Athena. */
  readonly signal?: AbortSignal;
  /** Hears what each statement cost, also of one that failed. */
  readonly onStatistics?: (statistics: QueryStatistics) => void;
}

/** Athena over the lake of a stack. */
export interface Athena extends QueryEngine {
  /**
   * Runs one statement whose result may be larger than memory.
   * @throws QUERY_FAILED with Athena's own message, AWS_REFUSED, AWS_UNAVAILABLE
   */
  stream(sql: string): Promise<RowStream>;
}

const POLL_MS = 250;
const POLL_GROWTH = 1.5;
const LONGEST_POLL = 8;
const TIMEOUT_MS = 35 * 60_000;
/** The most that one call of GetQueryResults gives (its API reference). */
const PAGE_ROWS = 1000;
/** Most bytes of a statement (Athena, Service Quotas). */
const MAX_STATEMENT_BYTES = 262_144;
/** Tries of one call, the SDK's own included as one: throttling comes in bursts, and a statement is not started twice. */
const TRIES = 6;

export const createAthenaEngine = (options: AthenaOptions): Athena => new AthenaEngine(options);

class AthenaEngine implements Athena {
  readonly #options: AthenaOptions;
  readonly #pollMs: number;
  readonly #closed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<unknown>>();

  constructor(options: AthenaOptions) {
    this.#options = options;
    this.#pollMs = options.pollMs ?? POLL_MS;
    this.#signal =
      options.signal === undefined ? this.#closed.signal : AbortSignal.any([options.signal, this.#closed.signal]);
  }

  async run(sql: string): Promise<QueryResult> {
    const { columns, batches } = await this.stream(sql);
    const rows: (readonly Cell[])[] = [];
    for await (const batch of batches) for (const row of batch) rows.push(row);
    return { columns, rows };
  }

  async stream(sql: string): Promise<RowStream> {
    const finished = this.#finish(sql);
    this.#running.add(finished);
    try {
      const id = await finished;
      const first = await this.#page(id, sql);
      const columns = columnsOf(first.ResultSet?.ResultSetMetadata?.ColumnInfo ?? []);
      return { columns, batches: this.#batches(first, { id, sql, columns }) };
    } finally {
      this.#running.delete(finished);
    }
  }

  /** Stops what still runs, in Athena too: a statement that nobody waits for is billed all the same. */
  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.allSettled(this.#running);
  }

  /** Starts a statement and waits for its end. @returns the id of its execution */
  async #finish(sql: string): Promise<string> {
    const id = await this.#start(sql);
    try {
      const execution = await this.#wait(id, sql);
      this.#tell(id, execution);
      if (execution.Status?.State === 'SUCCEEDED') return id;
      throw unsuccessful(execution, {
        sql,
        workgroup: this.#options.workgroup,
        scanLimitBytes: await this.#scanLimit(execution),
      });
    } catch (error) {
      if (!(error instanceof NightdeskError && error.code === 'QUERY_FAILED') || this.#signal.aborted)
        await this.#stop(id);
      throw error;
    }
  }

  async #start(sql: string): Promise<string> {
    const bytes = Buffer.byteLength(sql);
    if (bytes > MAX_STATEMENT_BYTES)
      throw new NightdeskError(
        'QUERY_FAILED',
        `the statement has ${bytes} bytes, Athena takes no more than ${MAX_STATEMENT_BYTES}`,
      );
    const { database: Database, workgroup: WorkGroup } = this.#options;
    const command = new StartQueryExecutionCommand({
      QueryString: sql,
      QueryExecutionContext: { Database },
      WorkGroup,
      ClientRequestToken: randomUUID(), // one for all tries: a try whose answer got lost has started the statement
    });
    // Not cancelled midway: a statement that was started without its id being known could not be stopped.
    this.#assertOpen();
    const { QueryExecutionId: id } = await this.#call(() => this.#options.client.send(command), {
      todo: 'start the query',
      sql,
    });
    if (id === undefined) throw new NightdeskError('AWS_REFUSED', 'Athena started a query and did not say which');
    return id;
  }

  async #wait(id: string, sql: string): Promise<QueryExecution> {
    const { client, timeoutMs = TIMEOUT_MS } = this.#options;
    const until = performance.now() + timeoutMs;
    const command = new GetQueryExecutionCommand({ QueryExecutionId: id });
    for (let waitMs = this.#pollMs; ; waitMs = Math.min(waitMs * POLL_GROWTH, this.#pollMs * LONGEST_POLL)) {
      const { QueryExecution: execution = {} } = await this.#call(
        () => client.send(command, { abortSignal: this.#signal }),
        { todo: 'say how the query stands', sql },
      );
      const state = execution.Status?.State;
      if (state !== 'QUEUED' && state !== 'RUNNING') return execution;
      if (performance.now() >= until) {
        await this.#stop(id);
        throw new NightdeskError(
          'QUERY_FAILED',
          `the query was still ${state.toLowerCase()} after ${timeoutMs} ms and was stopped`,
        );
      }
      await this.#pause(waitMs);
    }
  }

  #page(id: string, sql: string, token?: string): Promise<GetQueryResultsCommandOutput> {
    const command = new GetQueryResultsCommand({
      QueryExecutionId: id,
      MaxResults: PAGE_ROWS,
      ...(token === undefined ? {} : { NextToken: token }),
    });
    return this.#call(() => this.#options.client.send(command, { abortSignal: this.#signal }), {
      todo: 'give the result of the query',
      sql,
    });
  }

  async *#batches(
    first: GetQueryResultsCommandOutput,
    { id, sql, columns }: { id: string; sql: string; columns: Columns },
  ): AsyncGenerator<readonly (readonly Cell[])[]> {
    const [head, ...rest] = first.ResultSet?.Rows ?? [];
    const rows = head === undefined || isHeader(columns, head) ? rest : [head, ...rest];
    yield rows.map((row) => rowOf(columns, row));
    for (let token = first.NextToken; token !== undefined; ) {
      const page = await this.#page(id, sql, token);
      yield (page.ResultSet?.Rows ?? []).map((row) => rowOf(columns, row));
      token = page.NextToken;
    }
  }

  /** Makes a call until it is answered, throttled or not. @throws what `refused` makes of the last error */
  async #call<T>(send: () => Promise<T>, context: { todo: string; sql: string }): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await send();
      } catch (error) {
        this.#assertOpen();
        if (tries === TRIES || !isForLater(error)) throw refused(error, context);
        // Full jitter: many readers are throttled together.
        await this.#pause(Math.random() * this.#pollMs * 2 ** tries);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#signal }).catch(() => this.#assertOpen());
  }

  #assertOpen(): void {
    if (!this.#signal.aborted) return;
    throw new NightdeskError('QUERY_FAILED', 'the query was cancelled', { cause: this.#signal.reason });
  }

  /** Best effort: who may not stop it has to leave it running. */
  async #stop(id: string): Promise<void> {
    await this.#options.client.send(new StopQueryExecutionCommand({ QueryExecutionId: id })).catch(() => undefined);
  }

  #tell(executionId: string, { Statistics }: QueryExecution): void {
    this.#options.onStatistics?.({
      executionId,
      scannedBytes: Statistics?.DataScannedInBytes ?? 0,
      totalMs: Statistics?.TotalExecutionTimeInMillis ?? 0,
    });
  }

  /** The workgroup's limit, for the message of a query that went beyond it; undefined where it may not be read. */
  async #scanLimit({ Status }: QueryExecution): Promise<number | undefined> {
    if (Status?.State !== 'CANCELLED') return undefined;
    const command = new GetWorkGroupCommand({ WorkGroup: this.#options.workgroup });
    const answer = await this.#options.client.send(command, { abortSignal: this.#signal }).catch(() => undefined);
    return answer?.WorkGroup?.Configuration?.BytesScannedCutoffPerQuery;
  }
}
