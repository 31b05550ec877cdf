import type { Outcome } from '../delivery-client.ts';
import { count, type Forecast } from './forecast.ts';
import type { Damage } from './gunzip.ts';
import type { LogLine } from './lines.ts';
import { type PackedRecord, spanText } from './packing.ts';
import type { PlannedLog } from './plan.ts';
import type { LogReport } from './read.ts';

/** Entries of a list beyond this many are counted only. */
const MAX_LISTED = 100;

/** What became of the lines of a send: `lines = blank + accepted + refused`. */
export class SendReport {
  files = 0;
  emptyFiles = 0;
  bytes = 0;
  lines = 0;
  blank = 0;
  accepted = 0;
  /** Refused by the receiver to the end of all tries, or too large to be sent. */
  refused = 0;
  readonly refusedBy = new Map<string, number>();
  /** `path:from-to` */
  readonly refusedLines: string[] = [];
  readonly damaged: ({ readonly path: string } & Damage)[] = [];
  readonly unread: { readonly path: string; readonly why: string }[] = [];
  /** Whether some file could not be read whole. */
  partial = false;
  readonly forecast: Forecast;

  constructor(forecast: Forecast) {
    this.forecast = forecast;
  }

  settle(record: PackedRecord<PlannedLog>, outcome: Outcome): void {
    if (outcome.kind === 'accepted') this.accepted += record.lines;
    else
      this.#refuse(
        record.lines,
        outcome.kind === 'refused' ? outcome.why : 'stopped',
        spanText(record.spans, ({ file }) => file.path),
      );
  }

  tooLarge(path: string, line: LogLine): void {
    this.#refuse(1, TOO_LARGE, `${path}:${line.number} (${line.bytes} bytes)`);
  }

  get tooLargeLines(): number {
    return this.refusedBy.get(TOO_LARGE) ?? 0;
  }

  read(path: string, report: LogReport): void {
    this.files++;
    this.bytes += report.fileBytes;
    if (report.fileBytes === 0 && report.gone === undefined) this.emptyFiles++;
    if (report.encoding === 'utf-16') this.#miss(path, 'UTF-16: convert it to UTF-8 first, such as with iconv');
    if (report.changed) this.#miss(path, 'it was moved or cut while it was read: send again');
    if (report.gone !== undefined) this.#miss(path, report.gone);
    if (report.result === 'partial') this.partial = true;
    for (const damage of report.damage) if (this.damaged.length < MAX_LISTED) this.damaged.push({ path, ...damage });
  }

  #miss(path: string, why: string): void {
    this.unread.push({ path, why });
    this.partial = true;
  }

  #refuse(lines: number, why: string, where: string): void {
    this.refused += lines;
    count(this.refusedBy, why, lines);
    if (this.refusedLines.length < MAX_LISTED) this.refusedLines.push(where);
  }
}

const TOO_LARGE = 'too_large';
