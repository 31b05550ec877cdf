import type { OwnBooks } from '../../core/reconcile/own-books.ts';
import { isOpen } from '../../core/reconcile/rows.ts';
import { BREAK_KINDS, type Break } from '../../core/reconcile/types.ts';
import { formatUs } from '../../core/transform/time.ts';
import { count, type Format, print, printJson, printRows } from '../commands/output.ts';
import { printable } from '../printable.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { clip } from '../trades/text.ts';
import type { AdoptPlan } from './adopt.ts';
import type { VenueResult } from './run-venue.ts';

/** Differences that a terminal is given; more of them are read from CSV or SQL. */
const MOST_SHOWN = 100;
const INDENT = ' '.repeat(11);

const COLUMNS = [
  'against',
  'kind',
  'state',
  'mode',
  'strategy_id',
  'symbol',
  'at',
  'subject',
  'row',
  'field',
  'ours',
  'theirs',
  'difference',
  'tolerance',
  'sentence',
  'advice',
] as const;

/** A difference with what it was found against. */
interface Shown {
  readonly against: string;
  readonly mode: string | null;
  readonly one: Break;
}

const flat = ({ against, mode, one }: Shown): Record<(typeof COLUMNS)[number], unknown> => ({
  against,
  kind: one.kind,
  state: one.state,
  mode,
  strategy_id: one.strategyId,
  symbol: one.symbol,
  at: one.us === null ? null : formatUs(one.us),
  subject: one.subject,
  row: one.row,
  field: one.field,
  ours: one.ours,
  theirs: one.theirs,
  difference: one.difference,
  tolerance: one.tolerance,
  sentence: one.sentence,
  advice: one.advice,
});

/** How many differences of each kind are in each state; kinds without any are left out. */
export const countsOf = (breaks: readonly Break[]): Record<string, Record<string, number>> =>
  Object.fromEntries(
    BREAK_KINDS.flatMap((kind) => {
      const own = breaks.filter((one) => one.kind === kind);
      const n = (state: string): number => own.filter((one) => one.state === state).length;
      return own.length === 0
        ? []
        : [[kind, { open: n('open'), within_tolerance: n('within_tolerance'), adopted: n('adopted') }]];
    }),
  );

function blocks(shown: readonly Shown[]): string {
  const lines = shown.slice(0, MOST_SHOWN).flatMap(({ one }) => {
    const at = one.us === null ? '' : `  ${formatUs(one.us).replace('T', ' ').slice(0, 23)}`;
    const row = one.row === null ? '' : `  row ${one.row}`;
    const state = one.state === 'open' ? '' : `  (${one.state.replace('_', ' ')})`;
    return [
      `${one.kind.padEnd(INDENT.length)}${one.symbol ?? ''}${at}${row}  ${clip(one.subject, 80)}${state}`,
      `${INDENT}${clip(one.sentence, 300)}`,
      ...(one.state === 'adopted' ? [] : [`${INDENT}${one.advice}`]),
    ];
  });
  if (shown.length > MOST_SHOWN)
    lines.push(`and ${count(shown.length - MOST_SHOWN)} more: --format csv gives them all`);
  return lines.map((line) => `${printable(line)}\n`).join('');
}

const inWords = (counts: ReturnType<typeof countsOf>, state: string): string =>
  Object.entries(counts)
    .flatMap(([kind, by]) => ((by[state] ?? 0) > 0 ? [`${count(by[state] ?? 0)} ${kind}`] : []))
    .join(', ');

const plural = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

export interface PrintOptions {
  readonly format: Format;
  /** Differences that need nobody too. */
  readonly all: boolean;
  readonly mode: string;
  readonly dryRun: boolean;
}

/** Prints a comparison with a venue's file. */
export function printVenue(result: VenueResult, options: PrintOptions): void {
  const { breaks } = result.comparison;
  const { format, all, mode } = options;
  const shown = breaks.filter((one) => all || isOpen(one)).map((one) => ({ against: 'venue', mode, one }));
  if (format === 'csv') printCsv(shown);
  else if (format === 'json') printJson(venueJson(result, shown, options));
  else print(`${blocks(shown)}${venueText(result, options)}`);
}

const printCsv = (shown: readonly Shown[]): void =>
  printRows(
    'csv',
    COLUMNS,
    shown.map((one) => Object.values(flat(one))),
  );

function venueJson(
  { file, venue, comparison, plan }: VenueResult,
  shown: readonly Shown[],
  options: PrintOptions,
): unknown {
  const { breaks, compared, matched, range, notes } = comparison;
  const open = breaks.filter(isOpen).length;
  return {
    file,
    layouts: venue.layouts,
    mode: options.mode,
    from: formatUs(range.fromUs),
    to: formatUs(range.toUs),
    rows: { ignored: venue.ignored, repeated: venue.repeatedRows },
    compared,
    matched: { by_id: matched.byId, by_economics: matched.byEconomics, ambiguous: matched.ambiguous },
    is_clean: open === 0,
    open_breaks: open,
    counts: countsOf(breaks),
    breaks: shown.map(flat),
    notes,
    ...(plan === undefined ? {} : { adoption: adoptionJson(plan, options.dryRun) }),
  };
}

const adoptionJson = ({ adopted, refused }: AdoptPlan, dryRun: boolean): unknown => ({
  dry_run: dryRun,
  adopted: adopted.map(({ subject, key, verdict, eventId }) => ({
    subject,
    mode: key.mode,
    strategy_id: key.strategyId,
    stream: verdict.stream,
    date: verdict.date,
    event_id: eventId,
  })),
  refused,
});

function venueText({ file, venue, comparison, plan }: VenueResult, { mode, dryRun }: PrintOptions): string {
  const { breaks, compared, range, notes } = comparison;
  const open = breaks.filter(isOpen).length;
  const [from, to] = [formatUs(range.fromUs), formatUs(range.toUs)].map((time) => `${time.slice(0, 19)}Z`);
  const things = [
    [compared.fill, 'fill'],
    [compared.funding, 'funding payment'],
    [compared.position, 'position'],
    [compared.balance, 'balance'],
  ] as const;
  const what = things.flatMap(([n, name]) => (n > 0 ? [plural(n, name)] : [])).join(', ') || 'nothing';
  const counts = countsOf(breaks);
  return linesOf([
    `${file} (${venue.layouts.join(', ') || 'no rows'}), mode ${mode}, from ${from} to ${to}: ${what} compared`,
    ...(venue.ignored > 0 ? [`  ${plural(venue.ignored, 'row')} of other kinds passed over`] : []),
    ...(venue.repeatedRows > 0 ? [`  ${plural(venue.repeatedRows, 'row')} stood in the file twice`] : []),
    ...notes.map((note) => `  ${note}`),
    ...(plan === undefined ? [] : adoptionLines(plan, dryRun)),
    ...stateLines(counts),
    open === 0 ? 'Clean.' : `${plural(open, 'open break')}: ${inWords(counts, 'open')}`,
  ]);
}

/** Refusals that a terminal is given. */
const MOST_REFUSED = 20;

const adoptionLines = ({ adopted, refused }: AdoptPlan, dryRun: boolean): string[] => [
  `  ${plural(adopted.length, 'event')} ${dryRun ? 'would be adopted' : 'adopted'}`,
  ...refused
    .slice(0, MOST_REFUSED)
    .map(({ subject, reason }) => `  ${clip(subject, 80)} ${dryRun ? 'would not be' : 'was not'} adopted: ${reason}`),
  ...(refused.length > MOST_REFUSED ? [`  and ${count(refused.length - MOST_REFUSED)} more were not adopted`] : []),
];

const stateLines = (counts: ReturnType<typeof countsOf>): string[] =>
  (['within_tolerance', 'adopted'] as const).flatMap((state) => {
    const words = inWords(counts, state);
    return words === '' ? [] : [`  ${state.replace('_', ' ')}: ${words}`];
  });

const linesOf = (lines: readonly string[]): string => lines.map((line) => `${printable(line)}\n`).join('');

/** Prints our own books against a fold from scratch, and against the bot's figures. */
export function printOwnBooks(books: readonly OwnBooks[], { format, all }: Pick<PrintOptions, 'format' | 'all'>): void {
  const shown = books.flatMap((book) => shownOf(book, all));
  if (format === 'csv') printCsv(shown);
  else if (format === 'json') printJson(books.map((book) => ownJson(book, all)));
  else
    print(
      `${blocks(shown)}${linesOf(books.length === 0 ? ['There is no ledger: the lake holds no fill.'] : books.map(ownText))}`,
    );
}

const shownOf = ({ key, rebuild, bot }: OwnBooks, all: boolean): Shown[] =>
  [...rebuild.breaks.map((one) => ({ against: 'rebuild', one })), ...bot.breaks.map((one) => ({ against: 'bot', one }))]
    .filter(({ one }) => all || isOpen(one))
    .map((shown) => ({ ...shown, mode: key.mode ?? UNKNOWN_MODE }));

function ownJson(book: OwnBooks, all: boolean): unknown {
  const { key, fromDate, toDate, rebuild, bot } = book;
  const figures = ({ compared, open, breaks }: OwnBooks['rebuild']): Record<string, unknown> => ({
    compared,
    open_breaks: open,
    counts: countsOf(breaks),
  });
  return {
    mode: key.mode,
    strategy_id: key.strategyId,
    from: fromDate,
    to: toDate,
    rebuild: figures(rebuild),
    bot: { ...figures(bot), incomparable: bot.incomparable },
    breaks: shownOf(book, all).map(flat),
  };
}

function ownText({ key, fromDate, toDate, rebuild, bot }: OwnBooks): string {
  const beside =
    bot.compared === 0
      ? 'the bot books no figure of a known basis'
      : `${plural(bot.compared, 'trade')} beside the bot’s figure, ${plural(bot.open, 'open break')}`;
  return (
    `${key.strategyId ?? '(no strategy)'}, mode ${key.mode ?? UNKNOWN_MODE}, ${fromDate} to ${toDate}: ` +
    `${plural(rebuild.compared, 'row')} beside a fold from scratch, ${plural(rebuild.open, 'open break')}; ${beside}`
  );
}
