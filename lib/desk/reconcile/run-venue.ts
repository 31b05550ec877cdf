import { openLake } from '../../adapters/local/duckdb.ts';
import { gunzip, gzip } from '../../adapters/local/gzip.ts';
import { createFolderStore } from '../../adapters/local/object-store.ts';
import { sha256 } from '../../adapters/local/sha256.ts';
import { localTime } from '../../adapters/local/time.ts';
import { NightdeskError } from '../../core/errors.ts';
import { dateOf } from '../../core/lake/keys.ts';
import type { LedgerKey } from '../../core/lifecycle/types.ts';
import type { QueryEngine } from '../../core/ports/index.ts';
import { type CompareOptions, compareAll, rangeOf, rangeOfHoldings } from '../../core/reconcile/compare.ts';
import { publishRows } from '../../core/reconcile/publish.ts';
import { readVenue, type VenueMapping } from '../../core/reconcile/read-venue.ts';
import { type ComparedScope, reconciliationRows, scopePrefix } from '../../core/reconcile/rows.ts';
import { normalSymbol } from '../../core/reconcile/symbols.ts';
import type { Tolerances } from '../../core/reconcile/tolerances.ts';
import type { Comparison, Ours, Range, VenueExport } from '../../core/reconcile/types.ts';
import { dataFolder } from '../data-folder.ts';
import { countOf, rowsOf, textOrNull } from '../query/rows.ts';
import { ledgerConfigOf, readSettings, transformOf } from '../settings.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { foldAgain } from '../trades/fold-again.ts';
import { type AdoptPlan, planAdoption, writeAdopted } from './adopt.ts';
import { type OursFilter, readOurs } from './ours.ts';
import { readVenueFile } from './venue-file.ts';

export interface VenueRun {
  readonly data: string;
  readonly file: string;
  readonly filter: OursFilter;
  readonly mapping: VenueMapping;
  readonly tolerances: Tolerances;
  /** @default - the whole UTC days of the file's rows */
  readonly range?: Partial<Range>;
  readonly adopt: boolean;
  /** Writes nothing. */
  readonly dryRun: boolean;
  readonly nowMs: number;
}

export interface VenueResult {
  readonly file: string;
  readonly venue: VenueExport;
  readonly comparison: Comparison;
  /** What was adopted, or with a dry run would be. */
  readonly plan: AdoptPlan | undefined;
  readonly written: number;
}

const DAY_US = 86_400_000_000;

/** Holds a venue's file against a data folder, adopts what is missing where asked, and publishes the result. */
export async function runVenue(run: VenueRun): Promise<VenueResult> {
  const config = await ledgerConfigOf(run.data);
  const { venue, name } = await readExport(run);
  const range = rangeFor(run, venue);
  const options: CompareOptions = {
    range,
    tolerances: run.tolerances,
    stableCoins: config.stableCoins,
    lotOf: (symbol) => config.instruments[symbol]?.lot ?? null,
    symbols: run.mapping.symbols,
  };
  const read = (lake: QueryEngine): Promise<Ours> =>
    readOurs({ lake, config, filter: run.filter, range, heldSinceUs: heldSince(venue), nowMs: run.nowMs });
  const lake = await openLake(run.data);
  try {
    let ours = await read(lake);
    let comparison = compareAll(venue, ours, options);
    let plan: AdoptPlan | undefined;
    if (run.adopt) {
      const transform = await transformOf(run.data);
      plan = await planAdoption(comparison.breaks, {
        lake,
        transform,
        config,
        filter: run.filter,
        ours,
        file: name,
        nowMs: run.nowMs,
      });
      if (!run.dryRun && (await takeIn(run, plan, ours))) {
        ours = await read(lake);
        comparison = compareAll(venue, ours, options);
      }
    }
    if (ours.fills.length === 0 && venue.fills.length > 0)
      comparison = { ...comparison, notes: [...comparison.notes, ...(await elsewhere(lake, run.filter))] };
    const written = run.dryRun ? 0 : await publish(run, { name, venue, comparison });
    return { file: name, venue, comparison, plan, written };
  } finally {
    await lake.close();
  }
}

/** Where our fills are, if there is none in the books that were asked for. */
async function elsewhere(lake: QueryEngine, { mode }: OursFilter): Promise<string[]> {
  const rows = await rowsOf(
    lake,
    'select mode, count(*) as n from execution where qty > 0 group by mode order by mode nulls last',
  );
  const held = rows.map(({ mode: own, n }) => `${textOrNull(own) ?? UNKNOWN_MODE} ${countOf(n)}`);
  return [
    held.length === 0
      ? 'The lake holds no fill at all.'
      : `No fill of ours is in these books and days; the lake holds fills of mode ${held.join(', ')}${held.some((one) => one.startsWith(`${mode} `)) ? '' : ': see --mode'}.`,
  ];
}

async function readExport({ data, file, mapping, filter }: VenueRun): Promise<{ venue: VenueExport; name: string }> {
  const { zone } = await readSettings(data);
  const read = await readVenueFile(file);
  const venue = readVenue(read.records, {
    mapping,
    zone: read.zone ?? zone,
    readTime: localTime.readTime,
    ...(read.header === undefined ? {} : { header: read.header }),
  });
  return { venue: onlySymbol(venue, filter.symbol, mapping), name: read.name };
}

function onlySymbol(venue: VenueExport, symbol: string | undefined, { symbols = {} }: VenueMapping): VenueExport {
  if (symbol === undefined) return venue;
  const asked = normalSymbol(symbol);
  const fits = ({ symbol: own }: { symbol: string }): boolean => {
    const named = normalSymbol(Object.hasOwn(symbols, own) ? (symbols[own] ?? own) : own);
    return named === asked || asked.startsWith(named); // a bare coin
  };
  return {
    ...venue,
    fills: venue.fills.filter(fits),
    funding: venue.funding.filter(fits),
    positions: venue.positions.filter(fits),
  };
}

function rangeFor({ range = {}, nowMs }: VenueRun, venue: VenueExport): Range {
  const moving = venue.kinds.size === 0 || venue.kinds.has('fill') || venue.kinds.has('funding');
  const own = moving ? rangeOf(venue) : rangeOfHoldings(venue);
  if (own === undefined && moving && (range.fromUs === undefined || range.toUs === undefined))
    throw new NightdeskError(
      'VENUE_FILE_INVALID',
      'the file holds no fill and no payment: say which days it covers with --from and --to',
    );
  const today = Math.floor((nowMs * 1000) / DAY_US) * DAY_US;
  const all = { fromUs: range.fromUs ?? own?.fromUs ?? today, toUs: range.toUs ?? own?.toUs ?? today + DAY_US };
  if (all.fromUs >= all.toUs) throw new NightdeskError('CONFIG_INVALID', '--from must come before --to');
  return all;
}

function heldSince({ positions, balances }: VenueExport): number | undefined {
  const times = [...positions, ...balances].flatMap(({ us }) => (us === null ? [] : [us]));
  return times.length === 0 ? undefined : times.reduce((first, us) => Math.min(first, us));
}

/**
 * Writes the events, then folds the ledgers they belong to again; those too of events that an earlier run wrote and did not
 * live to fold. @returns whether anything was done
 */
async function takeIn({ data, filter }: VenueRun, { adopted }: AdoptPlan, { fills }: Ours): Promise<boolean> {
  if (adopted.length > 0)
    await writeAdopted(
      createFolderStore(dataFolder(data).lake),
      adopted.map(({ verdict }) => verdict),
    );
  const mode = filter.mode === UNKNOWN_MODE ? null : filter.mode;
  const unfolded = fills.filter((fill) => fill.adopted && fill.inLedger !== true);
  const due = [
    ...adopted.map(({ key, verdict }) => ({ key, from: verdict.date })),
    ...unfolded.map(({ strategyId, us }) => ({ key: { mode, strategyId }, from: dateOf(us / 1000) })),
  ];
  const ledgers = new Map<string, { readonly key: LedgerKey; readonly from: string }>();
  for (const { key, from } of due) {
    const name = JSON.stringify([key.mode, key.strategyId]);
    const before = ledgers.get(name)?.from ?? from;
    ledgers.set(name, { key, from: from < before ? from : before });
  }
  for (const { key, from } of ledgers.values()) await foldAgain(data, { key, from });
  return ledgers.size > 0;
}

async function publish(
  { data, filter, nowMs }: VenueRun,
  { name, venue, comparison }: { name: string; venue: VenueExport; comparison: Comparison },
): Promise<number> {
  const { range, breaks, compared } = comparison;
  const scope: ComparedScope = {
    against: 'venue',
    mode: filter.mode === UNKNOWN_MODE ? null : filter.mode,
    strategyId: filter.strategy ?? null,
    venue: filter.venue ?? null,
    accountId: filter.account ?? null,
    symbol: filter.symbol ?? null,
    fromDate: dateOf(range.fromUs / 1000),
    toDate: dateOf((range.toUs - 1) / 1000),
  };
  const total = Object.values(compared).reduce((sum, n) => sum + n, 0);
  return publishRows(
    { store: createFolderStore(dataFolder(data).lake), gunzip, gzip, sha256, nowMs },
    {
      rows: reconciliationRows(scope, { breaks, compared: total, file: name }, sha256),
      prefix: scopePrefix(scope, sha256),
      fromDate: scope.fromDate,
      toDate: scope.toDate,
      kinds: venue.kinds,
    },
  );
}
