import type { EventOf } from '../catalog/index.ts';
import { SEPARATOR } from './fill.ts';
import { contradict, type Ids, namesOf } from './order-ids.ts';
import { clockOf, type IntentNote, insertByNumber, learn, newestFirst, united } from './order-state.ts';
import type { InputOf } from './types.ts';

// Intents, and verdicts of gates, before an order is known that they belong to.

/** What an intent and the gates said under some names. */
export interface Note {
  /** Number in the order of creation. */
  readonly n: number;
  readonly session: string | null;
  us: number;
  seenUs: number;
  names: readonly string[];
  ids: Ids;
  symbol: string | null;
  intent?: IntentNote;
  passed: readonly string[];
  blocked: readonly string[];
  /** An order took it; of notes without ids each belongs to one. */
  taken: boolean;
}

const FACTS = [
  'venue',
  'account_id',
  'symbol',
  'position_side',
  'position_id',
  'group_id',
  'timeframe',
  'bar_ts',
  'experiment_id',
  'strategy_variant',
  'cohort_assignment',
  'order_type',
  'limit_px',
  'reduce_only',
  'is_forced',
  'order_id',
  'client_order_id',
  'venue_order_id',
  'intent_id',
  'decision_id',
  'risk_decision_id',
  'correlation_id',
  'idempotency_key',
] as const;

export function intentNoteOf({ event, us }: InputOf<'order_intent'>): IntentNote {
  const facts = learn({}, FACTS, event);
  const at = clockOf(us);
  const { side, qty, current_price, guards } = event;
  const verdicts = (guards ?? []).flatMap((guard) =>
    typeof guard?.name === 'string' ? [{ name: guard.name, passed: guard.passed }] : [],
  );
  const blocked = [
    ...verdicts.flatMap(({ name, passed }) => (passed === false ? [name] : [])),
    ...[event.veto_primary, event.veto_secondary].filter((veto) => typeof veto === 'string'),
    ...(event.safety_blocked === true ? ['safety'] : []),
  ];
  return {
    ...(at === undefined ? {} : { us: at }),
    ...(side == null ? {} : { side }),
    ...(typeof qty === 'number' && qty > 0 ? { qty } : {}),
    facts: current_price == null ? facts : { ...facts, decision_px: current_price },
    passed: verdicts.flatMap(({ name, passed }) => (passed === true ? [name] : [])),
    blocked: [...new Set(blocked)],
  };
}

export class Notes {
  readonly #notes: Set<Note>;
  readonly #byName = new Map<string, Note[]>();
  /** Notes without any name, of the last seconds. */
  #loose: Note[];
  #count: number;

  constructor(saved?: SavedNotes) {
    this.#notes = new Set(saved?.notes.map((note) => ({ ...note })));
    for (const note of this.#notes) this.#index(note, note.names);
    this.#loose = (saved?.loose ?? []).map((note) => ({ ...note }));
    this.#count = saved?.count ?? 0;
  }

  /** The note under the names of an event; made where there is none. */
  noted(event: EventOf<'order_intent'> | EventOf<'gate'>, us: number): Note {
    const names = namesOf(event);
    const session = event.session_id ?? null;
    const found = this.find(event, names)[0];
    const note: Note = found ?? {
      session,
      us,
      seenUs: us,
      names: [],
      ids: {},
      symbol: event.symbol ?? null,
      n: ++this.#count,
      passed: [],
      blocked: [],
      taken: false,
    };
    note.seenUs = us;
    note.ids = learn(note.ids, ID_FIELDS, event);
    if (names.length === 0) {
      this.#loose.push(note);
      return note;
    }
    const fresh = names.filter((name) => !note.names.includes(name));
    note.names = united(note.names, names);
    this.#index(note, fresh);
    this.#notes.delete(note); // a set keeps the order of insertion: the oldest stay in front
    this.#notes.add(note);
    return note;
  }

  /** Notes under any of the names that do not contradict the event, best first. */
  find(event: Ids & { readonly session_id?: string | null | undefined }, names: readonly string[]): Note[] {
    const found: Note[] = [];
    if (this.#byName.size === 0) return found;
    for (const name of [...names].sort((a, b) => rankOf(a) - rankOf(b)))
      for (const note of newestFirst(this.#byName.get(placeOf(event.session_id ?? null, name)) ?? []))
        if (!found.includes(note) && !contradict(ID_FIELDS, event, note)) found.push(note);
    return found;
  }

  /** The nearest intent before a moment that has no name either. */
  nearest(about: { session: string; symbol: unknown; side: unknown }, fromUs: number): Note | undefined {
    return this.#loose.findLast(
      (note) =>
        note.us >= fromUs &&
        !note.taken &&
        note.session === about.session &&
        note.symbol === about.symbol &&
        note.intent?.side === about.side,
    );
  }

  /** The nearest intent without a name that a verdict without a name may be about. */
  latest(session: string, symbol: string | null, fromUs: number): Note | undefined {
    return this.#loose.findLast(
      (note) => note.us >= fromUs && note.session === session && note.symbol === symbol && note.intent !== undefined,
    );
  }

  /** Lets go of notes of before the moment. */
  forget(us: number): void {
    for (const note of this.#notes) {
      if (note.seenUs >= us) break;
      this.#notes.delete(note);
      for (const name of note.names) {
        const place = placeOf(note.session, name);
        const rest = this.#byName.get(place)?.filter((other) => other !== note) ?? [];
        if (rest.length === 0) this.#byName.delete(place);
        else this.#byName.set(place, rest);
      }
    }
  }

  forgetLoose(us: number): void {
    const oldest = this.#loose[0];
    if (oldest !== undefined && oldest.us < us) this.#loose = this.#loose.filter((note) => note.us >= us);
  }

  /** The clock begins: what came without any is as old as the first moment. */
  begin(us: number): void {
    for (const note of this.#notes) note.seenUs = us;
  }

  save(): SavedNotes {
    return {
      count: this.#count,
      notes: [...this.#notes].map((note) => ({ ...note })),
      loose: this.#loose.map((note) => ({ ...note })),
    };
  }

  #index(note: Note, names: readonly string[]): void {
    for (const name of names) {
      const place = placeOf(note.session, name);
      const list = this.#byName.get(place);
      if (list === undefined) this.#byName.set(place, [note]);
      else insertByNumber(list, note);
    }
  }
}

export interface SavedNotes {
  readonly count: number;
  readonly notes: readonly Note[];
  readonly loose: readonly Note[];
}

const STRONG = ['order_id', 'client_order_id', 'venue_order_id'] as const;
const ID_FIELDS = [...STRONG, 'idempotency_key', 'correlation_id', 'intent_id', 'decision_id'] as const;

const placeOf = (session: string | null, name: string): string => `${session ?? ''}${SEPARATOR}${name}`;

/** An intent's own number says most about it. */
const rankOf = (name: string): number => 'iovkcd'.indexOf(name[0] ?? '');
