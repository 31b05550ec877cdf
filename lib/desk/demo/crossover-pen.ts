import type { Random } from './random.ts';

export const SYMBOL = 'ETH-USD';
export const STRATEGY = 'crossover';

type Kind = 'intent' | 'gate' | 'order' | 'fill' | 'error';
type Values = Readonly<Record<string, unknown>>;

/** Writes the events of one session: the second family's own form, and the canonical one for what that form lacks. */
export class SessionPen {
  readonly #random: Random;
  readonly #sessionId: string;
  #lines: string[] = [];
  #nowMs = 0;
  #count = 0;

  constructor(random: Random, sessionId: string) {
    this.#random = random;
    this.#sessionId = sessionId;
  }

  /** Sets the clock. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Hands over what was written since the last time. */
  take(): string[] {
    const written = this.#lines;
    this.#lines = [];
    return written;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Lets time pass. @returns how much */
  pass(fromMs: number, toMs: number): number {
    const ms = this.#random.whole(fromMs, toMs);
    this.#nowMs += ms;
    return ms;
  }

  /** `{ts, session_id, symbol, mode, kind, payload}`. */
  event(kind: Kind, payload: Values): void {
    const ts = new Date(this.#nowMs).toISOString();
    this.#lines.push(JSON.stringify({ ts, session_id: this.#sessionId, symbol: SYMBOL, mode: 'paper', kind, payload }));
  }

  /** An event in Nightdesk's own form, with an identity of its own. */
  canonical(stream: string, values: Values): void {
    this.#lines.push(
      JSON.stringify({
        stream,
        schema_version: 1,
        event_id: `${this.#sessionId}-${this.#count}`,
        seq: this.#count++,
        ts: new Date(this.#nowMs).toISOString(),
        strategy_id: STRATEGY,
        session_id: this.#sessionId,
        venue: 'simulator',
        symbol: SYMBOL,
        mode: 'paper',
        ...values,
      }),
    );
  }
}
