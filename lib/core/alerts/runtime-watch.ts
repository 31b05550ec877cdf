import { messageOf } from '../errors.ts';
import type { AlertPorts } from './runtime-file.ts';

/** Where it is noted that somebody watches. */
const WATCH = 'state/alerts-watch.json';

/** Breaks longer than so many notes count: one may be late, or lost. */
const MOST_MISSED = 3;

interface Noted {
  readonly sinceMs: number;
  readonly atMs: number;
}

/**
 * Since when somebody has watched without a break. A bot that was not heard while nobody listened is not silent, so its
 * silence is counted anew after a break: of a desk that was off, or a function that did not run.
 */
export class Watch {
  readonly #ports: Pick<AlertPorts, 'state' | 'log'>;
  readonly #everyMs: number;
  /** Whether others note it too. */
  readonly #isShared: boolean;
  #noted: (Noted & { readonly version: string | undefined }) | undefined;
  /** When it was last looked at here. */
  #lookedMs = 0;

  constructor({
    ports,
    everyMs,
    isShared,
  }: {
    readonly ports: Pick<AlertPorts, 'state' | 'log'>;
    readonly everyMs: number;
    readonly isShared: boolean;
  }) {
    this.#ports = ports;
    this.#everyMs = everyMs;
    this.#isShared = isShared;
  }

  /** Undefined before anybody looked. */
  get sinceMs(): number | undefined {
    return this.#noted?.sinceMs;
  }

  /** Somebody looks now. Where it cannot be noted, the last note holds. */
  async look(nowMs: number): Promise<void> {
    try {
      const before = this.#isShared || this.#noted === undefined ? await this.#read() : this.#noted;
      const lastMs = Math.max(before?.atMs ?? 0, this.#lookedMs);
      const isBreak = before === undefined || nowMs - lastMs > MOST_MISSED * this.#everyMs;
      const sinceMs = isBreak ? nowMs : before.sinceMs;
      this.#lookedMs = nowMs;
      this.#noted = { sinceMs, atMs: before?.atMs ?? nowMs, version: before?.version };
      if (!isBreak && nowMs - before.atMs < this.#everyMs) return;
      const body = new TextEncoder().encode(JSON.stringify({ since_ms: sinceMs, at_ms: nowMs }));
      const version = await this.#ports.state.put(WATCH, body, before?.version);
      // Where another one was first, it noted the same a moment ago.
      this.#noted = version === undefined ? await this.#read() : { sinceMs, atMs: nowMs, version };
    } catch (error) {
      this.#ports.log.warn('it could not be noted that somebody watches', { reason: messageOf(error) });
    }
  }

  async #read(): Promise<(Noted & { readonly version: string }) | undefined> {
    const found = await this.#ports.state.get(WATCH);
    if (found === undefined) return undefined;
    const noted = parsed(found.body);
    if (noted !== undefined) return { ...noted, version: found.version };
    await this.#ports.state.delete(WATCH); // damaged: it is written anew
    return undefined;
  }
}

function parsed(body: Uint8Array): Noted | undefined {
  try {
    const { since_ms: sinceMs, at_ms: atMs } = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    return typeof sinceMs === 'number' && typeof atMs === 'number' ? { sinceMs, atMs } : undefined;
  } catch {
    return undefined;
  }
}
