import type { SignalSource } from './names.ts';

/**
 * Which of S1's labels a source belongs to. S1 writes `S_top`, `S_bot`, `S_model_meta`, `S_model_bma` on signals and
 * `pros`, `amateurs`, `model_meta`, `model_bma` on decisions: `top` are the good traders. `S_mood` decides nothing.
 * @returns undefined for the mood of all cohorts, which is no source of trades
 */
export function sourceOf(name: unknown): SignalSource | undefined {
  if (typeof name !== 'string') return 'unknown';
  const plain = name.toLowerCase().replace(/^s_/, '');
  if (plain === 'mood' || plain === 'cohort_mood') return undefined;
  if (plain === 'pros' || plain === 'top' || plain === 'cohort_pros') return 'pros';
  if (plain === 'amateurs' || plain === 'bot' || plain === 'cohort_amateurs') return 'amateurs';
  return /^model(?:_|$)/.test(plain) ? 'model' : 'unknown';
}

/** The same of a trade, which has always one. */
export const tradeSourceOf = (name: unknown): SignalSource => sourceOf(name) ?? 'unknown';
