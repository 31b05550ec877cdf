import type { Emitting } from './emitter.ts';
import type { BotEvent } from './event.ts';

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
  const id = event.intent_id ?? emitter.nextId('intent');
  const ids: Ids = pick({ ...event, intent_id: id, correlation_id: event.correlation_id ?? id });
  return link(emitter, ids, emitter.emit('order_intent', { ...ids, ...event }));
}

/** An order without an intent, for bots that know none. */
export function order<R>(emitter: Emitting<R>, event: BotEvent<'order'>): Chain<R> {
  return ordered(emitter, {}, event);
}

/** A fill by itself. */
export const fill = <R>(emitter: Emitting<R>, event: BotEvent<'execution'>): R =>
  emitter.emit('execution', { result: 'filled', ...event });

export const gate = <R>(emitter: Emitting<R>, event: BotEvent<'gate'>): R => emitter.emit('gate', event);

/** An error of the bot: as an event, or as it was caught. */
export const error = <R>(emitter: Emitting<R>, event: BotEvent<'error'> | Error): R =>
  emitter.emit('error', errorEvent(event));

function link<R>(emitter: Emitting<R>, ids: Ids, sent: R): Chain<R> {
  return {
    ids,
    sent,
    gate: (event) => emitter.emit('gate', { ...ids, ...event }),
    order: (event) => ordered(emitter, ids, event),
    fill: (event) => {
      const all = { ...ids, result: 'filled', ...event };
      return link(emitter, pick(all), emitter.emit('execution', all));
    },
    error: (event) => emitter.emit('error', { ...ids, ...errorEvent(event) }),
  };
}

function ordered<R>(emitter: Emitting<R>, above: Ids, event: BotEvent<'order'>): Chain<R> {
  // The same order again is a change of its state; an order that names itself keeps its name.
  const known = event.order_id ?? event.client_order_id ?? above.order_id ?? above.client_order_id;
  const all = {
    ...above,
    ...(known === undefined || known === null ? { order_id: emitter.nextId('order') } : {}),
    ...event,
  };
  return link(emitter, pick(all), emitter.emit('order', all));
}

const NAMES = ['decision_id', 'intent_id', 'correlation_id', 'order_id', 'client_order_id'] as const;

function pick(event: Readonly<Record<string, unknown>>): Ids {
  const ids: Record<string, string> = {};
  for (const name of NAMES) {
    const id = event[name];
    if (typeof id === 'string' && id !== '') ids[name] = id;
  }
  return ids;
}

/** A caught error in the fields of stream `error`. */
function errorEvent(event: BotEvent<'error'> | Error): BotEvent<'error'> {
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
}
