import { dateOf } from '../lake/keys.ts';
import type { AlertRule, Answer, Severity } from './types.ts';

// What came of a rule over stored days.

/** How a fire lies to the next drawdown of its strategy. */
export type Lead =
  /** It fired so long before the drawdown began. */
  | { readonly kind: 'before'; readonly ms: number }
  /** The drawdown had begun so long before. */
  | { readonly kind: 'during'; readonly ms: number }
  /** None followed in the days looked at. */
  | { readonly kind: 'none' }
  /** The strategy's equity is not known then. */
  | { readonly kind: 'unknown' };

/** One opening of one alert. */
export interface Fire {
  readonly mode: string | null;
  readonly strategyId: string | null;
  readonly group: string;
  readonly symbol: string | null;
  readonly severity: Severity;
  /** Since when the condition held, and when somebody would have been told. */
  readonly sinceMs: number;
  readonly openedMs: number;
  /** Null where it was still open at the end. */
  readonly resolvedMs: number | null;
  /** To its end, or to the end of the days looked at. */
  readonly durationMs: number;
  /** The figure farthest beyond the limit while it was open. */
  readonly worst: number | string | null;
  readonly limit: number | string | null;
  readonly reason: string;
  readonly flapping: boolean;
  readonly lead: Lead;
}

export interface BacktestDay {
  /** UTC day. */
  readonly date: string;
  readonly fires: number;
  readonly firingMs: number;
  /** 48 half hours, one character each: see STRIP. */
  readonly strip: string;
}

export interface BacktestReport {
  readonly rule: AlertRule;
  readonly fromMs: number;
  readonly toMs: number;
  /** Strategies that were played, as `mode/strategy`. */
  readonly strategies: readonly string[];
  readonly fires: readonly Fire[];
  /** Alerts that were open already when the days begin; they are no fires, their time counts. */
  readonly openAtStart: number;
  /** Time with at least one open alert, summed over strategies. */
  readonly firingMs: number;
  /** Per day on which anything was heard. */
  readonly firesPerDay: number;
  /** UTC days on which anything was heard. */
  readonly daysHeard: number;
  /** Share of the ended fires that were shorter than SHORT_MS; null where none has ended. */
  readonly shortShare: number | null;
  /** Fires that flap damping would have held together. */
  readonly flapping: number;
  /** Share of the days heard in which the rule could not tell, 0..1; null where nothing was heard. */
  readonly noDataShare: number | null;
  /** Share of them in which an alert was open. */
  readonly firingShare: number | null;
  /** Fall from the peak that counts as a drawdown, as a fraction. */
  readonly drawdown: number;
  /** How many began; null where no equity is known. */
  readonly drawdowns: number | null;
  /** Median lead of the fires that came before a drawdown, ms. */
  readonly medianLeadMs: number | null;
  readonly days: readonly BacktestDay[];
}

/** An alert that ends sooner is noise: nobody is at the desk in time. */
export const SHORT_MS = 300_000;

export const HALF_HOUR_MS = 1_800_000;
const HALF_HOURS = 48;
const DAY_MS = 86_400_000;

/** What stands for a half hour: the most serious of it. */
export const STRIP = { none: ' ', no_data: '░', ok: '·', firing: '█' } as const;
const RANKS = [STRIP.none, STRIP.no_data, STRIP.ok, STRIP.firing] as const;
const RANK: Readonly<Record<Answer, number>> = { no_data: 1, ok: 2, firing: 3 };

/** The answers of a rule over time, by half hours of a range. */
export class Strip {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #originMs: number;
  readonly #ranks: Uint8Array;
  readonly #firing = new Map<string, number>();

  constructor(fromMs: number, toMs: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#originMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
    this.#ranks = new Uint8Array(Math.ceil((toMs - this.#originMs) / DAY_MS) * HALF_HOURS);
  }

  /** @returns ms of it within the range */
  clipped(startMs: number, endMs: number): number {
    return Math.max(0, Math.min(endMs, this.#toMs) - Math.max(startMs, this.#fromMs));
  }

  /** @returns ms of it within the range */
  mark(answer: Answer, startMs: number, endMs: number): number {
    const [start, end] = [Math.max(startMs, this.#fromMs), Math.min(endMs, this.#toMs)];
    if (end <= start) return 0;
    const rank = RANK[answer];
    const last = Math.ceil((end - this.#originMs) / HALF_HOUR_MS);
    for (let at = Math.floor((start - this.#originMs) / HALF_HOUR_MS); at < last; at++)
      if ((this.#ranks[at] ?? 0) < rank) this.#ranks[at] = rank;
    if (answer === 'firing') this.#addFiring(start, end);
    return end - start;
  }

  #addFiring(start: number, end: number): void {
    for (let from = start; from < end; ) {
      const next = Math.min(end, (Math.floor(from / DAY_MS) + 1) * DAY_MS);
      const date = dateOf(from);
      this.#firing.set(date, (this.#firing.get(date) ?? 0) + next - from);
      from = next;
    }
  }

  days(fires: readonly Pick<Fire, 'openedMs'>[]): BacktestDay[] {
    return Array.from({ length: this.#ranks.length / HALF_HOURS }, (_, day) => {
      const date = dateOf(this.#originMs + day * DAY_MS);
      const ranks = [...this.#ranks.subarray(day * HALF_HOURS, (day + 1) * HALF_HOURS)];
      return {
        date,
        fires: fires.filter(({ openedMs }) => dateOf(openedMs) === date).length,
        firingMs: this.#firing.get(date) ?? 0,
        strip: ranks.map((rank) => RANKS[rank] ?? STRIP.none).join(''),
      };
    });
  }
}

/** A time of drawdown of one strategy. */
export interface Drawdown {
  readonly mode: string | null;
  readonly strategyId: string | null;
  readonly startMs: number;
  /** Infinity where it had not ended. */
  readonly endMs: number;
}

/** How a fire of a strategy lies to its drawdowns; one of the whole lake to those of any. */
export function leadOf(
  { mode, strategyId, openedMs }: Pick<Fire, 'mode' | 'strategyId' | 'openedMs'>,
  drawdowns: readonly Drawdown[],
): Lead {
  const own = drawdowns.filter((one) => strategyId === '*' || (one.strategyId === strategyId && one.mode === mode));
  const running = own.filter(({ startMs, endMs }) => startMs <= openedMs && openedMs < endMs);
  if (running.length > 0) return { kind: 'during', ms: openedMs - Math.min(...running.map(({ startMs }) => startMs)) };
  const next = Math.min(...own.filter(({ startMs }) => startMs > openedMs).map(({ startMs }) => startMs));
  return Number.isFinite(next) ? { kind: 'before', ms: next - openedMs } : { kind: 'none' };
}

/** The middle of some numbers; the mean of the two middle ones of an even count. Null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** The figure that is farther beyond the limit, on the side on which it opened. */
export function worseOf(
  worst: number | string | null,
  value: number | string | null,
  limit: number | string | null,
): number | string | null {
  if (typeof value !== 'number' || typeof limit !== 'number') return worst ?? value;
  if (typeof worst !== 'number') return value;
  const side = Math.sign(worst - limit);
  const beyond = Math.sign(value - limit);
  if (side !== 0 && beyond !== side) return worst; // better again, and the alert waits for calm
  return Math.abs(value - limit) > Math.abs(worst - limit) ? value : worst;
}
