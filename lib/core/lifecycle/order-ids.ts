import { SEPARATOR } from './fill.ts';
import type { Scope } from './types.ts';

// The names an order is known by, and which of them may tie two events together.

/**
 * Kinds of names, strongest first: the order's own number and the one told to the venue, the venue's, the key under which
 * a repeat is recognised, the request, the intent, the decision. Only the first three name one order each; the others tie
 * events to the one order they can mean.
 */
const KINDS = [
  ['order_id', 'o'],
  ['client_order_id', 'o'], // a bot's own and its client id are often one: they share a name space
  ['venue_order_id', 'v'],
  ['idempotency_key', 'k'],
  ['correlation_id', 'c'],
  ['intent_id', 'i'],
  ['decision_id', 'd'],
] as const;

type IdField = (typeof KINDS)[number][0];
type IdPrefix = (typeof KINDS)[number][1];

/** Names that stand for one order. */
export const isStrong = (name: string): boolean => name.startsWith('o') || name.startsWith('v') || name.startsWith('f');

export type Ids = Readonly<Partial<Record<IdField, string | null | undefined>>>;

/**
 * With which other names an event must not contradict an order that it shares only a weak one with: two orders of one
 * intent stay two, a retry under a new request may be the same order.
 */
const WEAK: readonly (readonly [IdField, readonly IdField[]])[] = [
  ['idempotency_key', ['order_id', 'client_order_id', 'venue_order_id']],
  ['correlation_id', ['order_id', 'client_order_id', 'venue_order_id', 'idempotency_key', 'intent_id']],
  ['intent_id', ['order_id', 'client_order_id', 'venue_order_id', 'idempotency_key', 'correlation_id']],
  ['decision_id', ['order_id', 'client_order_id', 'venue_order_id', 'idempotency_key', 'correlation_id', 'intent_id']],
];

const PREFIX: ReadonlyMap<IdField, IdPrefix> = new Map(KINDS);

/** A name with its kind before it; undefined where the event has none of the kind. */
export function nameOf(ids: Ids, field: IdField): string | undefined {
  const value = ids[field];
  return typeof value === 'string' && value !== '' ? `${PREFIX.get(field)}${value}` : undefined;
}

/** Every name of an event, strongest first, none twice. */
export function namesOf(ids: Ids): string[] {
  const names: string[] = [];
  for (const [field] of KINDS) {
    const name = nameOf(ids, field);
    if (name !== undefined && !names.includes(name)) names.push(name);
  }
  return names;
}

/** Weak names of an event, each with the fields that decide whether it may tie. */
export function* weakNames(ids: Ids): Generator<{ name: string; unless: readonly IdField[] }> {
  for (const [field, unless] of WEAK) {
    const name = nameOf(ids, field);
    if (name !== undefined) yield { name, unless };
  }
}

/** Whether both have names of one of the kinds, and different ones. */
export const contradict = (
  fields: readonly IdField[],
  event: Ids,
  { ids, names }: { readonly ids: Ids; readonly names: readonly string[] },
): boolean =>
  fields.some((field) => {
    const name = nameOf(event, field);
    return name !== undefined && nameOf(ids, field) !== undefined && !names.includes(name);
  });

interface Fill {
  readonly venue?: string | null | undefined;
  readonly account_id?: string | null | undefined;
  readonly symbol?: string | null | undefined;
  readonly venue_fill_id?: string | null | undefined;
}

/** A fill that the venue numbers counts once per venue, account and symbol, whatever run told of it (semantics 2). */
export const fillName = ({ venue, account_id, symbol, venue_fill_id }: Fill): string | undefined =>
  typeof venue_fill_id === 'string' && venue_fill_id !== ''
    ? `f${[venue ?? '', account_id ?? '', symbol ?? '', venue_fill_id].join(SEPARATOR)}`
    : undefined;

/** Where a name means the same: in its run; where accounts outlive runs, in others too; a fill's everywhere. */
export function placesOf(name: string, session: string | null, scope: Scope): string[] {
  if (name.startsWith('f')) return [`*${SEPARATOR}${name}`];
  const own = `${session ?? ''}${SEPARATOR}${name}`;
  return scope === 'account' ? [own, `*${SEPARATOR}${name}`] : [own];
}
