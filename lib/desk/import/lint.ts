import { isObject, type JsonObject } from '../../core/transform/json.ts';
import { count } from '../logs/forecast.ts';
import type { ImportPlan, PlannedFile } from './plan.ts';
import { ImportReport } from './report.ts';
import { type LineResult, type LinesRun, resultsOf } from './run.ts';

/** What is wrong with a stored event without keeping it from being stored. */
export const WARNINGS = {
  misfit: 'a value does not fit its field and is kept in extra',
  nonfinite: 'a number is NaN or infinite, and null in the lake',
  naive_time: 'a time has no zone; it is read in the configured one, else as UTC',
  clock_fallback: 'no ts: the time of emission or of the bar stands in',
  no_clock: 'no time at all',
} as const;

export type Warning = keyof typeof WARNINGS;

/** A line that would go to quarantine. */
export interface BadLine {
  readonly path: string;
  readonly line: number;
  readonly reason: string;
  readonly detail: string;
  /** The stream the line would have been in, where known. */
  readonly stream?: string;
}

export interface FileLint {
  readonly path: string;
  lines: number;
  good: number;
  bad: number;
  readonly byReason: Map<string, number>;
  readonly byStream: Map<string, number>;
  readonly dialects: Map<string, number>;
  readonly warnings: Map<string, number>;
  /** Fields that did not fit, or were not finite. */
  readonly fields: Map<string, number>;
}

export interface Lint {
  readonly files: readonly FileLint[];
  /** The first bad lines. */
  readonly listed: readonly BadLine[];
  readonly report: ImportReport;
}

export interface LintRun extends LinesRun {
  /** Most bad lines to list. */
  readonly maxListed: number;
  /** Most lines to look at in each file. @default - all */
  readonly maxLines?: number;
  readonly onProgress?: (bytes: number, report: ImportReport) => void;
}

/** Runs every line through the transform and says what would become of it; writes nothing. */
export async function lintFiles(files: readonly PlannedFile[], run: LintRun): Promise<Lint> {
  const report = new ImportReport();
  const listed: BadLine[] = [];
  const lints: FileLint[] = [];
  let bytesBefore = 0;
  for (const file of files) {
    const before = report.lines;
    const lint = newLint(file.file.path);
    lints.push(lint);
    for await (const { results, readBytes } of resultsOf(file, run, report)) {
      for (const result of results) {
        report.add(result.verdict);
        addResult(lint, result, { listed, maxListed: run.maxListed });
      }
      run.onProgress?.(bytesBefore + readBytes, report);
      if (run.maxLines !== undefined && lint.good + lint.bad >= run.maxLines) break;
    }
    lint.lines = report.lines - before;
    bytesBefore += file.file.bytes;
  }
  return { files: lints, listed, report };
}

const newLint = (path: string): FileLint => ({
  path,
  lines: 0,
  good: 0,
  bad: 0,
  byReason: new Map(),
  byStream: new Map(),
  dialects: new Map(),
  warnings: new Map(),
  fields: new Map(),
});

function addResult(
  lint: FileLint,
  { number, verdict }: LineResult,
  list: { readonly listed: BadLine[]; readonly maxListed: number },
): void {
  const parsed: unknown = JSON.parse(verdict.json);
  const event: JsonObject = isObject(parsed) ? parsed : {};
  if (verdict.outcome === 'stored') {
    lint.good++;
    count(lint.byStream, verdict.stream);
    count(lint.dialects, String(event.dialect));
    addWarnings(lint, event);
    return;
  }
  lint.bad++;
  const reason = verdict.reason ?? 'unknown';
  count(lint.byReason, reason);
  if (list.listed.length >= list.maxListed) return;
  const stream = verdict.target ?? (typeof event.target === 'string' ? event.target : undefined);
  list.listed.push({
    path: lint.path,
    line: number,
    reason,
    detail: String(event.detail),
    ...(stream === undefined ? {} : { stream }),
  });
}

function addWarnings({ warnings, fields }: FileLint, event: JsonObject): void {
  const warn = (warning: Warning): void => count(warnings, warning);
  for (const [warning, names] of [
    ['misfit', event.misfits],
    ['nonfinite', event.nonfinite],
  ] as const) {
    if (!Array.isArray(names)) continue;
    warn(warning);
    for (const name of names) count(fields, String(name));
  }
  if (event.ts_naive === true) warn('naive_time');
  if (event.ts_source === 'none') warn('no_clock');
  else if (event.ts_source !== 'ts') warn('clock_fallback');
}

/** Above this share of bad lines the logs need attention before they are sent. */
export const MOST_BAD = 0.05;

export const badShare = ({ stored, quarantined }: ImportReport): number =>
  stored + quarantined === 0 ? 0 : quarantined / (stored + quarantined);

/** The facts of a lint, for programs. */
export function lintJson({ files, listed, report }: Lint, plan: ImportPlan) {
  return {
    result: badShare(report) > MOST_BAD ? 'too_many_bad' : report.quarantined > 0 ? 'some_bad' : 'good',
    files: files.map(({ path, lines, good, bad, ...counts }) => ({
      path,
      lines,
      good,
      bad,
      by_reason: Object.fromEntries(counts.byReason),
      by_stream: Object.fromEntries(counts.byStream),
      dialects: Object.fromEntries(counts.dialects),
      warnings: Object.fromEntries(counts.warnings),
      fields: Object.fromEntries(counts.fields),
    })),
    listed,
    lines: report.lines,
    blank: report.blank,
    headers: report.headers,
    good: report.stored,
    bad: report.quarantined,
    bad_share: badShare(report),
    by_reason: Object.fromEntries(report.byReason),
    by_stream: Object.fromEntries(report.byStream),
    warnings: Object.fromEntries(totals(files, 'warnings')),
    damaged: report.damaged,
    unread: report.unread,
    copies: plan.copies,
    skipped: plan.found.skipped,
  };
}

export type LintSummary = ReturnType<typeof lintJson>;

function totals(files: readonly FileLint[], key: 'warnings' | 'fields'): Map<string, number> {
  const sum = new Map<string, number>();
  for (const file of files) for (const [name, n] of file[key]) count(sum, name, n);
  return sum;
}
