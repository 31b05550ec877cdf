import { bytes, count } from '../commands/output.ts';
import { plural, sorted, textOf, unreadLines } from '../logs/summary-text.ts';
import type { ImportPlan } from './plan.ts';
import type { ImportReport } from './report.ts';

/** The facts of an import, for programs. `lines = blank + headers + stored + quarantined`. */
export function summaryJson(
  plan: ImportPlan,
  report: ImportReport,
  facts: { readonly data: string; readonly dryRun: boolean; readonly seconds: number },
) {
  return {
    result:
      report.partial || plan.found.skipped.some(({ why }) => why.startsWith('cannot be read')) ? 'partial' : 'complete',
    data: facts.data,
    dry_run: facts.dryRun,
    sources: [...plan.ledgers.keys()],
    files: report.files,
    sheets: report.sheets,
    empty_files: report.emptyFiles,
    bytes: report.bytes,
    lines: report.lines,
    blank: report.blank,
    headers: report.headers,
    stored: report.stored,
    quarantined: report.quarantined,
    by_stream: sorted(report.byStream),
    by_reason: sorted(report.byReason),
    objects: report.objects,
    object_bytes: report.objectBytes,
    damaged: report.damaged,
    unread: report.unread,
    copies: plan.copies,
    skipped: plan.found.skipped,
    other_files: plan.found.others,
    seconds: facts.seconds,
  };
}

export type ImportSummary = ReturnType<typeof summaryJson>;

/** The same for people. */
export function summaryText(summary: ImportSummary): string {
  const { dry_run: dry } = summary;
  const sum = [
    `${count(summary.blank)} blank`,
    ...(summary.headers > 0 ? [`${count(summary.headers)} headers`] : []),
    `${count(summary.stored)} ${dry ? 'to store' : 'stored'}`,
    `${count(summary.quarantined)} ${dry ? 'for quarantine' : 'in quarantine'}`,
  ];
  const lines = [
    `${dry ? 'would import' : 'imported'} ${plural(summary.files, 'file')} (${bytes(summary.bytes)}, ${summary.sheets} CSV, ${summary.empty_files} empty) into ${summary.data}`,
    `  lines      ${count(summary.lines)} = ${sum.join(' + ')}`,
    ...Object.entries(summary.by_stream).map(([stream, n]) => `             ${stream} ${count(n)}`),
    ...Object.entries(summary.by_reason).map(([reason, n]) => `  quarantine ${reason} ${count(n)}`),
    ...(dry ? [] : [`  lake       ${plural(summary.objects, 'object')}, ${bytes(summary.object_bytes)}`]),
    ...unreadLines(summary, { labelWidth: 10 }),
  ];
  return textOf(lines);
}
