import { UNKNOWN } from './facts.ts';
import { inOrder, type LedgerStep, stepsOf } from './ledger-steps.ts';
import { withAccounts } from './owners.ts';
import {
  type Block,
  BUCKETS,
  type BucketInput,
  type Fact,
  type Flow,
  type Mark,
  type OrderFact,
  type Owner,
  type Point,
  type Trade,
} from './types.ts';

/** The facts of a bucket, sorted out once for all of its rows. */
export interface BucketView {
  readonly input: BucketInput;
  readonly startUs: number;
  readonly endUs: number;
  /** Accounts and runs of which something happened in the bucket. */
  readonly living: readonly Owner[];
  /** Those, and runs that ended before and whose trades were given up in the bucket. */
  readonly present: readonly Owner[];
  readonly points: readonly Point[];
  readonly flows: readonly Flow[];
  readonly steps: readonly LedgerStep[];
  readonly trades: readonly Trade[];
  readonly orders: readonly OrderFact[];
  readonly marks: readonly Mark[];
  readonly blocks: readonly Block[];
  /** Stream that tells decisions: intents where there is one in the bucket, else signals. */
  readonly decisions: 'intent' | 'signal';
  closeUs(trade: Trade): number;
}

const order = (a: Fact, b: Fact): number =>
  a.us - b.us || rankOf(a) - rankOf(b) || a.seq - b.seq || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
const rankOf = (fact: Fact): number => (fact.kind === 'point' ? SOURCES.indexOf(fact.from) : 0);
const SOURCES: readonly Point['from'][] = ['ledger', 'health', 'equity_curve'];

/** What happened up to the end of the bucket, in an order that does not depend on how it was read. */
export function viewOf(input: BucketInput): BucketView {
  const startUs = input.startMs * 1000;
  const endUs = startUs + BUCKETS[input.bucket].widthMs * 1000;
  const facts = withAccounts([...input.bases, ...input.facts.filter(({ us }) => us < endUs)]).sort(order);
  const of = <K extends Fact['kind']>(...kinds: K[]): Extract<Fact, { kind: K }>[] =>
    facts.filter((fact): fact is Extract<Fact, { kind: K }> => (kinds as string[]).includes(fact.kind));
  const inside = (us: number | null): boolean => us !== null && us >= startUs && us < endUs;
  const byRun = input.scope === 'session';
  const closeUs = (trade: Trade): number => {
    if (trade.exitUs !== null) return trade.exitUs;
    return (trade.status === 'abandoned' ? input.ends.get(trade.session ?? '') : undefined) ?? Number.POSITIVE_INFINITY;
  };
  const living = new Map<string, Owner>();
  const present = new Map<string, Owner>();
  for (const fact of facts) {
    const { account, session } = fact;
    const name = JSON.stringify([account, session]);
    const happened =
      fact.kind === 'trade'
        ? inside(fact.us) || inside(fact.exitUs)
        : fact.kind === 'order'
          ? inside(fact.us) || inside(fact.rejectedUs)
          : inside(fact.us) && !isHour(fact); // what a run holds that ended goes on to be priced
    if (happened) living.set(name, { account, session });
    if (happened || (fact.kind === 'trade' && inside(closeUs(fact)))) present.set(name, { account, session });
  }
  const marks = of('error', 'breach', 'intent', 'signal', 'alive').filter(({ us }) => inside(us));
  return {
    input,
    startUs,
    endUs,
    living: ownersOf(living),
    present: ownersOf(present),
    points: of('point'),
    flows: of('flow'),
    steps: stepsOf(inOrder(of('ledger')), byRun),
    trades: of('trade'),
    orders: of('order'),
    marks,
    blocks: blocksOf(of('block').filter(({ us }) => inside(us))),
    decisions: marks.some(({ kind }) => kind === 'intent') ? 'intent' : 'signal',
    closeUs,
  };
}

const ownersOf = (found: ReadonlyMap<string, Owner>): Owner[] =>
  [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, owner]) => owner);

const isHour = (fact: Fact): boolean =>
  (fact.kind === 'ledger' && !fact.fill) ||
  (fact.kind === 'point' && fact.from === 'ledger' && fact.id.startsWith('hour-'));

/** One block of one intent by one gate counts once, whether the intent, the gate or both logged it. */
function blocksOf(blocks: readonly Block[]): Block[] {
  const seen = new Set<string>();
  return blocks.filter(({ intent, gate, session }) => {
    if (intent === null) return true;
    const name = JSON.stringify([session, intent, gate]);
    const first = !seen.has(name);
    seen.add(name);
    return first;
  });
}

/** Figures that add up: those of runs to that of their account, those of accounts and of what names none to the strategy's. */
export interface Additive {
  /** Trades closed in the bucket. */
  readonly closed: readonly Trade[];
  readonly gross: number | null;
  readonly net: number | null;
  readonly exitReasons: Readonly<Record<string, number>>;
  readonly abandoned: number;
  readonly fills: number;
  readonly turnover: number | null;
  readonly fees: number | null;
  readonly funding: number | null;
  readonly exposure: number | null;
  readonly flows: number | null;
  readonly orders: number;
  readonly rejections: number;
  readonly rejectionReasons: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly breaches: number;
  readonly decisions: number;
  readonly gateBlocks: Readonly<Record<string, number>>;
  /** Runs that have a name; null where none has. */
  readonly runs: number | null;
  realizedSince(us: number): number | null;
}

export function additiveOf(view: BucketView, of: (owner: Owner) => boolean): Additive {
  const { startUs, endUs, closeUs } = view;
  const inside = (us: number | null): boolean => us !== null && us >= startUs && us < endUs;
  const ended = view.trades.filter((trade) => of(trade) && inside(closeUs(trade)));
  const closed = ended.filter(({ exitUs }) => exitUs !== null);
  const steps = view.steps.filter((step) => of(step));
  const now = steps.filter(({ us }) => inside(us));
  const orders = view.orders.filter((fact) => of(fact));
  const rejected = orders.filter(({ rejectedUs }) => inside(rejectedUs));
  const marks = view.marks.filter((mark) => of(mark));
  const count = (kind: Mark['kind']): number => marks.filter((mark) => mark.kind === kind).length;
  const runs = new Set(
    view.living.filter((owner) => of(owner) && owner.session !== null).map(({ session }) => session),
  );
  return {
    closed,
    gross: sum(closed.map(({ gross }) => gross)),
    net: sum(closed.map(({ net }) => net)),
    exitReasons: counts(closed.map(({ exitReason }) => exitReason ?? UNKNOWN)),
    abandoned: ended.length - closed.length,
    fills: now.reduce((total, { fills }) => total + fills, 0),
    turnover: sum(now.map(({ turnover }) => turnover)),
    fees: sum(now.map(({ fees }) => fees)),
    funding: sum(now.map(({ funding }) => funding)),
    exposure: exposureOf(view, of),
    flows: sum(view.flows.filter((flow) => of(flow) && inside(flow.us)).map(({ amount }) => amount)),
    orders: orders.filter(({ us, made }) => made && inside(us)).length,
    rejections: rejected.length,
    rejectionReasons: counts(rejected.map(({ reason }) => reason ?? UNKNOWN)),
    errors: count('error'),
    breaches: count('breach'),
    decisions: count(view.decisions),
    gateBlocks: counts(view.blocks.filter((block) => of(block)).map(({ gate }) => gate)),
    runs: runs.size === 0 ? null : runs.size,
    realizedSince: (us) =>
      sum(steps.filter((step) => step.us >= us && step.us < endUs).map(({ realized }) => realized)),
  };
}

const isOpen = ({ closeUs, endUs }: BucketView, trade: Trade): boolean => closeUs(trade) >= endUs;

/** Sum over the accounts that hold something of what the ledger says last that they hold. */
function exposureOf(view: BucketView, of: (owner: Owner) => boolean): number | null {
  const byRun = view.input.scope === 'session';
  const holders = new Map<string, Owner>();
  for (const trade of view.trades)
    if (of(trade) && isOpen(view, trade)) {
      const owner = { account: trade.account, session: byRun ? trade.session : null };
      holders.set(JSON.stringify([owner.account, owner.session]), owner);
    }
  return sum(
    [...holders.values()].map(
      ({ account, session }) =>
        view.steps.findLast((step) => step.account === account && (!byRun || step.session === session))?.exposure ??
        null,
    ),
  );
}

export interface Open {
  readonly open: number;
  /** Share of the bucket with a position. */
  readonly timeInMarket: number;
}

export function openTrades(view: BucketView, of: (owner: Owner) => boolean): Open {
  const { startUs, endUs, closeUs } = view;
  const own = view.trades.filter((trade) => of(trade) && closeUs(trade) > startUs);
  let heldUs = 0;
  let uptoUs = startUs;
  for (const trade of own) {
    const toUs = Math.min(closeUs(trade), endUs); // trades come in the order of their entries
    heldUs += Math.max(0, toUs - Math.max(trade.us, uptoUs));
    uptoUs = Math.max(uptoUs, toUs);
  }
  return { open: own.filter((trade) => isOpen(view, trade)).length, timeInMarket: heldUs / (endUs - startUs) };
}

/** A sum is known where all of its parts are. */
const sum = (parts: readonly (number | null)[]): number | null =>
  parts.reduce<number | null>((total, part) => (total === null || part === null ? null : total + part), 0);

function counts(names: readonly string[]): Record<string, number> {
  const found = new Map<string, number>();
  for (const name of names) found.set(name, (found.get(name) ?? 0) + 1);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
