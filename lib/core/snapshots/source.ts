import { versionsOf } from '../catalog/outline.ts';
import { partitionPrefix } from '../lake/keys.ts';
import { datesOf, type LakeRecord, type LakeTools, readDay, readDerivedDay } from '../lake/read.ts';
import { ledgerKeyOf } from '../lifecycle/input.ts';
import type { LedgerKey } from '../lifecycle/types.ts';
import { formattedToUs } from '../transform/time.ts';
import { ledgerFacts, orderFact, SENT_STREAMS, sentFacts, tradeFact } from './facts.ts';
import { curveOf, inOrder, withoutBase } from './ledger-steps.ts';
import type { Fact, LedgerPoint, Trade } from './types.ts';

const DAY_MS = 86_400_000;
/** Days before a bucket whose lines it needs: a day before local midnight, which may lie in the day before. */
const WINDOW_DAYS = 2;
/** How long a deposit is looked for that a curve has not taken in: silent curves are rare. */
const FLOW_DAYS = 31;

/** Days of the ledger's curve that are kept for accounts that were quiet. */
const MOST_LEDGER_DAYS = 32;

export const keyText = ({ mode, strategyId }: LedgerKey): string => JSON.stringify([mode, strategyId]);
export const keyOfText = (text: string): LedgerKey => {
  const [mode, strategyId] = JSON.parse(text) as [string | null, string | null];
  return { mode, strategyId };
};

type ByKey<T> = Map<string, T[]>;

function addTo<T>(facts: ByKey<T>, record: LakeRecord, more: readonly T[]): void {
  if (more.length === 0) return;
  const key = keyText(ledgerKeyOf(record));
  const own = facts.get(key);
  if (own === undefined) facts.set(key, [...more]);
  else own.push(...more);
}

/** The days before a date, newest last. */
export const daysUpTo = (date: string, days: number): string[] =>
  Array.from({ length: days + 1 }, (_, at) => dayBefore(date, days - at));
export const dayBefore = (date: string, days = 1): string =>
  new Date(Date.parse(date) - days * DAY_MS).toISOString().slice(0, 10);

/** Reads what snapshots are made of, each day once; goes forward through the days and lets go of what lies behind. */
export class SnapshotSource {
  readonly #tools: LakeTools;
  readonly #stableCoins: ReadonlySet<string>;
  readonly #days = new Map<string, Promise<ByKey<Fact>>>();
  readonly #flows = new Map<string, Promise<ByKey<Fact>>>();
  readonly #ledger = new Map<string, Promise<ByKey<LedgerPoint>>>();
  #trades = new Map<string, Trade[]>();
  #ends = new Map<string, Map<string, number>>();
  /** When the last of the trades entered on a day was closed, µs. */
  readonly #closed = new Map<string, number>();

  constructor(tools: LakeTools, stableCoins: readonly string[]) {
    this.#tools = tools;
    this.#stableCoins = new Set(stableCoins);
  }

  /** Facts of the days that buckets of a day need, by (mode, strategy). */
  async window(date: string): Promise<Map<string, Fact[]>> {
    const oldest = dayBefore(date, WINDOW_DAYS);
    for (const day of this.#days.keys()) if (day < oldest) this.#days.delete(day);
    for (const day of this.#flows.keys()) if (day < dayBefore(date, FLOW_DAYS)) this.#flows.delete(day);
    const facts = new Map<string, Fact[]>();
    const take = (from: ByKey<Fact>): void => {
      for (const [key, more] of from) {
        const own = facts.get(key) ?? [];
        facts.set(key, own);
        for (const fact of more) own.push(fact);
      }
    };
    for (const day of daysUpTo(date, FLOW_DAYS))
      if (day < oldest) take(await cached(this.#flows, day, () => this.#readFlows(day)));
    for (const day of daysUpTo(date, WINDOW_DAYS)) take(await cached(this.#days, day, () => this.#readDay(day)));
    return facts;
  }

  /** Takes in the trades entered on these days that were not closed before a moment, and when the runs of abandoned ones ended. */
  async trades(dates: readonly string[], sinceUs: number): Promise<void> {
    const abandoned = new Map<string, Set<string>>();
    const found: { readonly date: string; readonly key: string; readonly trade: Trade }[] = [];
    for (const date of dates) {
      for await (const record of readDerivedDay(this.#tools, { stream: 'trade_lifecycle', date })) {
        const trade = tradeFact(record);
        if (trade === undefined) continue;
        found.push({ date, key: keyText(ledgerKeyOf(record)), trade });
        if (trade.status !== 'abandoned' || trade.session === null) continue;
        const key = keyText(ledgerKeyOf(record));
        abandoned.set(key, (abandoned.get(key) ?? new Set()).add(trade.session));
      }
    }
    this.#ends = await this.#endsOf(abandoned);
    this.#trades = new Map();
    for (const { date, key, trade } of found) {
      const end = trade.status === 'abandoned' ? this.endsOf(key).get(trade.session ?? '') : undefined;
      const closeUs = trade.exitUs ?? end ?? Number.POSITIVE_INFINITY;
      this.#closed.set(date, Math.max(this.#closed.get(date) ?? 0, closeUs));
      if (closeUs < sinceUs) continue;
      const own = this.#trades.get(key) ?? [];
      this.#trades.set(key, own);
      own.push(trade);
    }
  }

  /** Days of entry of the trades that were not closed before a moment, µs. */
  openSince(us: number): string[] {
    return [...this.#closed]
      .filter(([, closeUs]) => closeUs >= us)
      .map(([date]) => date)
      .sort();
  }

  tradesOf(key: string): readonly Trade[] {
    return this.#trades.get(key) ?? [];
  }

  get tradeKeys(): readonly string[] {
    return [...this.#trades.keys()];
  }

  /** When the runs ended whose trades are abandoned, µs. */
  endsOf(key: string): ReadonlyMap<string, number> {
    return this.#ends.get(key) ?? NO_ENDS;
  }

  /**
   * Rows of the ledger's curves older than a window: of each curve that the facts find in the middle, or that holds
   * something, the last one.
   */
  async bases(
    key: string,
    facts: readonly Fact[],
    { date, byRun }: { date: string; byRun: boolean },
  ): Promise<LedgerPoint[]> {
    const rows = inOrder(facts.filter((fact): fact is LedgerPoint => fact.kind === 'ledger'));
    const wanted = new Set(withoutBase(rows, byRun).map((row) => curveOf(row, byRun)));
    const seen = new Set(rows.map((row) => curveOf(row, byRun)));
    // Of a trade the venue is not asked: whatever curve has its account and run will do.
    const dayUs = Date.parse(date) * 1000;
    const old = Date.parse(dayBefore(date, WINDOW_DAYS)) * 1000;
    const held = new Set<string | null>();
    for (const trade of this.tradesOf(key)) {
      const end = trade.status === 'abandoned' ? this.endsOf(key).get(trade.session ?? '') : undefined;
      if (trade.us < old && (trade.exitUs ?? end ?? dayUs) >= dayUs) held.add(byRun ? trade.session : null);
    }
    const found: LedgerPoint[] = [];
    if (wanted.size === 0 && held.size === 0) return found;
    const oldest = dayBefore(date, WINDOW_DAYS);
    const days = (await datesOf(this.#tools.store, 'equity_curve', ['derived']))
      .filter((day) => day < oldest)
      .reverse();
    if (this.#ledger.size > MOST_LEDGER_DAYS) this.#ledger.clear();
    for (const day of days) {
      if (wanted.size === 0 && held.size === 0) break;
      const all = (await cached(this.#ledger, day, () => this.#readLedger(day))).get(key) ?? [];
      const taken = new Set<string | null>();
      for (const row of inOrder(all).reverse()) {
        const curve = curveOf(row, byRun);
        const run = byRun ? row.session : null;
        if (!wanted.has(curve) && (!held.has(run) || seen.has(curve))) continue;
        wanted.delete(curve);
        seen.add(curve);
        taken.add(run);
        found.push(row);
      }
      for (const run of taken) held.delete(run);
    }
    return found;
  }

  async #readDay(date: string): Promise<ByKey<Fact>> {
    const facts: ByKey<Fact> = new Map();
    for (const stream of SENT_STREAMS)
      for await (const record of readDay(this.#tools, { stream, date }))
        addTo(facts, record, sentFacts(record, this.#stableCoins));
    for await (const record of readDerivedDay(this.#tools, { stream: 'equity_curve', date }))
      addTo<Fact>(facts, record, ledgerFacts(record));
    for await (const record of readDerivedDay(this.#tools, { stream: 'order_lifecycle', date })) {
      const fact = orderFact(record);
      if (fact !== undefined) addTo<Fact>(facts, record, [fact]);
    }
    return facts;
  }

  async #readFlows(date: string): Promise<ByKey<Fact>> {
    const facts: ByKey<Fact> = new Map();
    for await (const record of readDay(this.#tools, { stream: 'cash_flow', date }))
      addTo(
        facts,
        record,
        sentFacts(record, this.#stableCoins).filter(({ kind }) => kind === 'flow'),
      );
    return facts;
  }

  async #readLedger(date: string): Promise<ByKey<LedgerPoint>> {
    const facts: ByKey<LedgerPoint> = new Map();
    for await (const record of readDerivedDay(this.#tools, { stream: 'equity_curve', date }))
      addTo(
        facts,
        record,
        ledgerFacts(record).filter((fact) => fact.kind === 'ledger'),
      );
    return facts;
  }

  async #endsOf(sessions: ReadonlyMap<string, ReadonlySet<string>>): Promise<Map<string, Map<string, number>>> {
    const ends = new Map<string, Map<string, number>>();
    const names = new Set([...sessions.values()].flatMap((own) => [...own]));
    let missing = [...sessions.values()].reduce((sum, own) => sum + own.size, 0);
    const only = ({ session_id }: LakeRecord): boolean => names.has(String(session_id));
    for (const date of (await datesOf(this.#tools.store, 'session', ['derived'])).reverse()) {
      if (missing === 0) break;
      for await (const row of readDerivedDay(this.#tools, { stream: 'session', date, only })) {
        const us = typeof row.ended_ts === 'string' ? formattedToUs(row.ended_ts) : Number.NaN;
        const [key, session] = [keyText(ledgerKeyOf(row)), String(row.session_id)];
        const own = ends.get(key) ?? new Map<string, number>();
        if (row.entry !== 'run' || Number.isNaN(us) || own.has(session) || !sessions.get(key)?.has(session)) continue;
        ends.set(key, own.set(session, us));
        missing--;
      }
    }
    return ends;
  }
}

const NO_ENDS: ReadonlyMap<string, number> = new Map();

function cached<T>(days: Map<string, Promise<T>>, day: string, read: () => Promise<T>): Promise<T> {
  const known = days.get(day);
  if (known !== undefined) return known;
  const made = read();
  days.set(day, made);
  return made;
}

const STAMP = /-1-(\d{4}-\d{2}-\d{2})-(\d{2})-(\d{2})-(\d{2})-[^/]*$/;

/** The first of these days that holds an object written after a moment, as its name tells; one whose name does not may be new. */
export async function firstChanged(
  tools: LakeTools,
  dates: readonly string[],
  sinceMs: number,
): Promise<string | undefined> {
  for (const date of dates) {
    for (const stream of SENT_STREAMS) {
      for (const version of versionsOf(stream)) {
        for (const prefix of ['events', 'late'] as const) {
          for await (const { key } of tools.store.list(partitionPrefix(prefix, { stream, version, date }))) {
            const [, day, hour, minute, second] = STAMP.exec(key) ?? [];
            const ms = day === undefined ? Number.NaN : Date.parse(`${day}T${hour}:${minute}:${second}Z`);
            if (Number.isNaN(ms) || ms >= sinceMs) return date;
          }
        }
      }
    }
  }
  return undefined;
}
