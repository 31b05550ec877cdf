import { MAX_RECORD_BYTES } from '../core/limits.ts';
import type { Emitting } from './emitter.ts';
import { textOfError } from './emitter-error.ts';
import type { BotEvent } from './event.ts';
import { serialiseCarefully } from './serialise.ts';

/** Ids that tie the events of one decision together, in the names of the catalog. */
export interface Ids {
  readonly decision_id?: string;
  readonly intent_id?: string;
  readonly correlation_id?: string;
  readonly order_id?: string;
  readonly client_order_id?: string;
}

/** What can follow on an intent, an order or a fill. Each event carries the ids of what led to it. */
export interface Chain<R> {
  readonly ids: Ids;
  /** What `emit` answered for the event that this link stands for. */
  readonly sent: R;
  /** The verdict of one gate. */
  gate(event: BotEvent<'gate'>): R;
  /** An order, or a change of its state. */
  order(event: BotEvent<'order'>): Chain<R>;
  /** A fill. */
  fill(event: BotEvent<'execution'>): Chain<R>;
  error(event: BotEvent<'error'> | Error): R;
}

/** Emits an intent, and hands out the ids that its gates, orders, fills and errors will carry. What the event says itself stays. */
export function intent<R>(emitter: Emitting<R>, event: BotEvent<'order_intent'>): Chain<R> {
  const said = plain(event);
  const id = said?.intent_id ?? emitter.nextId('intent');
  const ids = pick({ ...said, intent_id: id, correlation_id: said?.correlation_id ?? id });
  return link(emitter, ids, emitter.emit('order_intent', said === undefined ? event : { ...ids, ...said }));
}

/** An order without an intent, for bots that know none. */
export function order<R>(emitter: Emitting<R>, event: BotEvent<'order'>): Chain<R> {
  return ordered(emitter, {}, event);
}

/** A fill by itself. */
export const fill = <R>(emitter: Emitting<R>, event: BotEvent<'execution'>): R =>
  emitter.emit('execution', joined({ result: 'filled' }, event));

export const gate = <R>(emitter: Emitting<R>, event: BotEvent<'gate'>): R => emitter.emit('gate', event);

/** An error of the bot: as an event, or as it was caught. */
export const error = <R>(emitter: Emitting<R>, event: BotEvent<'error'> | Error): R =>
  emitter.emit('error', errorEvent(event));

function link<R>(emitter: Emitting<R>, ids: Ids, sent: R): Chain<R> {
  return {
    ids,
    sent,
    gate: (event) => emitter.emit('gate', joined(ids, event)),
    order: (event) => ordered(emitter, ids, event),
    fill: (event) => {
      const all = joined({ ...ids, result: 'filled' }, event);
      return link(emitter, pick({ ...(plain(all) ?? ids) }), emitter.emit('execution', all));
    },
    error: (event) => emitter.emit('error', joined(ids, errorEvent(event))),
  };
}

function ordered<R>(emitter: Emitting<R>, above: Ids, event: BotEvent<'order'>): Chain<R> {
  const said = plain(event);
  // The same order again is a change of its state; an order that names itself keeps its name.
  const known = said?.order_id ?? said?.client_order_id ?? above.order_id ?? above.client_order_id;
  const ids = { ...above, ...(known === undefined && { order_id: emitter.nextId('order') }) };
  return link(emitter, pick({ ...ids, ...said }), emitter.emit('order', joined(ids, event)));
}

/** What an event says before what is known. What cannot be read stays as it is: `emit` refuses and counts it. */
function joined<E extends object>(known: object, event: E): E {
  const said = plain(event);
  return said === undefined ? event : ({ ...known, ...said } as E);
}

/** A copy of an event whose reading throws nothing; undefined where there is none. */
function plain(event: object): Readonly<Record<string, unknown>> | undefined {
  try {
    return typeof event === 'object' && event !== null ? { ...event } : undefined;
  } catch {
    const read = serialiseCarefully(event, MOST_CHARS); // a getter that throws
    return 'json' in read ? JSON.parse(read.json) : undefined;
  }
}

/** More is larger than any event may be. */
const MOST_CHARS = MAX_RECORD_BYTES;

const NAMES = ['decision_id', 'intent_id', 'correlation_id', 'order_id', 'client_order_id'] as const;

function pick(event: Readonly<Record<string, unknown>>): Ids {
  const ids: Record<string, string> = {};
  for (const name of NAMES) {
    const id = event[name];
    if (typeof id === 'string' && id !== '') ids[name] = id;
  }
  return ids;
}

/** A caught error in the fields of stream `error`. What is no error, or cannot be read, is left to `emit`. */
function errorEvent(event: BotEvent<'error'> | Error): BotEvent<'error'> {
  try {
    if (!(event instanceof Error)) return event;
    const code = (event as { code?: unknown }).code;
    return {
      message: event.message,
      error_type: event.name,
      level: 'error',
      is_error: true,
      ...(event.stack !== undefined && { stacktrace: event.stack }),
      ...((typeof code === 'string' || typeof code === 'number') && { code: String(code) }),
    };
  } catch {
    return { message: textOfError(event), level: 'error', is_error: true };
  }
}
