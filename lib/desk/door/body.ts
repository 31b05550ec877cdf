import type { IncomingMessage } from 'node:http';

/** Bytes of request bodies that are in memory at once, over all connections. */
export class BodyBudget {
  readonly #mostBytes: number;
  #usedBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#mostBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

export const isEncoded = ({ headers }: IncomingMessage): boolean =>
  (headers['content-encoding'] ?? 'identity') !== 'identity';

/** Why a body could not be read: it is too large, all bodies together are, or the client went away. */
export type BodyProblem = 'too large' | 'busy' | 'gone';

/** Reads a body of at most so many bytes. The bytes stay in the budget until `done` is called. */
export function readBody(
  request: IncomingMessage,
  { mostBytes, budget }: { readonly mostBytes: number; readonly budget: BodyBudget },
): Promise<{ readonly body: Buffer; readonly done: () => void } | { readonly problem: BodyProblem }> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let kept = 0;
    let seen = 0;
    let problem: BodyProblem | undefined;
    const done = (): void => {
      budget.give(kept);
      kept = 0;
    };
    const fail = (what: BodyProblem): void => {
      problem ??= what;
      chunks = [];
      done();
    };
    request.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen > mostBytes) fail('too large');
      else if (problem === undefined && !budget.take(chunk.length)) fail('busy');
      if (problem === 'too large') return resolve({ problem });
      if (problem !== undefined) return;
      kept += chunk.length;
      chunks.push(chunk);
    });
    request.on('end', () => {
      if (problem !== undefined) return resolve({ problem });
      const [only] = chunks;
      resolve({ body: only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, kept), done });
    });
    // Comes after `end` too, when the promise is settled and the bytes are the caller's to give back.
    request.on('close', () => {
      if (request.complete) return;
      fail('gone');
      resolve({ problem: 'gone' });
    });
    request.on('error', () => undefined); // `close` follows
  });
}

const MOST_DRAINED_BYTES = 32 * 1024 * 1024;

/** Reads what is left of a body and throws it away, up to a bound. */
export function drainBody(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.destroyed) return resolve();
    let seen = 0;
    request.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen > MOST_DRAINED_BYTES) resolve();
    });
    request.on('end', resolve);
    request.on('close', resolve);
    request.resume();
  });
}
