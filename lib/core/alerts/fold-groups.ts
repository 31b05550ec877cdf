import type { Alert, StrategyAlerts } from './state.ts';
import type { AlertRule, Condition, Reading } from './types.ts';

// The alerts of one strategy while it is folded, by rule and group; of a bounded number of groups.

/** Groups of one rule and strategy that have alerts of their own; what fires beside them is one alert. */
export const MOST_GROUPS = 50;
/** Group of what fires beside those. */
export const OTHERS = 'others';

/** Resolved alerts of one rule that are remembered. */
const MOST_REMEMBERED = 50;
const LONGEST_GROUP = 200;
const HASH_DIGITS = 16;

type Sha256 = (text: string) => string;

export class Groups {
  readonly #rules = new Map<string, Map<string, Alert>>();
  readonly #before: StrategyAlerts['alerts'];
  #changed = false;

  constructor(alerts: StrategyAlerts['alerts']) {
    this.#before = alerts;
    for (const alert of Object.values(alerts)) this.#own(alert.view.ruleId).set(alert.view.group, alert);
  }

  /** Whether any alert of a rule is known. */
  knows(ruleId: string): boolean {
    return (this.#rules.get(ruleId)?.size ?? 0) > 0;
  }

  of(ruleId: string): readonly Alert[] {
    return [...(this.#rules.get(ruleId)?.values() ?? [])];
  }

  all(): readonly Alert[] {
    return [...this.#rules.values()].flatMap((own) => [...own.values()]);
  }

  /** By dedupe key, as the state holds them. */
  alerts(): StrategyAlerts['alerts'] {
    if (!this.#changed) return this.#before;
    return Object.fromEntries(this.all().map((alert) => [alert.view.dedupeKey, alert]));
  }

  put(
    ruleId: string,
    { before, alert }: { readonly before: Alert | undefined; readonly alert: Alert | undefined },
  ): void {
    this.#changed = true;
    const own = this.#own(ruleId);
    if (alert !== undefined) own.set(alert.view.group, alert);
    else if (before !== undefined) own.delete(before.view.group);
    const resolved = [...own.values()].filter(({ phase }) => phase === 'resolved');
    if (resolved.length <= MOST_REMEMBERED) return;
    const oldest = resolved.reduce((a, b) => ((a.endedMs ?? 0) <= (b.endedMs ?? 0) ? a : b));
    own.delete(oldest.view.group);
  }

  /** Readings with the alerts they are about: known ones, and firing ones as far as there is room. */
  *pair(
    { id: ruleId, condition }: AlertRule,
    readings: readonly Reading[],
    { sha256, nowMs }: { readonly sha256: Sha256; readonly nowMs: number },
  ): Generator<readonly [before: Alert | undefined, reading: Reading]> {
    const own = this.#own(ruleId);
    const beside: Reading[] = [];
    const seen = new Set<string>([OTHERS]);
    for (const full of readings) {
      const reading = shortGroup(full, sha256);
      const before = own.get(reading.group);
      const isLive = before !== undefined && before.phase !== 'resolved';
      if (reading.group === OTHERS || (!isLive && reading.answer === 'firing' && liveOf(own) >= MOST_GROUPS)) {
        if (reading.answer === 'firing') beside.push(reading);
        continue;
      }
      seen.add(reading.group);
      if (before !== undefined || reading.answer === 'firing') yield [before, reading];
    }
    const isBlind = readings.every(({ answer }) => answer === 'no_data');
    for (const [group, before] of [...own])
      if (!seen.has(group)) yield [before, gone(group, isBlind || nowMs < goneMs(before, condition))];
    const others = own.get(OTHERS);
    if (beside.length > 0) yield [others, together(beside)];
    else if (others !== undefined) yield [others, gone(OTHERS, isBlind)];
  }

  #own(ruleId: string): Map<string, Alert> {
    const own = this.#rules.get(ruleId) ?? new Map<string, Alert>();
    this.#rules.set(ruleId, own);
    return own;
  }
}

function liveOf(own: ReadonlyMap<string, Alert>): number {
  let live = 0;
  for (const [group, { phase }] of own) if (phase !== 'resolved' && group !== OTHERS) live++;
  return live;
}

/** A group is anybody's text: a long one is told by its beginning and a hash. */
function shortGroup(reading: Reading, sha256: Sha256): Reading {
  const { group } = reading;
  if (group.length <= LONGEST_GROUP) return reading;
  const begin = group.slice(0, LONGEST_GROUP).replace(/[\ud800-\udbff]$/, '');
  return { ...reading, group: `${begin}~${sha256(group).slice(0, HASH_DIGITS)}` };
}

/** What a rule says of a group that it no longer lists. */
const gone = (group: string, isBlind: boolean): Reading => ({
  group,
  answer: isBlind ? 'no_data' : 'ok',
  value: null,
  limit: null,
  sinceMs: null,
  reason: isBlind ? 'There is no data.' : 'Nothing of it is left.',
  evidence: [],
});

/** A condition keeps the newest groups only: one that made room for others lasts as long as its events would have. */
export function goneMs({ view }: Alert, condition: Condition): number {
  const windowMs = 'window' in condition ? (condition.window ?? 0) : 0;
  return (view.evidence.at(-1)?.tsMs ?? view.sinceMs) + windowMs;
}

function together(readings: readonly Reading[]): Reading {
  const [first] = readings;
  if (first === undefined) return gone(OTHERS, false);
  if (readings.length === 1 && first.group === OTHERS) return first;
  const since = readings.flatMap(({ sinceMs }) => (sinceMs === null ? [] : [sinceMs]));
  const evidence = readings.flatMap((reading) => reading.evidence).sort((a, b) => a.tsMs - b.tsMs);
  return {
    group: OTHERS,
    answer: 'firing',
    value: readings.length,
    limit: 0,
    sinceMs: since.length === 0 ? null : Math.min(...since),
    reason: `${readings.length} more beside ${MOST_GROUPS} that are told apart. One of them: ${first.reason}`,
    evidence: evidence.slice(-5),
  };
}
