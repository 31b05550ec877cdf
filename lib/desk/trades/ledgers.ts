import { openLake } from '../../adapters/local/duckdb.ts';
import { LEDGER_STREAMS, type LedgerKey } from '../../core/lifecycle/types.ts';
import { literal } from '../../core/query/text.ts';
import { rowsOf, textOrNull } from '../query/rows.ts';

/** The ledgers that the lake holds events of, or rows. */
export async function ledgersOf(data: string): Promise<LedgerKey[]> {
  const lake = await openLake(data);
  try {
    const rows = await rowsOf(
      lake,
      `select distinct mode, strategy_id from events where stream in (${LEDGER_STREAMS.map(literal).join(', ')}) union ` +
        'select mode, strategy_id from trade_lifecycle order by mode nulls last, strategy_id nulls last',
    );
    return rows.map(({ mode, strategy_id }) => ({ mode: textOrNull(mode), strategyId: textOrNull(strategy_id) }));
  } finally {
    await lake.close();
  }
}
