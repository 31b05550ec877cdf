import type { EventOf } from '../catalog/index.ts';
import { dateOf } from '../lake/keys.ts';
import { type LakeRecord, type LakeTools, readDerivedDay } from '../lake/read.ts';
import type { Ledger, RebuildReport } from '../lifecycle/ledger.ts';
import type { DerivedRow, LedgerKey } from '../lifecycle/types.ts';
import { botFigures } from './bot-figures.ts';
import { breakOf } from './break.ts';
import { type PublishTools, publishRows } from './publish.ts';
import { rebuildBreaks } from './rebuild-breaks.ts';
import { type ComparedScope, isOpen, reconciliationRows, scopePrefix } from './rows.ts';
import type { Tolerance } from './tolerances.ts';
import type { Break } from './types.ts';

// Our own books against themselves: what was published as events came in, against a fold of the lake from scratch, and
// our PnL against the bot's.

export interface OwnBooksOptions {
  /** First and last UTC day. @default - all */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** @default - every ledger */
  readonly key?: LedgerKey | undefined;
  readonly botTolerance?: Tolerance | undefined;
}

/** One ledger, compared. */
export interface OwnBooks {
  readonly key: LedgerKey;
  readonly fromDate: string;
  readonly toDate: string;
  readonly rebuild: ComparedPart;
  readonly bot: ComparedPart & { readonly incomparable: number };
}

export interface ComparedPart {
  readonly breaks: readonly Break[];
  readonly compared: number;
  readonly open: number;
}

/** Differences that are published and printed per ledger; what is beyond is counted. A ledger that was never folded differs in every row. */
const MOST_BREAKS = 1_000;

/** Folds without writing, and compares. */
export async function compareOwnBooks(ledger: Ledger, tools: LakeTools, options: OwnBooksOptions): Promise<OwnBooks[]> {
  const { from, to, key, botTolerance } = options;
  const reports = await ledger.rebuild({
    dryRun: true,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(key === undefined ? {} : { key }),
  });
  const compared: OwnBooks[] = [];
  for (const whole of reports) {
    const inRange = ({ date }: DerivedRow): boolean =>
      (from === undefined || date >= from) && (to === undefined || date <= to);
    // The fold begins where a checkpoint lets it, and so makes rows of earlier days too.
    const report = {
      ...whole,
      changedRows: whole.changedRows.filter(inRange),
      retractedRows: whole.retractedRows.filter(inRange),
    };
    const rows = report.rows.filter(inRange);
    const dates = [...rows, ...report.changedRows, ...report.retractedRows].map(({ date }) => date).sort();
    const known = await publishedOf(tools, report);
    const never = report.published === 0 && report.changedRows.length > 0;
    const breaks = never ? [neverFolded(report)] : rebuildBreaks(report, (row) => known.get(rowIdentity(row)));
    const trades = rows
      .filter(({ stream }) => stream === 'trade_lifecycle')
      .map(({ event }) => event as EventOf<'trade_lifecycle'>);
    const bot = botFigures(trades, botTolerance);
    compared.push({
      key: report.key,
      fromDate: from ?? dates[0] ?? dateOf(0),
      toDate: to ?? dates.at(-1) ?? dateOf(0),
      rebuild: part(breaks, rows.length + report.retractedRows.length),
      bot: { ...part(bot.breaks, bot.compared), incomparable: bot.incomparable },
    });
  }
  return compared;
}

/** One break for all rows of a ledger that nobody keeps. */
const neverFolded = ({ key, changedRows: { length: changed } }: RebuildReport): Break =>
  breakOf({
    kind: 'missing',
    state: 'open',
    subject: 'the whole ledger',
    strategyId: key.strategyId,
    theirs: String(changed),
    sentence: `A fold of the lake makes ${changed} rows of this ledger for these days; none was ever published.`,
    advice: 'Run `nightdesk rebuild` once; a desk that runs keeps it from then on.',
  });

const part = (breaks: readonly Break[], compared: number): ComparedPart => ({
  breaks: [...breaks].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a))).slice(0, MOST_BREAKS),
  compared,
  open: breaks.filter(isOpen).length,
});

/** Publishes the comparison, as rows of stream `reconciliation`. @returns how many rows were written */
export async function publishOwnBooks(tools: PublishTools, books: readonly OwnBooks[]): Promise<number> {
  let written = 0;
  for (const { key, fromDate, toDate, rebuild, bot } of books) {
    for (const [against, result] of [
      ['rebuild', rebuild],
      ['bot', bot],
    ] as const) {
      const scope: ComparedScope = {
        against,
        mode: key.mode,
        strategyId: key.strategyId,
        venue: null,
        accountId: null,
        symbol: null,
        fromDate,
        toDate,
      };
      const { sha256 } = tools;
      const nothing = result.compared === 0 && result.breaks.length === 0; // a quiet day is no row, but withdraws what was
      const prefix = scopePrefix(scope, sha256);
      written += await publishRows(tools, {
        rows: nothing ? [] : reconciliationRows(scope, result, sha256),
        prefix,
        fromDate,
        toDate,
      });
    }
  }
  return written;
}

const rowIdentity = ({ stream, date, id, event }: DerivedRow): string =>
  JSON.stringify([stream, date, id, event.strategy_id ?? null, event.session_id ?? null]);

/** What the lake says of the rows that a fold makes otherwise. */
async function publishedOf(tools: LakeTools, { changedRows }: RebuildReport): Promise<Map<string, LakeRecord>> {
  const asked = new Map<string, Set<string>>();
  for (const { stream, date, id } of changedRows) {
    const place = `${stream}\n${date}`;
    asked.set(place, (asked.get(place) ?? new Set()).add(id));
  }
  const known = new Map<string, LakeRecord>();
  const wanted = new Set(changedRows.map(rowIdentity));
  for (const [place, ids] of asked) {
    const [stream = '', date = ''] = place.split('\n');
    const only = (record: LakeRecord): boolean => ids.has(String(record.event_id));
    for await (const record of readDerivedDay(tools, { stream, date, only })) {
      const identity = JSON.stringify([
        stream,
        date,
        record.event_id,
        record.strategy_id ?? null,
        record.session_id ?? null,
      ]);
      if (wanted.has(identity)) known.set(identity, record);
    }
  }
  return known;
}
