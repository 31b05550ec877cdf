import type { Report } from './options.ts';

const QUIET_MS = 60_000;

/** Tells each kind of problem, of each sink, at most once a minute, with how often it was met. Never throws. */
export function createReporter(
  tell: ((report: Report) => void) | undefined,
): (code: Report['code'], message: string, about?: string) => void {
  const told = new Map<string, { atMs: number; count: number }>();
  return (code, message, about = '') => {
    const key = `${code} ${about}`;
    const known = told.get(key);
    const nowMs = performance.now();
    if (known !== undefined && nowMs - known.atMs < QUIET_MS) {
      known.count++;
      return;
    }
    const count = (known?.count ?? 0) + 1;
    told.set(key, { atMs: nowMs, count: 0 });
    try {
      if (tell === undefined) process.emitWarning(message, { type: 'NightdeskEmitter', code });
      else tell({ code, message, count });
    } catch {
      // The bot's own report must not reach the bot's loop.
    }
  };
}
