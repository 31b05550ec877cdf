import type { Break } from './types.ts';

/** A difference in the making: what is not said is not known. */
export type BreakDraft = Pick<Break, 'subject'> & Partial<Break>;

export const breakOf = (draft: BreakDraft & Pick<Break, 'kind' | 'state' | 'sentence' | 'advice'>): Break => ({
  field: null,
  ours: null,
  theirs: null,
  difference: null,
  tolerance: null,
  us: null,
  symbol: null,
  strategyId: null,
  row: null,
  ...draft,
});
