import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SnsMessage {
  readonly topicArn: string;
  readonly subject: string;
  readonly message: string;
}

/** One answer of the server; the last one of the script is repeated. */
export type SnsAnswer =
  | 'ok'
  | 'reset before'
  | 'reset after'
  | 'garbage'
  | { readonly status: number; readonly code: string; readonly message?: string };

/** A server that speaks as much of SNS (AWS Query protocol) as Publish needs. */
export async function startSns(script: SnsAnswer[] = []): Promise<{
  readonly endpoint: string;
  /** What was published, those included whose answer was lost. */
  readonly published: readonly SnsMessage[];
  readonly calls: () => number;
  close(): Promise<void>;
}> {
  const published: SnsMessage[] = [];
  let calls = 0;
  const server = createServer(async (request, response) => {
    calls++;
    const answer = (script.length > 1 ? script.shift() : script[0]) ?? 'ok';
    if (answer === 'reset before') return void request.socket.destroy();
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    if (form.get('Action') !== 'Publish')
      return void response.writeHead(400).end(failure('InvalidAction', 'not known'));
    if (typeof answer === 'object')
      return void response.writeHead(answer.status, XML).end(failure(answer.code, answer.message ?? 'no reason'));
    const subject = form.get('Subject') ?? '';
    const message = form.get('Message') ?? '';
    if (/[^\x20-\x7e]/.test(subject) || subject.length >= 100 || subject === '' || /^\s/.test(subject))
      return void response.writeHead(400, XML).end(failure('InvalidParameter', 'Invalid parameter: Subject'));
    if (Buffer.byteLength(message) > 262_144 || message === '')
      return void response.writeHead(400, XML).end(failure('InvalidParameter', 'Invalid parameter: Message'));
    published.push({ topicArn: form.get('TopicArn') ?? '', subject, message });
    if (answer === 'reset after') return void request.socket.destroy();
    response.writeHead(200, XML).end(answer === 'garbage' ? '<html' : success(`m-${published.length}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    published,
    calls: () => calls,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const XML = { 'content-type': 'text/xml' };
const NS = 'xmlns="http://sns.amazonaws.com/doc/2010-03-31/"';

const success = (id: string): string =>
  `<PublishResponse ${NS}><PublishResult><MessageId>${id}</MessageId></PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>`;

const failure = (code: string, message: string): string =>
  `<ErrorResponse ${NS}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
