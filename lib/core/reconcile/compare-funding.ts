import { formatUs } from '../transform/time.ts';
import { assign } from './assign.ts';
import { breakOf } from './break.ts';
import type { NameOf } from './symbols.ts';
import { allowed, type Tolerances, verdictOf } from './tolerances.ts';
import type { Break, OurFunding, Range, VenueFunding } from './types.ts';

export interface FundingOptions {
  readonly range: Range;
  readonly nameOf: NameOf;
  readonly tolerances: Tolerances;
}

const fundingSubject = ({ id, us, symbol }: VenueFunding): string => id ?? `${symbol} ${formatUs(us)}`;

/** Holds the venue's funding payments of a range against ours: by the venue's id, then by symbol and time. */
export function compareFunding(
  venue: readonly VenueFunding[],
  ours: readonly OurFunding[],
  { range, nameOf, tolerances }: FundingOptions,
): { readonly breaks: readonly Break[]; readonly compared: number } {
  const inRange = ({ us }: { us: number }): boolean => us >= range.fromUs && us < range.toUs;
  const asked = venue.filter(inRange);
  const { firsts, repeats } = onceEach(ours, nameOf);
  const pairs = matched(asked, firsts, { nameOf, tolerances });
  const taken = new Set(pairs.values());
  const alone = firsts.filter((flow) => !taken.has(flow) && inRange(flow));
  return {
    compared: asked.length + alone.length,
    breaks: [
      ...asked.flatMap((row) => {
        const flow = pairs.get(row);
        return flow === undefined ? [missing(row, nameOf)] : differences(row, flow, { nameOf, tolerances });
      }),
      ...alone.map((flow) => unexpected(flow, nameOf)),
      ...repeats.filter(inRange).map((flow) => repeated(flow, nameOf)),
    ],
  };
}

type Tools = Pick<FundingOptions, 'nameOf' | 'tolerances'>;

function onceEach(ours: readonly OurFunding[], nameOf: NameOf): { firsts: OurFunding[]; repeats: OurFunding[] } {
  const seen = new Set<string>();
  const [firsts, repeats]: [OurFunding[], OurFunding[]] = [[], []];
  for (const flow of ours) {
    const key = `${nameOf(flow.symbol)}\n${flow.flowId}`;
    if (flow.flowId !== null && seen.has(key)) repeats.push(flow);
    else firsts.push(flow);
    seen.add(key);
  }
  return { firsts, repeats };
}

function matched(
  venue: readonly VenueFunding[],
  ours: readonly OurFunding[],
  { nameOf, tolerances }: Tools,
): Map<VenueFunding, OurFunding> {
  const pairs = new Map<VenueFunding, OurFunding>();
  const byId = new Map(
    ours.flatMap((flow) => (flow.flowId === null ? [] : [[`${nameOf(flow.symbol)}\n${flow.flowId}`, flow]])),
  );
  for (const row of venue) {
    const flow = row.id === null ? undefined : byId.get(`${nameOf(row.symbol)}\n${row.id}`);
    if (flow !== undefined) pairs.set(row, flow);
  }
  const foreignIds = pairs.size === 0;
  const taken = new Set(pairs.values());
  const right = ours.filter((flow) => !taken.has(flow));
  const left = venue.filter((row) => !pairs.has(row));
  const bySymbol = new Map<string, number[]>();
  for (const [index, { symbol }] of right.entries())
    bySymbol.set(nameOf(symbol), [...(bySymbol.get(nameOf(symbol)) ?? []), index]);
  const lists = left.map((row) =>
    (bySymbol.get(nameOf(row.symbol)) ?? []).flatMap((index) => {
      const flow = right[index];
      const distance = Math.abs((flow?.us ?? Number.POSITIVE_INFINITY) - row.us);
      const other = !foreignIds && row.id !== null && flow?.flowId !== null;
      return distance > tolerances.fundingTimeUs || other ? [] : [{ right: index, distance }];
    }),
  );
  for (const [index, found] of assign(lists).entries()) {
    const [row, flow] = [left[index], found === undefined ? undefined : right[found]];
    if (row !== undefined && flow !== undefined) pairs.set(row, flow);
  }
  return pairs;
}

const missing = (row: VenueFunding, nameOf: NameOf): Break =>
  breakOf({
    kind: 'funding',
    state: 'open',
    subject: fundingSubject(row),
    field: 'missing',
    theirs: `${row.amount.text}${row.asset === null ? '' : ` ${row.asset}`}`,
    us: row.us,
    symbol: nameOf(row.symbol),
    row: row.row,
    sentence: `The venue ${row.amount.value < 0 ? 'took' : 'paid'} funding of ${row.amount.text} for ${nameOf(row.symbol)}; the bot never reported it.`,
    advice: 'Net figures leave it out; `--adopt` writes it into the ledger.',
    adopt: row,
  });

function differences(row: VenueFunding, flow: OurFunding, { nameOf, tolerances }: Tools): Break[] {
  const about = {
    kind: 'funding',
    subject: fundingSubject(row),
    field: 'amount',
    us: row.us,
    symbol: nameOf(row.symbol),
    strategyId: flow.strategyId,
    row: row.row,
    theirs: row.amount.text,
  } as const;
  if (flow.adopted)
    return [
      breakOf({
        ...about,
        state: 'adopted',
        field: 'missing',
        ours: String(flow.amount),
        sentence: 'The bot never reported it; it was adopted from a file of the venue.',
        advice: 'Nothing.',
      }),
    ];
  const own = flow.amount ?? flow.amountUsd;
  const tolerance = allowed(tolerances.funding, row.amount.value);
  const verdict = own === null ? 'open' : verdictOf(own, row.amount.value, tolerance);
  if (verdict === 'equal') return [];
  const opposite = own !== null && Math.sign(own) * Math.sign(row.amount.value) < 0;
  return [
    breakOf({
      ...about,
      state: verdict,
      ours: own === null ? null : String(own),
      difference: own === null ? null : own - row.amount.value,
      tolerance,
      sentence: `The bot booked funding of ${own ?? 'an unknown amount'}, the venue ${row.amount.text}.`,
      advice: opposite
        ? 'The signs differ: received is positive.'
        : 'The bot may compute it from a rate: let it log what was paid.',
    }),
  ];
}

const unexpected = (flow: OurFunding, nameOf: NameOf): Break =>
  breakOf({
    kind: 'funding',
    state: 'open',
    subject: flow.flowId ?? flow.id,
    field: 'unexpected',
    ours: String(flow.amount ?? flow.amountUsd ?? 'unknown'),
    us: flow.us,
    symbol: nameOf(flow.symbol),
    strategyId: flow.strategyId,
    sentence: `The bot booked funding of ${flow.amount ?? flow.amountUsd ?? 'an unknown amount'}; the venue’s file does not hold it.`,
    advice: 'Check that the file covers the time; an estimate must say is_estimated.',
  });

const repeated = (flow: OurFunding, nameOf: NameOf): Break =>
  breakOf({
    kind: 'repeated',
    state: 'within_tolerance',
    subject: flow.id,
    ours: String(flow.amount ?? flow.amountUsd ?? 'unknown'),
    us: flow.us,
    symbol: nameOf(flow.symbol),
    strategyId: flow.strategyId,
    sentence: `Funding ${flow.flowId} was reported again.`,
    advice: 'Nothing: the ledger counted it once.',
  });
