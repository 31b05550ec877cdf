import { dateOf } from '../lake/keys.ts';
import { withoutNulls } from '../lifecycle/nulls.ts';
import type { DerivedRow } from '../lifecycle/types.ts';
import { formatUs } from '../transform/time.ts';
import type { Break, BreakKind, VenueKind } from './types.ts';

/** What a comparison was about: the same comparison of the same days replaces its rows. */
export interface ComparedScope {
  readonly against: 'rebuild' | 'venue' | 'bot';
  readonly mode: string | null;
  readonly strategyId: string | null;
  readonly venue: string | null;
  readonly accountId: string | null;
  readonly symbol: string | null;
  /** First and last UTC day. */
  readonly fromDate: string;
  readonly toDate: string;
}

export interface ComparedResult {
  readonly breaks: readonly Break[];
  /** Things compared. */
  readonly compared: number;
  /** Open differences, those beyond `breaks` too. @default - those of `breaks` */
  readonly open?: number;
  /** Name of the venue's file. */
  readonly file?: string;
}

type Sha256 = (text: string) => string;

/** First part of the ids of all rows of a comparison, whatever its days. */
export function scopePrefix(
  { against, mode, strategyId, venue, accountId, symbol }: ComparedScope,
  sha256: Sha256,
): string {
  const scope = sha256(JSON.stringify([mode, strategyId, venue, accountId, symbol])).slice(0, 12);
  return `${against}-${scope}-`;
}

export const isOpen = ({ state }: Break): boolean => state === 'open';

/**
 * Rows of `reconciliation`: one per difference, and one that sums them. Ids are made of the comparison and of what
 * differs, so that a comparison done again writes revisions of the same rows.
 */
export function reconciliationRows(scope: ComparedScope, result: ComparedResult, sha256: Sha256): DerivedRow[] {
  const prefix = scopePrefix(scope, sha256);
  const open = result.open ?? result.breaks.filter(isOpen).length;
  const seen = new Map<string, number>();
  const rows = result.breaks.map((one) => {
    const name = sha256(JSON.stringify([one.kind, one.subject, one.field, one.symbol])).slice(0, 16);
    const copy = (seen.get(name) ?? 0) + 1;
    seen.set(name, copy);
    return breakRow(scope, one, `${prefix}${name}${copy === 1 ? '' : `-${copy}`}`, result.file);
  });
  const summary = rowOf(scope, {
    id: `${prefix}${scope.fromDate}-${scope.toDate}-summary`,
    us: startOf(scope.toDate),
    strategyId: scope.strategyId,
    symbol: scope.symbol,
    fields: {
      entry: 'summary',
      compared: result.compared,
      open_breaks: open,
      is_clean: open === 0,
      ...(result.file === undefined ? {} : { venue_file: result.file }),
    },
  });
  return [...rows, summary];
}

function breakRow(scope: ComparedScope, one: Break, id: string, file: string | undefined): DerivedRow {
  const { kind, state, subject, field, ours, theirs, difference, tolerance } = one;
  return rowOf(scope, {
    id,
    us: one.us ?? startOf(scope.fromDate),
    strategyId: one.strategyId ?? scope.strategyId,
    symbol: one.symbol ?? scope.symbol,
    fields: {
      entry: 'break',
      kind,
      state,
      subject,
      field,
      ours,
      theirs,
      difference,
      tolerance,
      at_ts: one.us === null ? null : formatUs(one.us),
      ...(file === undefined ? {} : { venue_file: file }),
    },
  });
}

interface RowParts {
  readonly id: string;
  readonly us: number;
  readonly strategyId: string | null;
  readonly symbol: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

function rowOf(scope: ComparedScope, { id, us, strategyId, symbol, fields }: RowParts): DerivedRow {
  const event = {
    event_id: id,
    stream: 'reconciliation',
    schema_version: 1,
    ts: formatUs(us),
    ts_ms: Math.floor(us / 1000),
    ts_source: 'ts',
    strategy_id: strategyId,
    venue: scope.venue,
    account_id: scope.accountId,
    symbol,
    mode: scope.mode,
    against: scope.against,
    from_date: scope.fromDate,
    to_date: scope.toDate,
    ...fields,
  };
  return { stream: 'reconciliation', id, date: dateOf(us / 1000), event: withoutNulls(event) };
}

const startOf = (date: string): number => Date.parse(date) * 1000;

/** Which rows of a file a kind of difference comes from: rows of kinds that were not compared stay as they are. */
export const sourceOfKind = (kind: BreakKind): VenueKind =>
  kind === 'funding' || kind === 'balance' || kind === 'position' ? kind : 'fill';
