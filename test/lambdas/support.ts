import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FirehoseClient } from '@aws-sdk/client-firehose';
import { onTestFinished } from 'vitest';
import type { FunctionContext } from '../../lambdas/support/context.ts';
import type { FunctionSettings } from '../../lib/core/config/function-settings.ts';
import { functionSettings, parseConfig } from '../../lib/core/config/index.ts';
import { LEDGER_DEFAULTS } from '../../lib/core/lifecycle/types.ts';
import type { FirehoseRecord } from '../../lib/core/transform/firehose.ts';
import { NOW_MS } from '../support/transform.ts';

export const SETTINGS: FunctionSettings = { ...functionSettings(parseConfig({}, 'test')), ledger: LEDGER_DEFAULTS };

/** An event of Firehose's transformation, as AWS documents it: 49 digits and a place make the id of a sub-record. */
export const firehoseEvent = (contents: readonly (string | Uint8Array)[], arrivedMs = NOW_MS) => ({
  invocationId: '2f1c6d1e-8f5c-4f3b-9a32-0d2a7f3a9b11',
  deliveryStreamArn: 'arn:aws:firehose:eu-west-1:123456789012:deliverystream/nightdesk',
  region: 'eu-west-1',
  records: contents.map(
    (content, index): FirehoseRecord => ({
      recordId: `4954698637830045604417000000000000000000000000000${String(index).padStart(7, '0')}`,
      approximateArrivalTimestamp: arrivedMs,
      data: Buffer.from(content).toString('base64'),
    }),
  ),
});

/** A context of which so much time is left, from now on. */
export function contextOf(timeoutMs = 120_000): FunctionContext {
  const endMs = performance.now() + timeoutMs;
  return { getRemainingTimeInMillis: () => Math.max(0, endMs - performance.now()) };
}

export interface Put {
  readonly operation: string;
  readonly stream: string;
  readonly records: readonly Buffer[];
}

/** An answer of Firehose; undefined hangs. */
export type Answer = { readonly status?: number; readonly body: unknown } | undefined;

export type Answering = (put: Put) => Answer;

/** Accepts every record. */
export const accepting = ({ records }: Put): Answer => ({
  body: { FailedPutCount: 0, RequestResponses: records.map((_, i) => ({ RecordId: `id-${i}` })) },
});

/** Refuses the records of these places. */
export const refusing =
  (refused: (index: number) => boolean) =>
  ({ records }: Put): Answer => ({
    body: {
      FailedPutCount: records.filter((_, i) => refused(i)).length,
      RequestResponses: records.map((_, i) =>
        refused(i) ? { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' } : { RecordId: `id-${i}` },
      ),
    },
  });

export const exception = (name: string, status: number): Answer => ({
  status,
  body: { __type: `com.amazonaws.firehose#${name}`, message: 'no' },
});

export interface Call {
  /** As `secretsmanager.GetSecretValue`. */
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A server for AWS's JSON protocol. */
export async function awsStub(answer: (call: Call) => Answer) {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call: Call = {
      operation: String(request.headers['x-amz-target']),
      body: JSON.parse(Buffer.concat(chunks).toString()),
    };
    calls.push(call);
    const said = answer(call);
    if (said === undefined) return;
    response.writeHead(said.status ?? 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(said.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { calls, endpoint: `http://127.0.0.1:${port}` };
}

/** What a call of PutRecordBatch puts. */
export const putOf = ({ operation, body }: Call): Put => ({
  operation,
  stream: String(body.DeliveryStreamName),
  records: (body.Records as readonly { readonly Data: string }[]).map(({ Data }) => Buffer.from(Data, 'base64')),
});

/** A server that answers PutRecordBatch call by call, the last answer for ever; and a real client for it. */
export async function firehoseStub(...answers: readonly Answering[]) {
  const puts: Put[] = [];
  const { endpoint } = await awsStub((call) => {
    const put = putOf(call);
    const answer = answers[Math.min(puts.length, answers.length - 1)] ?? accepting;
    puts.push(put);
    return answer(put);
  });
  return { puts, client: clientFor(endpoint) };
}

/** A real client, with made-up keys. */
export function clientFor(endpoint: string): FirehoseClient {
  const client = new FirehoseClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test-secret' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return client;
}
