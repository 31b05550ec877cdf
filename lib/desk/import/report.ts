import type { Verdict } from '../../core/transform/types.ts';
import { count } from '../logs/forecast.ts';
import type { Damage } from '../logs/gunzip.ts';
import type { LogReport } from '../logs/read.ts';

/** Entries of a list beyond this many are counted only. */
const MAX_LISTED = 100;

/** What became of the lines of an import: `lines = blank + headers + stored + quarantined`. */
export class ImportReport {
  files = 0;
  sheets = 0;
  emptyFiles = 0;
  bytes = 0;
  /** Lines of logs, and rows of sheets. */
  lines = 0;
  blank = 0;
  /** Rows of sheets that name the columns. */
  headers = 0;
  stored = 0;
  quarantined = 0;
  readonly byReason = new Map<string, number>();
  readonly byStream = new Map<string, number>();
  objects = 0;
  objectBytes = 0;
  readonly damaged: ({ readonly path: string } & Damage)[] = [];
  readonly unread: { readonly path: string; readonly why: string }[] = [];
  /** Whether some file could not be read whole. */
  partial = false;

  add(verdict: Verdict): void {
    this[verdict.outcome]++;
    if (verdict.outcome === 'stored') count(this.byStream, verdict.stream);
    else count(this.byReason, verdict.reason ?? 'unknown');
  }

  read(path: string, report: LogReport, sheet: boolean): void {
    this.files++;
    if (sheet) this.sheets++;
    this.bytes += report.fileBytes;
    if (report.fileBytes === 0 && report.gone === undefined) this.emptyFiles++;
    if (report.encoding === 'utf-16') this.miss(path, 'UTF-16: convert it to UTF-8 first, such as with iconv');
    if (report.changed) this.miss(path, 'it was moved or cut while it was read: import it again');
    if (report.gone !== undefined) this.miss(path, report.gone);
    if (report.result === 'partial') this.partial = true;
    for (const damage of report.damage) if (this.damaged.length < MAX_LISTED) this.damaged.push({ path, ...damage });
  }

  /** A file, or the rest of it, that could not be read. */
  miss(path: string, why: string): void {
    this.unread.push({ path, why });
    this.partial = true;
  }
}
