import { bytes, count } from '../commands/output.ts';
import type { Plan } from './plan.ts';
import type { SendReport } from './send-report.ts';
import { listed, plural, sorted, textOf, unreadLines } from './summary-text.ts';

/** The facts of a send, for programs. `lines = blank + accepted + refused`. */
export function summaryJson(
  plan: Plan,
  report: SendReport,
  facts: { readonly target: string; readonly dryRun: boolean; readonly seconds: number },
) {
  return {
    result: report.refused > report.tooLargeLines ? 'failed' : isPartial(plan, report) ? 'partial' : 'complete',
    target: facts.target,
    dry_run: facts.dryRun,
    sources: [...plan.ledgers.keys()],
    files: report.files,
    empty_files: report.emptyFiles,
    bytes: report.bytes,
    lines: report.lines,
    blank: report.blank,
    accepted: report.accepted,
    refused: report.refused,
    refused_by: Object.fromEntries(report.refusedBy),
    refused_lines: report.refusedLines,
    expected: {
      stored: report.forecast.stored,
      quarantined: report.forecast.quarantined,
      by_reason: sorted(report.forecast.byReason),
      by_stream: sorted(report.forecast.byStream),
    },
    damaged: report.damaged,
    unread: report.unread,
    copies: plan.copies,
    sheets: plan.found.sheets.map(({ path }) => path),
    skipped: plan.found.skipped,
    other_files: plan.found.others,
    seconds: facts.seconds,
  };
}

export type SendSummary = ReturnType<typeof summaryJson>;

const isPartial = (plan: Plan, report: SendReport): boolean =>
  report.partial || report.refused > 0 || plan.found.skipped.some(({ why }) => why.startsWith('cannot be read'));

/** The same for people. */
export function summaryText(summary: SendSummary): string {
  const { expected, dry_run } = summary;
  const lines = [
    `${dry_run ? 'would send' : 'sent'} ${plural(summary.files, 'file')} (${bytes(summary.bytes)}, ${summary.empty_files} empty) to ${summary.target}`,
    `  lines     ${count(summary.lines)} = ${count(summary.blank)} blank + ${count(summary.accepted)} ${dry_run ? 'to send' : 'accepted'} + ${count(summary.refused)} refused`,
    `  expected  ${count(expected.stored)} stored, ${count(expected.quarantined)} in quarantine${inBrackets(expected.by_reason)}`,
    ...Object.entries(expected.by_stream).map(([stream, n]) => `            ${stream} ${count(n)}`),
    ...Object.entries(summary.refused_by).map(([why, n]) => `  refused   ${count(n)}: ${why}`),
    ...listed('refused  ', summary.refused_lines, (line) => line),
    ...listed('sheet    ', summary.sheets, (path) => `${path} is CSV: use \`nightdesk import\``),
    ...unreadLines(summary, { labelWidth: 9 }),
  ];
  return textOf(lines);
}

const inBrackets = (counts: Readonly<Record<string, number>>): string => {
  const all = Object.entries(counts).map(([name, n]) => `${name} ${count(n)}`);
  return all.length === 0 ? '' : ` (${all.join(', ')})`;
};
