/** How a batch that was not taken is tried again. */
export interface RetryOptions {
  /** Most attempts per batch; then its events are dropped as `gave_up`. @default - no limit: the queue's bounds decide what is lost */
  readonly attempts?: number;
  /** Longest time one batch is tried, in ms. @default - no limit */
  readonly forMs?: number;
  /** Wait before the second attempt, in ms; it doubles each time. @default 100 */
  readonly firstWaitMs?: number;
  /** Longest wait between two attempts, in ms. @default 30000 */
  readonly maxWaitMs?: number;
}

export interface Retry {
  readonly attempts: number;
  readonly forMs: number;
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
}

/** Exponential with jitter over its upper half: clients that failed together must not come back together. */
export function waitMs({ firstWaitMs, maxWaitMs }: Retry, attempt: number, random: number): number {
  const most = Math.min(maxWaitMs, firstWaitMs * 2 ** Math.min(attempt, 30));
  return most / 2 + (random * most) / 2;
}

/** Waits; ends early when the signal is aborted. Never keeps the process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener('abort', done, { once: true });
  });
}
