import { scopeOf } from '../../core/lifecycle/fill.ts';
import type { RebuildOptions, RebuildReport } from '../../core/lifecycle/ledger.ts';
import type { LedgerCounts, LedgerKey, Scope } from '../../core/lifecycle/types.ts';
import { count } from '../commands/output.ts';
import { printable } from '../printable.ts';
import { ledgerConfigOf } from '../settings.ts';
import { UNKNOWN_MODE } from './filters.ts';
import { openLedger } from './open-ledger.ts';

/** What folding again changed in one ledger. */
export interface LedgerChanges {
  readonly mode: string | null;
  readonly strategy_id: string | null;
  /** Rows that the fold makes of the days it went over. */
  readonly rows: number;
  /** Rows that the lake did not hold, or held otherwise. */
  readonly changed: number;
  /** Rows of the lake that the fold does not make. */
  readonly retracted: number;
  /** Changed rows by stream. */
  readonly changed_by_stream: Readonly<Record<string, number>>;
  readonly counts: Readonly<LedgerCounts>;
}

export interface Changes {
  readonly ledgers: readonly LedgerChanges[];
}

/** Folds ledgers of a data folder again from its lake; a desk may run beside it. */
export async function foldAgain(data: string, options: RebuildOptions, onObject?: () => void): Promise<Changes> {
  const ledger = await openLedger(data, onObject === undefined ? {} : { onObject });
  return { ledgers: (await ledger.rebuild(options)).map(changesOf) };
}

/** Whether positions of a ledger outlive a restart, as the settings of the data folder say. */
export const scopeIn = async (data: string, key: LedgerKey): Promise<Scope> => scopeOf(key, await ledgerConfigOf(data));

const changesOf = ({ key, rows, changedRows, changed, retracted, counts }: RebuildReport): LedgerChanges => {
  const byStream = new Map<string, number>();
  for (const { stream } of changedRows) byStream.set(stream, (byStream.get(stream) ?? 0) + 1);
  return {
    mode: key.mode,
    strategy_id: key.strategyId,
    rows: rows.length,
    changed,
    retracted,
    changed_by_stream: Object.fromEntries([...byStream].sort(([a], [b]) => (a < b ? -1 : 1))),
    counts,
  };
};

/** One line per ledger. */
export const changesText = ({ ledgers }: Changes): string =>
  ledgers
    .map(({ mode, strategy_id, rows, changed, retracted }) =>
      printable(
        `  ledger  ${strategy_id ?? '(no strategy)'}, mode ${mode ?? UNKNOWN_MODE}: ${count(rows)} rows, ${count(changed)} changed, ${count(retracted)} retracted`,
      ),
    )
    .map((line) => `${line}\n`)
    .join('');
