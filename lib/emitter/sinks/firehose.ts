import { MAX_BATCH_RECORDS, PACK_BYTES, PACK_LINES } from '../../core/limits.ts';
import { EmitterError, onlyKnown, textOf, textOfError } from '../emitter-error.ts';
import type { Outcome, Sink, SinkEvent } from '../sink.ts';

interface PutInput {
  readonly DeliveryStreamName: string;
  readonly Records: { readonly Data: Uint8Array }[];
}

interface PutOutput {
  readonly RequestResponses?:
    | readonly {
        readonly RecordId?: string | undefined;
        readonly ErrorCode?: string | undefined;
        readonly ErrorMessage?: string | undefined;
      }[]
    | undefined;
}

interface CallOptions {
  readonly abortSignal: AbortSignal;
}

/** The client of the AWS SDK: `FirehoseClient`, or `Firehose`, whose methods are the operations. */
export interface FirehoseLike {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's overloads cannot be named without depending on it
  send(command: any, options?: any): Promise<any>;
  putRecordBatch?(input: PutInput, options?: CallOptions): Promise<PutOutput>;
  destroy?(): void;
}

interface Sdk {
  readonly FirehoseClient: new (config: object) => FirehoseLike;
  readonly PutRecordBatchCommand: new (input: PutInput) => object;
}

export interface FirehoseSinkOptions {
  /** @default nightdesk */
  readonly deliveryStream?: string;
  /** A client of `@aws-sdk/client-firehose`, version 3. @default - one is made when the first batch is sent; the package must be installed */
  readonly client?: FirehoseLike;
  /** A desk, instead of AWS; not with `client`. @default - AWS */
  readonly endpoint?: string;
  /** Not with `client`. @default - the environment's or the profile's; us-east-1 with an endpoint */
  readonly region?: string;
  /** @default firehose */
  readonly name?: string;
}

const SDK = '@aws-sdk/client-firehose';

/**
 * Sends to a delivery stream of Amazon Data Firehose, or to a desk. Many lines go in one record, which is billed in steps of
 * 5 KB; records in one PutRecordBatch; what comes back as failed is sent again, and nothing else.
 * @throws EmitterError where the settings contradict each other
 */
export function firehose(options: FirehoseSinkOptions = {}): Sink {
  onlyKnown('firehose', options, ['deliveryStream', 'client', 'endpoint', 'region', 'name']);
  const deliveryStream = textOf('firehose: deliveryStream', options.deliveryStream ?? 'nightdesk');
  if (options.client !== undefined && (options.endpoint ?? options.region) !== undefined)
    throw new EmitterError('firehose: endpoint and region belong to the client that is passed in');
  const config = options.client === undefined ? configOf(options) : {};
  let loading: Promise<(input: PutInput, call: CallOptions) => Promise<PutOutput>> | undefined;
  let made: FirehoseLike | undefined;

  async function load(): Promise<(input: PutInput, call: CallOptions) => Promise<PutOutput>> {
    const { client } = options;
    if (client?.putRecordBatch !== undefined)
      return (input, call) => client.putRecordBatch?.(input, call) ?? Promise.resolve({});
    const sdk: Sdk = await import(SDK).catch((error: unknown) => {
      throw new EmitterError(`firehose: install ${SDK}, or pass a client of class Firehose (${textOfError(error)})`);
    });
    made = client === undefined ? new sdk.FirehoseClient(config) : undefined;
    const used = client ?? made;
    return (input, call) => used?.send(new sdk.PutRecordBatchCommand(input), call) ?? Promise.resolve({});
  }

  /** One call. @returns an outcome per record. @throws what is worth another try */
  async function put(records: readonly PackedRecord[], signal: AbortSignal): Promise<Outcome[]> {
    loading ??= load();
    const call = await loading.catch((error: unknown) => {
      loading = undefined; // it may be installed by the next time
      throw error;
    });
    const input = { DeliveryStreamName: deliveryStream, Records: records.map(({ data }) => ({ Data: data })) };
    try {
      const { RequestResponses: answers } = await call(input, { abortSignal: signal });
      if (answers?.length !== records.length)
        throw new Error(`${answers?.length ?? 'no'} answers to ${records.length} records`);
      // The entry counts, not FailedPutCount.
      return answers.map(({ RecordId, ErrorCode, ErrorMessage }) =>
        RecordId !== undefined && ErrorCode === undefined
          ? 'delivered'
          : { retry: `${ErrorCode ?? 'no answer'}: ${ErrorMessage ?? ''}` },
      );
    } catch (error) {
      if ((error as { name?: unknown }).name !== 'InvalidArgumentException') throw error;
      const refused = textOfError(error);
      if (records.length === 1 && records[0]?.count === 1) return [{ refused }];
      throw new Invalid(refused);
    }
  }

  /** An invalid call may be so because of one record, or of one line in it: halves are tried, so that it costs no other. */
  async function deliver(events: readonly SinkEvent[], signal: AbortSignal): Promise<Outcome[]> {
    const records = pack(events);
    try {
      const outcomes = await put(records, signal);
      return records.flatMap(({ count }, i) =>
        Array.from({ length: count }, () => outcomes[i] ?? { retry: 'no answer' }),
      );
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      const middle = events.length >> 1;
      const first = await deliver(events.slice(0, middle), signal);
      try {
        return [...first, ...(await deliver(events.slice(middle), signal))];
      } catch (later) {
        return [...first, ...events.slice(middle).map(() => ({ retry: textOfError(later) }))];
      }
    }
  }

  return {
    name: options.name ?? 'firehose',
    remote: true,
    // Larger puts block a trading process's event loop.
    limits: { events: PACK_LINES * MAX_BATCH_RECORDS, bytes: PACK_BYTES },
    send: (events, { signal }) => deliver(events, signal),
    async close() {
      made?.destroy?.(); // a client that was passed in is its owner's
    },
  };
}

class Invalid extends Error {}

interface PackedRecord {
  readonly data: Uint8Array;
  readonly count: number;
}

/** Lines as records of at most PACK_LINES lines and PACK_BYTES bytes, in their order; a larger line gets one of its own. */
export function pack(events: readonly SinkEvent[]): PackedRecord[] {
  const records: PackedRecord[] = [];
  let lines: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (lines.length > 0) records.push({ data: Buffer.from(`${lines.join('\n')}\n`), count: lines.length });
    lines = [];
    bytes = 0;
  };
  for (const event of events) {
    if (lines.length === PACK_LINES || bytes + event.bytes + 1 > PACK_BYTES) close();
    lines.push(event.line);
    bytes += event.bytes + 1;
  }
  close();
  return records;
}

function configOf({ endpoint, region }: FirehoseSinkOptions): object {
  if (endpoint === undefined) return region === undefined ? {} : { region };
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new EmitterError('firehose: endpoint must be an http or https address, such as http://127.0.0.1:4573');
  const loopback =
    url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
  return {
    endpoint,
    region: region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1',
    // A desk on loopback takes any key: nobody needs AWS credentials, or a look for them, to use it.
    ...(loopback &&
      process.env.AWS_ACCESS_KEY_ID === undefined && {
        credentials: { accessKeyId: 'nightdesk', secretAccessKey: 'nightdesk' },
      }),
  };
}
