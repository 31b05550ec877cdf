import type { LedgerPoint, Owner } from './types.ts';

/** What one row of the ledger's curve added to the sums of its account; null is not known. */
export interface LedgerStep extends Owner {
  readonly us: number;
  readonly fills: number;
  readonly realized: number | null;
  readonly fees: number | null;
  readonly funding: number | null;
  readonly turnover: number | null;
  /** Absolute notionals held after it. */
  readonly exposure: number | null;
}

/** One curve of the ledger; runs that share an account that outlives them share its sums. */
export const curveOf = ({ account, session, venue }: LedgerPoint, byRun: boolean): string =>
  JSON.stringify([venue, account, byRun ? session : null]);

/** The rows in order; rows of one moment in the order of their fills. */
export const inOrder = (rows: readonly LedgerPoint[]): LedgerPoint[] =>
  [...rows].sort(
    (a, b) => a.us - b.us || a.fills - b.fills || a.seq - b.seq || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );

/** Rows, in order, whose sums begin before them: an older row is needed to tell what they added. */
export function withoutBase(rows: readonly LedgerPoint[], byRun: boolean): LedgerPoint[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const curve = curveOf(row, byRun);
    const first = !seen.has(curve);
    seen.add(curve);
    return first && !begins(row);
  });
}

/** Sums count from 0 with the first fill, also where a run was forgotten and came back. */
const begins = ({ fill, fills }: LedgerPoint): boolean => fill && fills === 1;

/** What each row added, from the sums; of rows whose base is not known it is not known. */
export function stepsOf(rows: readonly LedgerPoint[], byRun: boolean): LedgerStep[] {
  const last = new Map<string, LedgerPoint>();
  return rows.map((row) => {
    const curve = curveOf(row, byRun);
    const before = begins(row) ? ZERO : last.get(curve);
    last.set(curve, row);
    const added = (name: 'realized' | 'fees' | 'funding' | 'turnover'): number | null => {
      const [now, then] = [row[name], before?.[name] ?? null];
      return now === null || then === null ? null : now - then;
    };
    return {
      us: row.us,
      account: row.account,
      session: row.session,
      fills: row.fill ? 1 : 0,
      realized: added('realized'),
      fees: added('fees'),
      funding: added('funding'),
      turnover: added('turnover'),
      exposure: row.exposure,
    };
  });
}

const ZERO = { realized: 0, fees: 0, funding: 0, turnover: 0 } as const;
