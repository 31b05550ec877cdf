import type { BookFill, OpenTrade, Step } from './book-types.ts';
import { quantityOf } from './quantity.ts';
import type { About } from './trade.ts';

/**
 * A fill, or the part of it, that reduced what the ledger knows nothing of: a row of its own, outside every total. Its
 * PnL cannot be known before somebody says what was held (`positions adopt`).
 */
export function unknownTrade({ units, share }: Step, { side, price, costs }: BookFill, about: About): OpenTrade<About> {
  return {
    direction: side === 'sell' ? 'long' : 'short',
    money: {
      opened: 0n,
      closed: units,
      peak: units,
      openedCost: [0, 0],
      closedCost: [quantityOf(units) * price, 0],
      notional: [0, 0],
      notionalUsd: null,
      avgPx: 0,
      gross: [0, 0],
      grossUsd: null,
      fees: costs.fees === null ? null : [costs.fees * share, 0],
      feesUsd: costs.feesUsd === null ? null : [costs.feesUsd * share, 0],
      impactUsd: costs.impactUsd === null ? null : [costs.impactUsd * share, 0],
      chargedUsd: [costs.chargedUsd * share, 0],
      fundingUsd: [0, 0],
      fundingEstimatedUsd: [0, 0],
      usdRate: null,
      fills: 1,
      opens: 0,
      closes: 1,
    },
    about: { ...about, id: `${about.id}u`, entryUnknown: true, exit: about.entry },
  };
}
