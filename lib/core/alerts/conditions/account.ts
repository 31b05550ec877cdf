import { LEDGER_DEFAULTS } from '../../lifecycle/types.ts';
import type { Observation } from '../types.ts';

// Whose equity an event tells of, and what of a cash flow changes it.

/** Modes whose accounts outlive a run. */
const LASTING: ReadonlySet<string | null> = new Set(['live', 'testnet']);

/** Account, or run where accounts begin with runs; S1's bots keep one account per timeframe in one process. */
export function accountKey({ mode, sessionId, fields: { account_id, timeframe } }: Observation): string {
  const account =
    typeof account_id === 'string' ? account_id : typeof timeframe === 'string' ? `${TIMEFRAME}${timeframe}` : '';
  return `${LASTING.has(mode) ? '' : (sessionId ?? '')}${BETWEEN}${account}`.slice(0, 300);
}
const BETWEEN = '\n';
const TIMEFRAME = 'timeframe ';

/**
 * Whether a flow belongs to an account. Health records seldom name the account that a flow names, flows seldom the run: what
 * is not said fits any, since a withdrawal that is overlooked looks like a loss.
 */
export function isOfAccount(flow: string, account: string): boolean {
  const [flowRun = '', flowName = ''] = flow.split(BETWEEN, 2);
  const [run = '', name = ''] = account.split(BETWEEN, 2);
  const isTimeframe = (text: string): boolean => text.startsWith(TIMEFRAME);
  const sameRun = flowRun === run || flowRun === '' || run === '';
  const sameName = flowName === name || flowName === '' || name === '' || isTimeframe(flowName) !== isTimeframe(name);
  return sameRun && sameName;
}

/**
 * Whether a paper account starts anew within one series: logs that name no run show it only by an equity that is again
 * exactly the one it began with.
 */
export const startsAnew = (
  { mode, sessionId }: Observation,
  { equity, start, before }: { readonly equity: number; readonly start: number; readonly before: number },
): boolean => sessionId === null && !LASTING.has(mode) && equity === start && before !== start;

/** Amount of a flow in the account's currency: a deposit is positive; null where it is not known. */
export interface Flow {
  readonly amount: number | null;
}

const STABLE: ReadonlySet<string> = new Set(LEDGER_DEFAULTS.stableCoins);

/** A deposit or withdrawal of known amount; undefined for anything else. */
export function flowOf({ fields }: Observation): { readonly amount: number } | undefined {
  const { kind, asset, amount, amount_usd } = fields;
  if (!isFlow(fields)) return undefined;
  const known = isNumber(amount_usd)
    ? amount_usd
    : isNumber(amount) && typeof asset === 'string' && STABLE.has(asset.toUpperCase())
      ? amount
      : undefined;
  if (known === undefined) return undefined;
  return { amount: kind === 'deposit' ? Math.abs(known) : -Math.abs(known) };
}

/** A deposit or withdrawal whose amount is not known: never taken to be worth one to one (semantics 2). */
export const isUnknownFlow = (observation: Observation): boolean =>
  isFlow(observation.fields) && flowOf(observation) === undefined;

const isFlow = ({ kind, is_estimated }: Observation['fields']): boolean =>
  (kind === 'deposit' || kind === 'withdrawal') && is_estimated !== true;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
