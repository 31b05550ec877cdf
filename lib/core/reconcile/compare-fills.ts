import { formatUs } from '../transform/time.ts';
import { type BreakDraft, breakOf } from './break.ts';
import { feeBreak } from './compare-fee.ts';
import { type FillMatch, type MatchOptions, matchFills, type Reported } from './match-fills.ts';
import { normalSymbol } from './symbols.ts';
import { allowed, verdictOf } from './tolerances.ts';
import type { Break, OurFill, Ours, Range, VenueFill } from './types.ts';

export interface FillsOptions extends MatchOptions {
  readonly range: Range;
  readonly stableCoins: readonly string[];
}

export interface ComparedFills {
  readonly breaks: readonly Break[];
  readonly compared: number;
  readonly byId: number;
  readonly byEconomics: number;
  readonly ambiguous: number;
  readonly foreignIds: boolean;
}

/** Longest time between a fill and its repeat under another id by a bot that was started again. */
const REPEAT_WITHIN_US = 86_400_000_000;

/** Holds the venue's fills of a range against what the bot reported and what our ledger took of it. */
export function compareFills(venue: readonly VenueFill[], ours: Ours, options: FillsOptions): ComparedFills {
  const inRange = ({ us }: { us: number }): boolean => us >= options.range.fromUs && us < options.range.toUs;
  const asked = venue.filter(inRange);
  const { matches, venueOnly, oursOnly, ambiguous, foreignIds } = matchFills(asked, ours.fills, options);
  const twins = new Twins(matches, ours.fills, options);
  const alone = oursOnly.filter(({ first }) => inRange(first)).sort((a, b) => a.first.us - b.first.us);
  const breaks = [
    ...venueOnly.map((fill) => missing(fill, options)),
    ...matches.flatMap((match) => differences(match, ours, options)),
    ...alone.map((one) => unmatched(one, twins.of(one))),
    ...[...matches.map(({ reported }) => reported), ...alone].flatMap((one) => repeats(one)),
  ];
  return {
    breaks,
    compared: asked.length + alone.length,
    byId: matches.filter(({ by }) => by === 'id').length,
    byEconomics: matches.filter(({ by }) => by !== 'id').length,
    ambiguous,
    foreignIds,
  };
}

/** How a fill is named to people and in ids of breaks: by its number, else by what it is. */
const venueSubject = (fill: VenueFill): string =>
  fill.id ??
  `${normalSymbol(fill.symbol)} ${fill.side} ${fill.quantity.text} @ ${fill.price.text} ${formatUs(fill.us)}`;

const ourSubject = (fill: OurFill): string => fill.venueFillId ?? fill.id;

const toText = ({ side, qty, price }: OurFill): string => `${side ?? 'side unknown'} ${qty} @ ${price}`;
const venueText = ({ side, quantity, price }: VenueFill): string => `${side} ${quantity.text} @ ${price.text}`;

function missing(fill: VenueFill, { nameOf }: FillsOptions): Break {
  return breakOf({
    kind: 'missing',
    state: 'open',
    subject: venueSubject(fill),
    theirs: venueText(fill),
    us: fill.us,
    symbol: nameOf(fill.symbol),
    row: fill.row,
    sentence: `The venue filled ${venueText(fill)} ${nameOf(fill.symbol)}; the bot never reported it.`,
    advice: 'Look why the bot missed it; `--adopt` writes it into the ledger.',
    adopt: fill,
  });
}

function differences({ venue, reported, by }: FillMatch, ours: Ours, options: FillsOptions): Break[] {
  const { first } = reported;
  const about = {
    subject: venueSubject(venue),
    us: venue.us,
    symbol: reported.symbol,
    strategyId: first.strategyId,
    row: venue.row,
  };
  const found: Break[] = [];
  if (first.adopted)
    found.push(
      breakOf({
        ...about,
        kind: 'missing',
        state: 'adopted',
        ours: toText(first),
        theirs: venueText(venue),
        sentence: 'The bot never reported it; it was adopted from a file of the venue.',
        advice: 'Nothing.',
      }),
    );
  if (first.side !== null && first.side !== venue.side)
    found.push(
      breakOf({
        ...about,
        kind: 'field',
        state: 'open',
        field: 'side',
        ours: first.side,
        theirs: venue.side,
        sentence: `The bot says ${first.side}, the venue ${venue.side}.`,
        advice: 'The bot logs the wrong side: positions and PnL of this symbol are wrong until that is mended.',
      }),
    );
  const lot = options.lotOf(first.symbol);
  for (const [kind, own, theirs, least] of [
    ['price', first.price, venue.price, 0],
    ['quantity', first.qty, venue.quantity, (lot ?? 0) / 2],
  ] as const) {
    const tolerance = allowed(options.tolerances[kind], theirs.value, least);
    const verdict = verdictOf(own, theirs.value, tolerance);
    if (verdict === 'equal') continue;
    found.push(
      breakOf({
        ...about,
        kind,
        state: verdict,
        field: kind === 'price' ? 'price' : 'qty',
        ours: String(own),
        theirs: theirs.text,
        difference: own - theirs.value,
        tolerance,
        sentence: `The bot reported a ${kind} of ${own}, the venue ${theirs.text}${by === 'likeness' ? ' (matched by time, side and what is alike)' : ''}.`,
        advice:
          kind === 'price'
            ? 'Compare with the order: the bot may log its limit, or the average of the order, for the price of the fill.'
            : 'The bot may log the order’s quantity, or several fills as one; the position is wrong by the difference.',
      }),
    );
  }
  const fee = feeBreak(venue, first, options);
  if (fee !== undefined) found.push(breakOf({ ...about, ...fee }));
  if (ours.hasLedger && first.inLedger === false) found.push(notInLedger(about, first));
  return found;
}

const notInLedger = (about: Pick<BreakDraft, 'subject'>, fill: OurFill): Break =>
  breakOf({
    ...about,
    kind: 'missing',
    state: 'open',
    field: 'ledger',
    theirs: toText(fill),
    sentence: 'Venue and bot agree on the fill, and our ledger does not hold it.',
    advice:
      fill.side === null
        ? 'Neither the fill nor its order says the side; let the bot log it.'
        : 'Run `nightdesk rebuild` for its day; if it stays, report it.',
  });

function unmatched({ first, symbol }: Reported, twin: OurFill | undefined): Break {
  const about = {
    state: 'open',
    subject: ourSubject(first),
    ours: toText(first),
    us: first.us,
    symbol,
    strategyId: first.strategyId,
  } as const;
  if (twin !== undefined)
    return breakOf({
      ...about,
      kind: 'repeated',
      theirs: null,
      sentence: `Session ${first.sessionId ?? '(none)'} reported ${toText(first)} again under a new id; it is ${ourSubject(twin)} of session ${twin.sessionId ?? '(none)'}.`,
      advice: 'The ledger counts it twice: let the bot log the venue’s fill id, by which a repeat is known.',
    });
  return breakOf({
    ...about,
    kind: 'unexpected',
    sentence: `The bot reported ${toText(first)} ${symbol}; the venue’s file does not hold it.`,
    advice:
      'Check that the file covers the account, the symbol and the time; else the bot booked a fill that never was.',
  });
}

/** Events that carry the venue's id of a fill that another event told before. */
function repeats({ first, repeats: again, symbol }: Reported): Break[] {
  return again.map((fill) => {
    const twice = fill.strategyId !== first.strategyId || fill.inLedger === true;
    const differs =
      verdictOf(fill.qty, first.qty, 1e-9 * first.qty) === 'open' ||
      verdictOf(fill.price, first.price, 1e-9 * first.price) === 'open';
    return breakOf({
      kind: 'repeated',
      state: twice || differs ? 'open' : 'within_tolerance',
      subject: fill.id,
      ours: toText(fill),
      theirs: toText(first),
      us: fill.us,
      symbol,
      strategyId: fill.strategyId,
      sentence: `Fill ${ourSubject(first)} was reported again${fill.sessionId === first.sessionId ? '' : ` by session ${fill.sessionId ?? '(none)'}`}${differs ? ', with other figures' : ''}.`,
      advice: twice
        ? 'It is in two ledgers: two strategies report one account. Compare them with --strategy, and let one report it.'
        : differs
          ? 'The ledger took the first; see which one the venue’s file agrees with.'
          : 'Nothing: the ledger counted it once.',
    });
  });
}

/** Finds of a fill that the venue does not know the one that it repeats: equal economics in another run, within a day. */
class Twins {
  readonly #matched: ReadonlySet<OurFill>;
  readonly #byEconomics = new Map<string, OurFill[]>();
  readonly #options: FillsOptions;

  constructor(matches: readonly FillMatch[], ours: readonly OurFill[], options: FillsOptions) {
    this.#options = options;
    this.#matched = new Set(matches.map(({ reported }) => reported.first));
    for (const fill of ours) {
      const key = this.#keyOf(fill);
      const list = this.#byEconomics.get(key);
      if (list === undefined) this.#byEconomics.set(key, [fill]);
      else list.push(fill);
    }
  }

  of({ first }: Reported): OurFill | undefined {
    return (this.#byEconomics.get(this.#keyOf(first)) ?? []).find(
      (other) =>
        other !== first &&
        (other.sessionId !== first.sessionId || sharesOrder(other, first)) &&
        Math.abs(other.us - first.us) <= REPEAT_WITHIN_US &&
        (other.venueFillId === null || first.venueFillId === null || other.venueFillId === first.venueFillId) &&
        (this.#matched.has(other) || comesBefore(other, first)),
    );
  }

  /** Quantities and prices alike to ten digits are alike: what a log prints is rarely exact to more. */
  #keyOf({ symbol, side, qty, price }: OurFill): string {
    return [this.#options.nameOf(symbol), side, qty.toPrecision(10), price.toPrecision(10)].join('\n');
  }
}

const sharesOrder = (a: OurFill, b: OurFill): boolean => a.orderIds.some((id) => b.orderIds.includes(id));

const comesBefore = (a: OurFill, b: OurFill): boolean =>
  a.us < b.us || (a.us === b.us && (a.arrivedMs < b.arrivedMs || (a.arrivedMs === b.arrivedMs && a.id < b.id)));
