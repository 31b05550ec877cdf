import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeStack {
  readonly name: string;
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Of its template; undefined stands for none. */
  readonly metadata?: unknown;
}

export interface FakeAlarm {
  readonly name: string;
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  readonly reason?: string;
  readonly since?: Date;
}

/** An answer that is an error, as the service would word it. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** @default 400 */
  readonly status?: number;
}

/** What the services say; tests change it while the server runs. */
export interface Account {
  stacks: FakeStack[];
  alarms: FakeAlarm[];
  /** Texts of secrets by their ids. */
  secrets: Record<string, string>;
  /** State of delivery streams by name. */
  streams: Record<string, { readonly status: string; readonly failure?: string }>;
  /** Calls that are refused, by operation. */
  refuse: (operation: string) => Refusal | undefined;
  /** The Date header of every answer. @default - the time it is */
  date?: Date;
}

export interface AwsServer {
  readonly endpoint: string;
  readonly account: Account;
  /** Operations that were called, in order, refused ones included. */
  readonly calls: readonly string[];
  close(): Promise<void>;
}

/**
 * The control plane on loopback: CloudFormation by the Query protocol, CloudWatch, Secrets Manager and Firehose by the JSON
 * protocols, as far as the command line asks. Signatures are not checked.
 */
export async function startAws(): Promise<AwsServer> {
  const account: Account = { stacks: [], alarms: [], secrets: {}, streams: {}, refuse: () => undefined };
  const calls: string[] = [];
  const server = createServer((request, response) => {
    answer(request, response, { account, calls }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    account,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { account, calls }: { account: Account; calls: string[] },
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const target = request.headers['x-amz-target'];
  const form = new URLSearchParams(body);
  const operation = typeof target === 'string' ? (target.split('.').at(-1) ?? '') : (form.get('Action') ?? '');
  calls.push(operation);
  if (account.date !== undefined) response.setHeader('date', account.date.toUTCString());
  const refused = account.refuse(operation);
  if (typeof target === 'string') {
    const found = refused ?? json(operation, JSON.parse(body), account);
    const failed = isRefusal(found);
    response.writeHead(failed ? (found.status ?? 400) : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(failed ? { __type: found.code, message: found.message } : found));
    return;
  }
  const found = refused ?? query(operation, form, account);
  const failed = typeof found !== 'string';
  response.writeHead(failed ? (found.status ?? 400) : 200, { 'content-type': 'text/xml' });
  response.end(
    failed
      ? `<ErrorResponse><Error><Type>Sender</Type><Code>${xml(found.code)}</Code><Message>${xml(found.message)}</Message></Error><RequestId>r</RequestId></ErrorResponse>`
      : `<${operation}Response><${operation}Result>${found}</${operation}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${operation}Response>`,
  );
}

const isRefusal = (found: object): found is Refusal => 'code' in found && 'message' in found;

/** CloudFormation's answers, by its API reference. */
function query(operation: string, form: URLSearchParams, { stacks }: Account): string | Refusal {
  const name = form.get('StackName');
  const found = stacks.filter((stack) => name === null || stack.name === name);
  if (name !== null && found.length === 0)
    return { code: 'ValidationError', message: `Stack with id ${name} does not exist` };
  if (operation === 'DescribeStacks') return `<Stacks>${found.map(stackXml).join('')}</Stacks>`;
  if (operation !== 'GetTemplateSummary') return { code: 'InvalidAction', message: `no operation ${operation}` };
  const metadata = found[0]?.metadata;
  return metadata === undefined ? '' : `<Metadata>${xml(JSON.stringify(metadata))}</Metadata>`;
}

const stackXml = ({ name, status, outputs }: FakeStack): string =>
  `<member><StackName>${xml(name)}</StackName><StackId>arn:aws:cloudformation:eu-west-1:111122223333:stack/${xml(name)}/1</StackId>` +
  `<CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus><Outputs>` +
  Object.entries(outputs)
    .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${xml(value)}</OutputValue></member>`)
    .join('') +
  '</Outputs></member>';

function json(
  operation: string,
  input: Readonly<Record<string, string | undefined>>,
  { alarms, secrets, streams }: Account,
): object {
  switch (operation) {
    case 'DescribeAlarms':
      return {
        MetricAlarms: alarms
          .filter(({ name }) => name.startsWith(input.AlarmNamePrefix ?? ''))
          .map(({ name, state, reason, since }) => ({
            AlarmName: name,
            StateValue: state,
            StateReason: reason,
            ...(since === undefined ? {} : { StateTransitionedTimestamp: since.getTime() / 1000 }),
          })),
      };
    case 'GetSecretValue': {
      const text = secrets[input.SecretId ?? ''];
      return text === undefined
        ? { code: 'ResourceNotFoundException', message: 'no such secret' }
        : { SecretString: text };
    }
    case 'DescribeDeliveryStream': {
      const name = input.DeliveryStreamName ?? '';
      const stream = streams[name];
      if (stream === undefined) return { code: 'ResourceNotFoundException', message: `Firehose ${name} not found` };
      const failure =
        stream.failure === undefined ? {} : { FailureDescription: { Type: 'X', Details: stream.failure } };
      return {
        DeliveryStreamDescription: {
          DeliveryStreamName: name,
          DeliveryStreamARN: `arn:aws:firehose:eu-west-1:111122223333:deliverystream/${name}`,
          DeliveryStreamStatus: stream.status,
          DeliveryStreamType: 'DirectPut',
          VersionId: '1',
          Destinations: [],
          HasMoreDestinations: false,
          ...failure,
        },
      };
    }
    default:
      return { code: 'UnknownOperationException', message: `no operation ${operation}` };
  }
}

const xml = (text: string): string => text.replace(/[&<>"\p{Cc}]/gu, (char) => `&#${char.codePointAt(0)};`);
