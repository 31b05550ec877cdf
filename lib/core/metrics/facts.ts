import { FACTS } from './facts-table.ts';
import type { CloudWatchUnit, MetricKind } from './names.ts';

/** Powertools adds the dimension `service` to everything unless told otherwise; here only figures of the stack have it. */
export const SERVICE = 'nightdesk';

/** What who publishes must know of a metric: a function has no use for the sentences of names.ts. */
export interface MetricFacts {
  readonly kind: MetricKind;
  readonly cloudWatchUnit: CloudWatchUnit;
  readonly scope: 'strategy' | 'stack';
  readonly optional: boolean;
}

const KINDS: Readonly<Record<string, MetricKind>> = { c: 'counter', g: 'gauge', h: 'histogram' };
const UNITS: Readonly<Record<string, CloudWatchUnit>> = { C: 'Count', M: 'Milliseconds', S: 'Seconds', N: 'None' };

const known = new Map<string, MetricFacts>();
for (const [code, names] of Object.entries(FACTS)) {
  const [kind = '', unit = '', scope, optional] = code;
  const facts = {
    kind: KINDS[kind] ?? 'gauge',
    cloudWatchUnit: UNITS[unit] ?? 'None',
    scope: scope === '*' ? 'stack' : 'strategy',
    optional: optional !== undefined,
  } as const;
  for (const name of names.split(' ')) known.set(name, facts);
}

/** Facts of a metric by its name. @throws RangeError for a name that is none, a mistake of the caller */
export function factsOf(name: string): MetricFacts {
  const facts = known.get(name);
  if (facts === undefined) throw new RangeError(`there is no metric ${name}`);
  return facts;
}
