import { setTimeout as sleep } from 'node:timers/promises';
import { FirehoseClient, type FirehoseClientConfig, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { messageOf, NightdeskError } from '../core/errors.ts';
import { redactLine } from '../core/redact.ts';

export interface Target {
  /** A desk, or anything else that speaks Firehose. @default - AWS */
  readonly endpoint?: string | undefined;
  /** @default - the environment's or the profile's; `us-east-1` with an endpoint */
  readonly region?: string | undefined;
  readonly deliveryStream: string;
}

/** How one record ended. `aborted`: the signal came first; the record may have arrived. */
export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'aborted' };

export interface DeliveryOptions {
  /** How long a batch is tried, in ms; Infinity never gives up, whatever the answer. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Told before each wait. */
  readonly onRetry?: (why: string, waitMs: number) => void;
  /** Longest wait between two tries, in ms. @default 5000 */
  readonly maxWaitMs?: number;
  /** @default - a timer that the signal ends */
  readonly wait?: (ms: number) => Promise<void>;
}

/** Sends one batch of at most 500 records and 4 MiB; one outcome per record, in order. */
export type Deliver = (records: readonly Uint8Array[]) => Promise<Outcome[]>;

const FIRST_WAIT_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 60_000;

/** The real client of AWS, for a desk or for AWS itself. @throws CONFIG_INVALID when the endpoint is no http(s) URL */
export function firehoseClient({ endpoint, region }: Partial<Target>): FirehoseClient {
  // The SDK's remark on Node 20 is for programmers, not for who sends logs.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const config: FirehoseClientConfig = {
    maxAttempts: 3,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  };
  if (region !== undefined) config.region = region;
  if (endpoint === undefined) return new FirehoseClient(config);
  config.endpoint = endpoint;
  config.region ??= process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1';
  // A desk on loopback takes any key: nobody needs AWS credentials, or a look for them, to use it.
  if (isLoopback(endpoint) && process.env.AWS_ACCESS_KEY_ID === undefined)
    config.credentials = { accessKeyId: 'nightdesk', secretAccessKey: 'nightdesk' };
  return new FirehoseClient(config);
}

/** Whether an endpoint is this machine. @throws CONFIG_INVALID when it is no http(s) URL */
export function isLoopback(endpoint: string): boolean {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new NightdeskError(
      'CONFIG_INVALID',
      '--endpoint must be an http or https URL, such as http://127.0.0.1:4573',
    );
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
}

/**
 * Makes the function that sends batches and sends again what was refused, and only that, with exponential backoff and
 * full jitter. What cannot succeed by waiting (no such stream, no permission) throws, unless it never gives up.
 * @throws ENDPOINT_UNREACHABLE when nothing has ever answered; DELIVERY_FAILED when the service refuses for good
 */
export function createDelivery(
  client: FirehoseClient,
  { deliveryStream, endpoint }: Target,
  options: DeliveryOptions,
): Deliver {
  const { signal } = options;
  const wait =
    options.wait ??
    ((ms: number) => sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined));
  const forever = options.deadlineMs === Number.POSITIVE_INFINITY;
  const aborted = (): boolean => signal?.aborted === true;
  let answered = false;
  let gaveUp: string | undefined; // once a batch has waited in vain, the others need not

  /** One call; returns why each record was refused, undefined where it was accepted. */
  async function put(records: readonly Uint8Array[]): Promise<(string | undefined)[]> {
    const command = new PutRecordBatchCommand({
      DeliveryStreamName: deliveryStream,
      Records: records.map((Data) => ({ Data })),
    });
    const response = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    answered = true;
    // The entry counts, not FailedPutCount: an answer of another length accepts nothing beyond its end.
    return records.map((_, index) => {
      const entry = response.RequestResponses?.[index];
      return entry?.RecordId !== undefined && entry.ErrorCode === undefined
        ? undefined
        : clean(`${entry?.ErrorCode ?? 'no answer'}: ${entry?.ErrorMessage ?? ''}`);
    });
  }

  const deliver: Deliver = async (records) => {
    const outcomes: Outcome[] = records.map(() => ({ kind: 'aborted' }));
    const settle = (indexes: readonly number[], outcome: Outcome): void => {
      for (const index of indexes) outcomes[index] = outcome;
    };
    let pending = records.map((_, index) => index);
    const endMs = performance.now() + options.deadlineMs;
    for (let attempt = 0; pending.length > 0 && !aborted(); attempt++) {
      let why: string;
      try {
        const refusals = await put(pending.flatMap((index) => records[index] ?? []));
        settle(
          pending.filter((_, i) => refusals[i] === undefined),
          { kind: 'accepted' },
        );
        pending = pending.filter((_, i) => refusals[i] !== undefined);
        if (pending.length === 0) break;
        why = refusals.find((refusal) => refusal !== undefined) ?? '';
      } catch (error) {
        if (aborted()) break;
        why = clean(reasonOf(error));
        const kind = classify(error);
        if (kind !== 'unreachable') answered = true;
        if (kind === 'invalid') {
          if (pending.length === 1) settle(pending, { kind: 'refused', why });
          else
            for (const index of pending)
              outcomes[index] = (await deliver(records.slice(index, index + 1)))[0] ?? { kind: 'aborted' };
          break;
        }
        if (!forever && !answered)
          throw new NightdeskError(
            'ENDPOINT_UNREACHABLE',
            `nothing answers at ${endpoint ?? 'AWS'} (${why}): start a desk with \`nightdesk up\`, or check --endpoint`,
            { cause: error },
          );
        if (!forever && kind === 'fatal')
          throw new NightdeskError(
            'DELIVERY_FAILED',
            `${endpoint ?? 'AWS'} refuses delivery stream ${deliveryStream}: ${why}`,
            { cause: error },
          );
      }
      const waitMs = Math.random() * Math.min(options.maxWaitMs ?? 5_000, FIRST_WAIT_MS * 2 ** Math.min(attempt, 20));
      if (gaveUp === undefined && performance.now() + waitMs > endMs) gaveUp = why;
      if (gaveUp !== undefined) {
        settle(pending, { kind: 'refused', why: gaveUp });
        break;
      }
      options.onRetry?.(why, waitMs);
      await wait(waitMs);
    }
    return outcomes;
  };
  return deliver;
}

type Kind = 'retry' | 'unreachable' | 'invalid' | 'fatal';

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'TimeoutError',
]);

/** What to do about a call that threw. */
function classify(error: unknown): Kind {
  const { name, code, $metadata, $fault } = error as {
    name?: string;
    code?: string;
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
  };
  if (NETWORK.has(code ?? '') || NETWORK.has(name ?? '')) return 'unreachable';
  if (name === 'InvalidArgumentException') return 'invalid';
  const status = $metadata?.httpStatusCode;
  if ($fault === 'server' || /Throttl|ServiceUnavailable|InternalFailure|LimitExceeded|RequestTimeout/.test(name ?? ''))
    return 'retry';
  return status !== undefined && status < 500 && status !== 429 ? 'fatal' : status === undefined ? 'fatal' : 'retry';
}

const reasonOf = (error: unknown): string => {
  const name = error instanceof Error ? error.name : 'Error';
  const code = (error as { code?: unknown }).code;
  return `${typeof code === 'string' ? code : name}: ${messageOf(error)}`;
};

/** A service's message may quote the request: one line of it, without anything secret. */
const clean = (text: string): string => (redactLine(text).split('\n')[0] ?? '').slice(0, 300).replace(/: $/, '');
