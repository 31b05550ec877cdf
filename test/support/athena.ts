import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../lib/core/errors.ts';
import { AthenaTables, type TableResult } from './athena-tables.ts';

/** How the server misbehaves; each may be set anew while it runs. */
export interface AthenaFaults {
  /** Calls yet to be refused as too many, by operation. */
  throttle: Record<string, number>;
  /** Calls yet to be carried out without an answer: the connection breaks. */
  loseAnswers: Record<string, number>;
  /** Statements that end so instead of being run. */
  fail: (sql: string) => { readonly state: 'FAILED' | 'CANCELLED'; readonly reason: string } | undefined;
  /** Statements that run until they are stopped. */
  hang: (sql: string) => boolean;
}

export interface AthenaServerOptions {
  /** Folder with the keys of a lake, such as `<data folder>/lake`. It may change while the server runs. */
  readonly lake: string;
  /** Whether the views of a deployed stack are there from the beginning. @default true */
  readonly views?: boolean;
  /** @default nightdesk */
  readonly database?: string;
  /** @default nightdesk */
  readonly workgroup?: string;
  /** Answers of GetQueryExecution before a statement is done: one QUEUED, the others RUNNING. @default 1 */
  readonly polls?: number;
  /** Most bytes one query may scan; a query reads, as this server counts, the bytes of all objects of the lake. @default - no limit */
  readonly scanLimitBytes?: number;
}

export interface AthenaServer {
  /** For `endpoint` of the client, or AWS_ENDPOINT_URL_ATHENA. */
  readonly endpoint: string;
  /** SQL of every statement started, in order. */
  readonly statements: readonly string[];
  /** Statements that were stopped while they ran. */
  readonly stopped: readonly string[];
  /** How often each operation was called, refused calls included. */
  readonly calls: Readonly<Record<string, number>>;
  readonly faults: AthenaFaults;
  close(): Promise<void>;
}

interface Execution {
  readonly sql: string;
  state: 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
  reason?: string;
  polls: number;
  result?: TableResult;
  scannedBytes: number;
}

/**
 * A server that speaks Athena's protocol (AWS JSON 1.1) and runs statements on DuckDB over a lake folder, in which tables
 * named and made like those of `glueTables` stand. It is not Trino: what only Trino refuses it lets pass (`test/trino`).
 */
export async function startAthena(options: AthenaServerOptions): Promise<AthenaServer> {
  const athena = new FakeAthena(options, await AthenaTables.open(options));
  const server = createServer((request, response) => {
    athena
      .answer(request, response)
      .catch((error: unknown) => send(response, 500, refusal('InternalServerException', messageOf(error))));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    statements: athena.statements,
    stopped: athena.stopped,
    calls: athena.calls,
    faults: athena.faults,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      athena.tables.close();
    },
  };
}

type Answer = Readonly<Record<string, unknown>>;
class Refused extends Error {}

class FakeAthena {
  readonly statements: string[] = [];
  readonly stopped: string[] = [];
  readonly calls: Record<string, number> = {};
  readonly faults: AthenaFaults = { throttle: {}, loseAnswers: {}, fail: () => undefined, hang: () => false };
  readonly tables: AthenaTables;
  readonly #options: AthenaServerOptions;
  readonly #executions = new Map<string, Execution>();
  readonly #tokens = new Map<string, string>();

  constructor(options: AthenaServerOptions, tables: AthenaTables) {
    this.#options = options;
    this.tables = tables;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const operation = String(request.headers['x-amz-target']).replace('AmazonAthena.', '');
    this.calls[operation] = (this.calls[operation] ?? 0) + 1;
    if (request.headers.authorization === undefined)
      return send(response, 400, refusal('UnrecognizedClientException', 'The request is not signed.'));
    if (taken(this.faults.throttle, operation))
      return send(response, 400, {
        ...refusal('TooManyRequestsException', 'Rate exceeded'),
        Reason: 'CONCURRENT_QUERY_LIMIT_EXCEEDED',
      });
    try {
      const answer = await this.#carryOut(operation, JSON.parse(Buffer.concat(chunks).toString()) as Input);
      if (taken(this.faults.loseAnswers, operation)) response.destroy();
      else send(response, 200, answer);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      send(response, 400, refusal('InvalidRequestException', error.message));
    }
  }

  async #carryOut(operation: string, input: Input): Promise<Answer> {
    switch (operation) {
      case 'StartQueryExecution':
        return { QueryExecutionId: await this.#start(input) };
      case 'GetQueryExecution':
        return { QueryExecution: this.#status(input) };
      case 'GetQueryResults':
        return this.#results(input);
      case 'StopQueryExecution':
        return this.#stop(input);
      case 'GetWorkGroup': {
        const { scanLimitBytes } = this.#options;
        const Configuration = scanLimitBytes === undefined ? {} : { BytesScannedCutoffPerQuery: scanLimitBytes };
        return { WorkGroup: { Name: input.WorkGroup, Configuration } };
      }
      case 'ListTableMetadata':
        return { TableMetadataList: await this.tables.relations() };
      default:
        throw new Refused(`no operation ${operation}`);
    }
  }

  async #start(input: Input): Promise<string> {
    const { workgroup = 'nightdesk', database = 'nightdesk', polls = 1 } = this.#options;
    const { QueryString: sql = '', ClientRequestToken: token = '', WorkGroup, QueryExecutionContext } = input;
    if (WorkGroup !== workgroup) throw new Refused(`WorkGroup ${WorkGroup} is not found.`);
    if (token.length < 32 || token.length > 128) throw new Refused('ClientRequestToken must have 32 to 128 characters');
    if (sql === '' || Buffer.byteLength(sql) > 262_144) throw new Refused('QueryString must have 1 to 262144 bytes');
    const known = this.#tokens.get(token);
    if (known !== undefined) return known;
    const id = randomUUID();
    const scannedBytes = await this.tables.bytes();
    const execution: Execution = { sql, state: 'QUEUED', polls, scannedBytes };
    this.statements.push(sql);
    this.#executions.set(id, execution);
    this.#tokens.set(token, id);
    const { scanLimitBytes = Number.POSITIVE_INFINITY } = this.#options;
    const failure =
      this.faults.fail(sql) ??
      (scannedBytes > scanLimitBytes
        ? ({ state: 'CANCELLED', reason: 'Query cancelled! : Bytes scanned limit was exceeded' } as const)
        : QueryExecutionContext?.Database === database
          ? undefined
          : ({
              state: 'FAILED',
              reason: `SCHEMA_NOT_FOUND: line 1:1: Schema '${QueryExecutionContext?.Database}' does not exist`,
            } as const));
    if (failure !== undefined) end(execution, failure.state, failure.reason);
    else if (!this.faults.hang(sql)) await this.#run(execution);
    return id;
  }

  async #run(execution: Execution): Promise<void> {
    try {
      execution.result = await this.tables.run(execution.sql);
      execution.state = 'SUCCEEDED';
    } catch (error) {
      end(execution, 'FAILED', trinoMessage(messageOf(error)));
    }
  }

  #status({ QueryExecutionId: id = '' }: Input): Answer {
    const execution = this.#known(id);
    const { sql, reason, scannedBytes } = execution;
    const seen = this.#seen(execution);
    execution.polls -= 1;
    return {
      QueryExecutionId: id,
      Query: sql,
      StatementType: statementType(sql),
      Status: {
        State: seen,
        ...(seen === execution.state && reason !== undefined ? { StateChangeReason: reason } : {}),
      },
      Statistics: { DataScannedInBytes: scannedBytes, TotalExecutionTimeInMillis: 1 },
    };
  }

  /** The state as a caller sees it: what is done shows only after some polls. */
  #seen({ state, polls }: Execution): Execution['state'] {
    if (polls <= 0) return state === 'QUEUED' ? 'RUNNING' : state;
    return polls >= (this.#options.polls ?? 1) ? 'QUEUED' : 'RUNNING';
  }

  #results({ QueryExecutionId: id = '', NextToken, MaxResults = 1000 }: Input): Answer {
    const execution = this.#known(id);
    if (MaxResults < 1 || MaxResults > 1000) throw new Refused('MaxResults must be from 1 to 1000');
    if (execution.result === undefined)
      throw new Refused(`Query has not yet finished. Current state: ${execution.state}`);
    const { columns, rows, header } = execution.result;
    const all = header ? [columns.map(({ name }) => name), ...rows] : rows;
    const from = NextToken === undefined ? 0 : Number(NextToken);
    const page = all.slice(from, from + MaxResults);
    return {
      ...(from + MaxResults < all.length ? { NextToken: String(from + MaxResults) } : {}),
      ResultSet: {
        Rows: page.map((row) => ({ Data: row.map((cell) => (cell === null ? {} : { VarCharValue: cell })) })),
        ResultSetMetadata: { ColumnInfo: columns.map(({ name, type }) => ({ Name: name, Type: type })) },
      },
    };
  }

  #stop({ QueryExecutionId: id = '' }: Input): Answer {
    const execution = this.#known(id);
    if (execution.state === 'QUEUED' || execution.state === 'RUNNING') {
      this.stopped.push(execution.sql);
      end(execution, 'CANCELLED', 'Query was cancelled by user');
    }
    return {};
  }

  #known(id: string): Execution {
    const execution = this.#executions.get(id);
    if (execution === undefined) throw new Refused(`QueryExecution ${id} was not found`);
    return execution;
  }
}

interface Input {
  readonly QueryString?: string;
  readonly ClientRequestToken?: string;
  readonly WorkGroup?: string;
  readonly QueryExecutionContext?: { readonly Database?: string };
  readonly QueryExecutionId?: string;
  readonly NextToken?: string;
  readonly MaxResults?: number;
}

function end(execution: Execution, state: 'FAILED' | 'CANCELLED', reason: string): void {
  execution.state = state;
  execution.reason = reason;
}

function taken(left: Record<string, number>, operation: string): boolean {
  const calls = left[operation] ?? 0;
  left[operation] = Math.max(0, calls - 1);
  return calls > 0;
}

const statementType = (sql: string): string =>
  /^\s*create\b/i.test(sql) ? 'DDL' : /^\s*(?:show|describe|explain)\b/i.test(sql) ? 'UTILITY' : 'DML';

/** DuckDB's word for the commonest mistake in Trino's. */
function trinoMessage(message: string): string {
  const [, table] = /Table with name (\S+) does not exist/.exec(message) ?? [];
  return table === undefined
    ? `SYNTAX_ERROR: ${message}`
    : `TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.nightdesk.${table}' does not exist`;
}

const refusal = (type: string, message: string): Answer => ({ __type: type, message });

function send(response: ServerResponse, status: number, body: Answer): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() });
  response.end(JSON.stringify(body));
}
