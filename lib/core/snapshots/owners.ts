import { accountOfTimeframe, timeframeOfAccount } from './facts.ts';
import type { Fact } from './types.ts';

/**
 * Accounts for what names none: trades of bots that keep one per timeframe have that; else it is the account of the run,
 * or of the strategy, where all that names one names the same.
 */
export function withAccounts(facts: readonly Fact[]): Fact[] {
  const byTimeframe = facts.some(({ account }) => timeframeOfAccount(account) !== null);
  const named = facts.map((fact): Fact => {
    if (!byTimeframe || fact.kind !== 'trade' || fact.account !== null || fact.timeframe === null) return fact;
    return { ...fact, account: accountOfTimeframe(fact.timeframe) };
  });
  const ofRun = new Map<string | null, Set<string>>();
  const all = new Set<string>();
  for (const { session, account } of named) {
    if (account === null) continue;
    all.add(account);
    const known = ofRun.get(session) ?? new Set();
    ofRun.set(session, known.add(account));
  }
  const onlyOf = (accounts: ReadonlySet<string> | undefined): string | null => {
    const [first] = accounts ?? [];
    return accounts?.size === 1 && first !== undefined ? first : null;
  };
  const strategy = onlyOf(all);
  return named.map((fact): Fact => {
    if (fact.account !== null) return fact;
    const account = fact.session === null ? strategy : (onlyOf(ofRun.get(fact.session)) ?? strategy);
    return account === null ? fact : { ...fact, account };
  });
}
