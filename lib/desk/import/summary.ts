import { bytes, count } from '../commands/output.ts';
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

const sorted = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));

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
    ...listed(
      'damaged',
      summary.damaged,
      ({ path, from, to, what }) => `${path}: bytes ${from} to ${to} ${WHAT[what]}`,
    ),
    ...listed('not read', summary.unread, ({ path, why }) => `${path}: ${why}`),
    ...listed('copy', summary.copies, ({ path, of }) => `${path} repeats ${of}, which is read instead`),
    ...listed('skipped', summary.skipped, ({ path, why }) => `${path}: ${why}`),
  ];
  if (summary.other_files > 0) lines.push(`  skipped    ${plural(summary.other_files, 'file')} of other kinds`);
  return `${lines.join('\n')}\n`;
}

const WHAT: Readonly<Record<string, string>> = {
  stray: 'lie between gzip members and belong to none',
  damaged: 'cannot be decoded',
  unverified: 'decode, but their checksum differs',
  truncated: 'are an unfinished gzip member',
};

const SHOWN = 10;

function listed<T>(label: string, items: readonly T[], text: (item: T) => string): string[] {
  const shown = items.slice(0, SHOWN).map((item) => `  ${label.padEnd(10)} ${text(item)}`);
  return items.length > SHOWN
    ? [...shown, `  ${label.padEnd(10)} and ${items.length - SHOWN} more (--json lists them)`]
    : shown;
}

const plural = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`;
