import { setTimeout as sleep } from 'node:timers/promises';
import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS } from '../../core/limits.ts';
import type { Log } from '../../core/ports/index.ts';
import type { PutAgain } from '../../core/transform/firehose.ts';

export interface PutAgainOptions {
  readonly client: FirehoseClient;
  readonly deliveryStream: string;
  readonly log: Log;
}

/**
 * Puts lines to a delivery stream, for at most so long. Never throws.
 * @returns those that could not be put, or of which it is not known
 */
export type PutLines = (lines: readonly PutAgain[], withinMs: number) => Promise<readonly PutAgain[]>;

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** A client that tries once: how long to go on is known here only. */
export const firehoseClient = (): FirehoseClient => new FirehoseClient({ maxAttempts: 1 });

/** Batches by the limits of PutRecordBatch, one after the other; what is refused is sent again, and only that, with exponential backoff and full jitter. */
export function createPutAgain({ client, deliveryStream, log }: PutAgainOptions): PutLines {
  /** One call. @returns those refused, and whether a later try may bring them */
  async function put(
    batch: readonly PutAgain[],
    abortSignal: AbortSignal,
  ): Promise<{ readonly refused: readonly PutAgain[]; readonly why?: string; readonly later: boolean }> {
    const command = new PutRecordBatchCommand({
      DeliveryStreamName: deliveryStream,
      Records: batch.map(({ data: Data }) => ({ Data })),
    });
    try {
      // A client may be deaf to the signal while it looks for credentials.
      const { RequestResponses = [] } = await Promise.race([client.send(command, { abortSignal }), over(abortSignal)]);
      // The entry counts, not FailedPutCount: an answer of another length accepts nothing beyond its end.
      const refused = batch.filter((_, i) => RequestResponses[i]?.RecordId === undefined);
      const why = RequestResponses.find(({ ErrorCode }) => ErrorCode !== undefined)?.ErrorCode;
      return { refused, later: true, why: why ?? 'no answer for it' };
    } catch (error) {
      return { refused: batch, why: (error as Error).name, later: isForLater(error) };
    }
  }

  return async (lines, withinMs) => {
    if (lines.length === 0) return [];
    const endMs = performance.now() + withinMs;
    const left = (): number => endMs - performance.now();
    const lost: PutAgain[] = [];
    let why: string | undefined;
    for (const batch of batchesOf(lines)) {
      let pending = batch;
      for (let attempt = 0; pending.length > 0 && left() > 0; attempt++) {
        const answer = await put(pending, AbortSignal.timeout(Math.max(1, Math.floor(left()))));
        pending = answer.refused;
        if (pending.length === 0) break;
        why = answer.why;
        const waitMs = Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 20));
        if (!answer.later || waitMs >= left()) break;
        await sleep(waitMs);
      }
      lost.push(...pending);
    }
    if (lost.length > 0)
      log.error('lines could not be put again to the delivery stream; Firehose keeps them under its error prefix', {
        lines: lines.length,
        lost: lost.length,
        reason: why ?? 'no time was left',
      });
    return lost;
  };
}

const over = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

function* batchesOf(lines: readonly PutAgain[]): Generator<readonly PutAgain[]> {
  let batch: PutAgain[] = [];
  let bytes = 0;
  for (const line of lines) {
    if (batch.length === MAX_BATCH_RECORDS || (batch.length > 0 && bytes + line.data.length > MAX_BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(line);
    bytes += line.data.length;
  }
  if (batch.length > 0) yield batch;
}

const FOR_GOOD =
  /^(AccessDenied.*|ResourceNotFoundException|Invalid.*|UnrecognizedClient.*|ExpiredToken.*|Validation.*|CredentialsProviderError)$/;

function isForLater(error: unknown): boolean {
  const { name = '', $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return !FOR_GOOD.test(name) && $metadata?.httpStatusCode !== 403;
}
