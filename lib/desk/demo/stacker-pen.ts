import type { Bar } from './market.ts';
import type { Random } from './random.ts';

/** A line of one of the bot's files. */
export interface LogLine {
  /** The file, relative to the folder of the bot. */
  readonly path: string;
  readonly raw: string;
}

export type Values = Readonly<Record<string, unknown>>;

export const BAR_MS = 5_000;
export const SYMBOL = 'BTCUSDT';
export const TIMEFRAME = '5s';
const HALF_DAY_MS = 43_200_000;
const IST_MS = 19_800_000;

/** The bot lives in India and writes its local time, with an offset; microseconds only where it took the time itself. */
export function istText(ms: number, micros?: number): string {
  const text = new Date(ms + IST_MS).toISOString();
  return micros === undefined
    ? `${text.slice(0, 19)}+05:30`
    : `${text.slice(0, 23)}${String(micros).padStart(3, '0')}+05:30`;
}

/** Writes the records of one bar in the bot's three envelopes, a few milliseconds apart. */
export class Pen {
  readonly lines: LogLine[] = [];
  readonly #random: Random;
  readonly #runId: string;
  readonly #bar: Bar;
  #nowMs: number;

  constructor(random: Random, runId: string, bar: Bar) {
    this.#random = random;
    this.#runId = runId;
    this.#bar = bar;
    this.#nowMs = bar.openMs + BAR_MS + random.whole(20, 90);
  }

  /** The time now, which passes as records are written. */
  now(): string {
    this.#nowMs += this.#random.whole(1, 9);
    return istText(this.#nowMs, this.#random.whole(0, 999));
  }

  /** The open of the bar, as the bot writes it. */
  get barTime(): string {
    return istText(this.#bar.openMs);
  }

  /** `<open of the bar>:<symbol>:<topic>:<8 hex>`; `atMs` where the record has a time of its own. */
  eventId(topic: string, atMs = this.#bar.openMs): string {
    return `${atMs}:${SYMBOL}:${topic}:${this.#random.hex(8)}`;
  }

  /** `{ts, symbol, <payload>, ts_ist}`, where `ts` is the open of the bar. */
  wrapped(path: string, payload: Values): void {
    this.raw(path, JSON.stringify({ ts: this.#bar.openMs, symbol: SYMBOL, ...payload, ts_ist: this.now() }));
  }

  /** `{run_id, asset, …, ts_ist, schema_v, bar_id}`, where the bar is a bucket of twelve hours. */
  flat(log: string, values: Values, timeframe?: string): void {
    const [day, folder] = [istText(this.#bar.openMs).slice(0, 10), timeframe === undefined ? '' : `${timeframe}/`];
    this.raw(
      `logs/${folder}${log}/date=${day}/asset=${SYMBOL}/${log}.jsonl`,
      JSON.stringify({
        run_id: this.#runId,
        asset: SYMBOL,
        bar_id: Math.floor(this.#bar.openMs / HALF_DAY_MS),
        ...values,
        ts_ist: this.now(),
        schema_v: '1',
      }),
    );
  }

  /** `{ts_ist, asset, …}`, where the time is the open of the bar: no run, no identity, no emission time. */
  barOnly(log: string, values: Values): void {
    this.raw(`logs/default/${log}/${log}.jsonl`, JSON.stringify({ ts_ist: this.barTime, asset: SYMBOL, ...values }));
  }

  raw(path: string, raw: string): void {
    this.lines.push({ path, raw });
  }
}
