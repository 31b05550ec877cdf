import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface SqsEntry {
  readonly Id: string;
  readonly MessageBody: string;
}

interface SqsCall {
  readonly QueueUrl: string;
  readonly Entries: readonly SqsEntry[];
}

interface Failure {
  readonly Code: string;
  readonly SenderFault: boolean;
}

/** What the queue does with a call: takes all but those that failed, refuses the call, or breaks it off. */
export type SqsAnswer =
  | { readonly failed?: Readonly<Record<string, Failure | undefined>> }
  | { readonly error: string; readonly status: number }
  | 'hang'
  | 'reset';
export type SqsAnswering = (entries: readonly SqsEntry[]) => SqsAnswer;

/** Takes every message. */
export const taking: SqsAnswering = () => ({});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** A server that speaks SQS's JSON protocol: answers SendMessageBatch call by call, and takes everything once the answers are used up. */
export async function sqsStub(...answers: readonly SqsAnswering[]) {
  const calls: SqsCall[] = [];
  const sent: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call = JSON.parse(Buffer.concat(chunks).toString()) as SqsCall;
    const answer = (answers[calls.length] ?? taking)(call.Entries);
    calls.push(call);
    if (answer === 'hang') return;
    if (answer === 'reset') return void request.socket.destroy();
    const say = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify(body));
    };
    if ('error' in answer) return say(answer.status, { __type: `com.amazonaws.sqs#${answer.error}`, message: 'no' });
    const failed = call.Entries.filter(({ Id }) => answer.failed?.[Id] !== undefined);
    const taken = call.Entries.filter(({ Id }) => answer.failed?.[Id] === undefined);
    sent.push(...taken.map(({ MessageBody }) => MessageBody));
    say(200, {
      Failed: failed.map(({ Id }) => ({ Id, ...answer.failed?.[Id], Message: 'no' })),
      Successful: taken.map(({ Id, MessageBody }) => ({ Id, MessageId: `m${Id}`, MD5OfMessageBody: md5(MessageBody) })),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${port}`;
  return { calls, sent, endpoint, queueUrl: `${endpoint}/123456789012/alerts` };
}
