import type { JsonObject } from './json.ts';
import type { Redaction } from './redaction.ts';

/** Nothing beside the built-in names is redacted, nothing hashed. */
export const NO_REDACTION: Redaction = { secretNames: new Set(), hashedNames: new Set(), hash: (text) => text };

/** What is found out about one event while its values are put into their columns. */
export class Findings {
  /** Paths of numbers that were NaN or infinite and became null. */
  nonfinite: string[] | undefined;
  /** Paths of values that did not fit. */
  misfits: string[] | undefined;
  /** Values without a column, by path. */
  extra: JsonObject | undefined;
  /** The event's clocks in microseconds, so that they need not be read twice, and as the bot wrote them. */
  tsUs: number | undefined;
  emittedUs: number | undefined;
  barUs: number | undefined;
  writtenTs: unknown;
  writtenEmitted: unknown;
  writtenBar: unknown;
  /** Whether some time had no zone. */
  naive = false;
  /** Whether some text could hold a credential, or some key names one. */
  suspicious = false;
  /** Whether an integer was met whose last digits a double cannot hold, where they must be kept. */
  unsafeInteger = false;
  readonly redaction: Redaction;
  readonly naiveOffsetMs: ((localMs: number) => number) | undefined;

  constructor(redaction: Redaction = NO_REDACTION, naiveOffsetMs?: (localMs: number) => number) {
    this.redaction = redaction;
    this.naiveOffsetMs = naiveOffsetMs;
  }

  /** Keeps a value that has no column. */
  keep(path: string, value: unknown): void {
    // A null prototype: keys come from outside, and `__proto__` must stay a plain key.
    this.extra ??= Object.create(null) as JsonObject;
    this.extra[path] = value;
  }

  /** Notes the instant of a column where it is one of the event's clocks. */
  clock(column: string, us: number, written: unknown): void {
    if (column === 'ts') {
      this.tsUs = us;
      this.writtenTs = written;
    } else if (column === 'emitted_at') {
      this.emittedUs = us;
      this.writtenEmitted = written;
    } else if (column === 'bar_ts') {
      this.barUs = us;
      this.writtenBar = written;
    }
  }

  notFinite(path: string): void {
    this.nonfinite ??= [];
    this.nonfinite.push(path);
  }

  misfit(path: string, value: unknown): void {
    this.misfits ??= [];
    this.misfits.push(path);
    this.keep(path, value);
  }
}
