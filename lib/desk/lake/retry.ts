import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';

export interface RetryOptions {
  readonly signal: AbortSignal;
  /** First pause and longest pause in ms; each is twice the one before. */
  readonly firstMs: number;
  readonly maxMs: number;
  readonly onFailure: (reason: string) => void;
}

/** Tries until it succeeds. @throws the last error once the signal is aborted. */
export async function untilDone(
  work: () => Promise<void>,
  { signal, firstMs, maxMs, onFailure }: RetryOptions,
): Promise<void> {
  for (let pauseMs = firstMs; ; pauseMs = Math.min(pauseMs * 2, maxMs)) {
    try {
      return await work();
    } catch (error) {
      onFailure(messageOf(error));
      if (signal.aborted) throw error;
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw error;
    }
  }
}
