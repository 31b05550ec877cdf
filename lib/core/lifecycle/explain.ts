import type { EventOf } from '../catalog/index.ts';
import type { BookFill, FillCosts } from './book-types.ts';
import { type Attribution, type Cost, orderIdsOf } from './contexts.ts';
import { isOpeningBalance, isS1, reducesOnly, twinKeyOf } from './fill.ts';
import { microseconds } from './input.ts';
import type { Contexts, FillTies } from './join.ts';
import type { Joined } from './match.ts';
import { quantityOf } from './quantity.ts';
import type { Rates } from './rates.ts';
import { assetOf } from './symbol.ts';
import type { Clocks, Explained } from './trade.ts';
import type { InputOf, Instrument, Place } from './types.ts';
import { Memory, Window } from './windows.ts';

type Execution = InputOf<'execution'>;

/** What a row of a lower-ranked log adds to the fill it tells of too. */
interface Twin {
  readonly feeUsd: number | null;
  readonly impactUsd: number | null;
  readonly basis: EventOf<'execution'>['impact_basis'];
  readonly mid: number | null;
  readonly botUsd: number | null;
  readonly botBasis: EventOf<'execution'>['pnl_basis'];
  /** The position that the fill led to. */
  readonly positionQty: number | null;
  readonly positionAvgPx: number | null;
}

interface Cumulative {
  readonly fees: number;
  readonly impact: number;
  readonly total: number | null;
}

/** Where a fill belongs. */
export interface Booking {
  readonly account: string;
  readonly instrument: Instrument;
  readonly units: bigint;
  readonly side: 'buy' | 'sell';
  /** The book before the fill: signed quantity, and its average price where it holds any. */
  readonly heldQty: number;
  readonly heldAvgPx: number;
}

/** A price of the market, between buyers and sellers. */
export type Mid = Place & { readonly mid: number };

/** How old the mid of a decision may be. */
const MID_US = 60_000_000;

/** Finds out about a fill what other records say: what it cost, what was decided, at which price, how fast. */
export class Explainer {
  readonly #contexts: Contexts;
  readonly #rates: Rates;
  readonly #live: boolean;
  readonly #twins: Memory<Twin[]>;
  /** The bot's cumulative figures per account as of its last fill. */
  readonly #attributed: Memory<Cumulative>;
  readonly #booked: Memory<number>;
  readonly #mids: Map<string, Window<Mid>>;

  constructor(parts: { contexts: Contexts; rates: Rates; live: boolean; memoryUs: number }, saved?: SavedExplainer) {
    this.#contexts = parts.contexts;
    this.#rates = parts.rates;
    this.#live = parts.live;
    this.#twins = new Memory(parts.memoryUs, saved?.twins);
    this.#attributed = new Memory(parts.memoryUs, saved?.attributed);
    this.#booked = new Memory(parts.memoryUs, saved?.booked);
    this.#mids = new Map(saved?.mids.map(([symbol, mids]) => [symbol, new Window(MID_US, mids)]));
  }

  /** Takes a price of the market in; in place order. */
  noteMid(symbol: string, mid: Mid): void {
    let mids = this.#mids.get(symbol);
    if (mids === undefined) {
      mids = new Window(MID_US);
      this.#mids.set(symbol, mids);
    }
    mids.add(mid);
    mids.forget(mid.us);
  }

  /** Keeps what a row of a lower-ranked log says, for the fill it is a twin of. */
  noteTwin(input: Execution, account: string): void {
    const { event, us } = input;
    const key = twinKeyOf(input);
    const twin: Twin = {
      feeUsd: event.fee_usd ?? null,
      impactUsd: event.impact_usd ?? null,
      basis: event.impact_basis,
      mid: event.mid ?? null,
      botUsd: this.#bookedBy(event, us, `${account}\u001ftwin`),
      botBasis: event.pnl_basis,
      positionQty: event.position_qty ?? null,
      positionAvgPx: event.position_avg_px ?? null,
    };
    this.#twins.set(key, us, [...(this.#twins.get(key, us) ?? []), twin].slice(-64));
  }

  explain(input: Execution, booking: Booking): { explained: Explained; fill: BookFill } {
    const { account, instrument, units, side } = booking;
    const { event, us, id } = input;
    const price = event.price ?? 0;
    const ids = orderIdsOf(event);
    const order = this.#contexts.orderOf(ids, event.session_id ?? null, us);
    const tiesOf = (decisionId: string | null): FillTies => ({
      us,
      seq: input.seq,
      id,
      session: event.session_id ?? null,
      symbol: event.symbol ?? null,
      barTs: event.bar_ts ?? null,
      timeframe: event.timeframe ?? null,
      side,
      notional: quantityOf(units) * price,
      unit: ids[0] ?? id,
      orderIds: ids,
      decisionId,
      intentId: event.intent_id ?? order?.intentId ?? null,
    });
    const named = tiesOf(event.decision_id ?? order?.decisionId ?? null);
    const intent = this.#contexts.intent(named);
    const ties = named.decisionId === null && intent?.decisionId != null ? tiesOf(intent.decisionId) : named;
    const decided = !isOpeningBalance(input); // somebody's word about a position, and no decision of the bot
    const signal = decided ? this.#contexts.signal(ties) : undefined;
    const cost = decided ? this.#contexts.cost(ties) : undefined;
    const attribution = decided ? this.#contexts.attribution(ties) : undefined;
    const attributed = this.#attributedBy(attribution, us, account);
    const twin = this.#twinOf(input, booking, attributed);
    this.#rates.priced(event.symbol ?? '', instrument, us, price);
    const usdRate = instrument.settle === null ? null : this.#rates.usd(instrument.settle);
    const costs = this.#costsOf(event, { twin, attributed, cost: cost?.record, instrument, usdRate });
    const decision = this.#decisionPx(event, { order: order?.decisionPx, intent: intent?.price, twin: twin?.mid });
    const sign = side === 'buy' ? 1 : -1;
    const explained: Explained = {
      event,
      id,
      us,
      side,
      price,
      signal,
      asOf: decided && signal === undefined ? this.#contexts.signalAsOf(ties) : undefined,
      intent,
      order,
      costId: cost?.record.id ?? null,
      costConfidence: cost?.confidence ?? null,
      attributionId: attribution?.record.id ?? null,
      feeUsd: costs.feesUsd,
      impactUsd: costs.impactUsd,
      basis: costs.basis,
      cents: costs.cents,
      decisionPx: decision?.px ?? null,
      decisionPxSource: decision?.source ?? null,
      slippageBps: decision === undefined ? null : ((sign * (price - decision.px)) / decision.px) * 1e4,
      botUsd: twin?.botUsd ?? this.#bookedBy(event, us, account),
      botBasis: event.pnl_basis ?? twin?.botBasis ?? null,
      attributedUsd: attributed?.total ?? null,
      clocks: this.#clocks(event, { us, order, intent: named.intentId === null ? undefined : intent }),
      stages: signal?.record.stages ?? this.#contexts.stages(ties),
      git: this.#contexts.commitOf(ties.session, us)?.git ?? null,
      around: () => this.#contexts.around(ties),
      modelVersion: this.#contexts.commitOf(ties.session, us)?.model ?? null,
    };
    const reduceOnly = reducesOnly(event, side) || order?.reduceOnly === true;
    return { explained, fill: { id, us, side, units, price, costs, usdRate, reduceOnly } };
  }

  forget(us: number): void {
    for (const memory of [this.#twins, this.#attributed, this.#booked]) memory.forget(us);
  }

  save() {
    return {
      twins: this.#twins.save(),
      attributed: this.#attributed.save(),
      booked: this.#booked.save(),
      mids: [...this.#mids].map(([symbol, mids]): [string, Mid[]] => [symbol, mids.save()]),
    };
  }

  /**
   * Of several rows that tell of equal fills, processes side by side write them, the one that led to the book's position
   * and cost what the attribution says.
   */
  #twinOf(input: Execution, booking: Booking, attributed: Cumulative | undefined): Twin | undefined {
    if (this.#twins.isEmpty) return undefined;
    const key = twinKeyOf(input);
    const twins = this.#twins.get(key, input.us) ?? [];
    if (twins.length === 0) return undefined;
    const qty = quantityOf(booking.units);
    const held = Math.abs(booking.heldQty);
    const after = booking.heldQty + (booking.side === 'buy' ? qty : -qty);
    const avgPx = (held * booking.heldAvgPx + qty * (input.event.price ?? 0)) / (held + qty);
    const weight = ({ positionQty, positionAvgPx, impactUsd, feeUsd }: Twin): number =>
      (near(positionQty, after) && near(positionAvgPx, avgPx) ? 2 : 0) +
      (near(impactUsd, attributed?.impact) && near(feeUsd, attributed?.fees) ? 1 : 0);
    const weights = twins.map(weight);
    const at = weights.indexOf(Math.max(...weights));
    this.#twins.set(key, input.us, [...twins.slice(0, at), ...twins.slice(at + 1)]);
    return twins[at];
  }

  /** What the bot's attribution grew by with this fill; one that fell began anew. */
  #attributedBy(joined: Joined<Attribution> | undefined, us: number, account: string): Cumulative | undefined {
    if (joined === undefined) return undefined;
    const { fees, impact, total } = joined.record;
    const before = this.#attributed.get(account, us) ?? { fees: 0, impact: 0, total: 0 };
    this.#attributed.set(account, us, { fees, impact, total });
    if (fees < before.fees || impact < before.impact) return { fees, impact, total };
    return {
      fees: fees - before.fees,
      impact: impact - before.impact,
      total: total === null || before.total === null ? null : total - before.total,
    };
  }

  #bookedBy(event: EventOf<'execution'>, us: number, account: string): number | null {
    if (typeof event.realized_pnl_usd === 'number') return event.realized_pnl_usd;
    const now = event.realized_pnl_cum_usd;
    if (typeof now !== 'number') return null;
    const key = `${account}\u001f${event.session_id ?? ''}`;
    const before = this.#booked.get(key, us) ?? 0;
    this.#booked.set(key, us, now);
    return now - before;
  }

  #costsOf(
    event: EventOf<'execution'>,
    found: {
      twin: Twin | undefined;
      attributed: Cumulative | undefined;
      cost: Cost | undefined;
      instrument: Instrument;
      usdRate: number | null;
    },
  ): FillCosts & { basis: Explained['basis']; cents: boolean } {
    const { twin, attributed, cost, instrument, usdRate } = found;
    const own = this.#feeOf({ fee: event.fee, feeUsd: event.fee_usd, asset: event.fee_asset }, instrument);
    const recorded =
      cost === undefined
        ? NO_FEE
        : this.#feeOf({ fee: cost.fee, feeUsd: cost.feeUsd, asset: cost.feeAsset }, instrument);
    const exactUsd = own.usd ?? twin?.feeUsd ?? attributed?.fees ?? null;
    const feesUsd = exactUsd ?? recorded.usd;
    const exactImpact = event.impact_usd ?? twin?.impactUsd ?? attributed?.impact ?? null;
    const impactUsd = exactImpact ?? cost?.impactUsd ?? null;
    const cents =
      cost?.precision === 'cents' &&
      ((exactUsd === null && feesUsd !== null) || (exactImpact === null && impactUsd !== null));
    // S1's attribution takes impact off the account's PnL: it was charged there.
    const basis =
      event.impact_basis ??
      twin?.basis ??
      (attributed !== undefined && !this.#live ? 'charged' : null) ??
      cost?.basis ??
      (impactUsd !== null && isS1(event.dialect) && !this.#live ? 'charged' : null);
    return {
      fees: own.settle ?? inSettle(feesUsd, usdRate) ?? recorded.settle,
      feesUsd,
      impactUsd,
      chargedUsd: basis === 'charged' ? (impactUsd ?? 0) : 0,
      basis,
      cents,
    };
  }

  /** A fee in the settle asset and in dollars; of a fee without an asset the settle asset is meant. */
  #feeOf(
    {
      fee,
      feeUsd,
      asset,
    }: { fee?: number | null | undefined; feeUsd?: number | null | undefined; asset?: string | null | undefined },
    { settle }: Instrument,
  ): { settle: number | null; usd: number | null } {
    const paidIn = asset == null ? settle : assetOf(asset);
    const rate = paidIn === null ? null : this.#rates.usd(paidIn);
    const usd = feeUsd ?? (fee == null ? null : fee === 0 ? 0 : rate === null ? null : fee * rate);
    return { settle: fee != null && (fee === 0 || paidIn === settle) ? fee : null, usd };
  }

  #decisionPx(
    event: EventOf<'execution'>,
    found: { order: number | null | undefined; intent: number | null | undefined; twin: number | null | undefined },
  ): { px: number; source: string } | undefined {
    const decidedUs = microseconds(event.decision_ts, undefined) ?? microseconds(event.ts, event.ts_ms);
    const market = decidedUs === undefined ? undefined : this.#midAsOf(event.symbol ?? '', decidedUs);
    const candidates: [number | null | undefined, string][] = [
      [event.decision_px, 'explicit'],
      [found.order, 'explicit'],
      [found.intent, 'intent'],
      [event.mid, 'mid'],
      [found.twin, 'mid'],
      [market, 'mid'],
    ];
    for (const [px, source] of candidates) if (typeof px === 'number' && px > 0) return { px, source };
    return undefined;
  }

  #midAsOf(symbol: string, us: number): number | undefined {
    for (const { mid } of this.#mids.get(symbol)?.newestFirst(us - MID_US, us) ?? []) return mid;
    return undefined;
  }

  #clocks(
    event: EventOf<'execution'>,
    { us, order, intent }: { us: number; order: Explained['order']; intent: Explained['intent'] },
  ): Clocks {
    const time = (text: string | null | undefined): number | null => microseconds(text, undefined) ?? null;
    return {
      decision: time(event.decision_ts) ?? order?.decisionUs ?? intent?.us ?? null,
      sent: time(event.order_sent_ts) ?? order?.sentUs ?? null,
      acked: order?.ackedUs ?? null,
      filled: time(event.exec_ts) ?? (typeof event.ts === 'string' ? us : null),
    };
  }
}

export type SavedExplainer = ReturnType<Explainer['save']>;

const near = (value: number | null, wanted: number | undefined): boolean =>
  value !== null && wanted !== undefined && Math.abs(value - wanted) <= Math.abs(wanted) * 1e-9;

const NO_FEE = { settle: null, usd: null };

const inSettle = (usd: number | null, rate: number | null): number | null =>
  usd === null || rate === null || rate === 0 ? null : usd / rate;
