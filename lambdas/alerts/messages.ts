import type { Observation } from '../../lib/core/alerts/types.ts';
import { isObject } from '../../lib/core/transform/json.ts';
import type { QueueMessage } from '../support/object-messages.ts';

/** What a message of the alert queue says, or why it cannot be read. */
export type AlertMessageOfQueue =
  | { readonly messageId: string; readonly observations: readonly Observation[] }
  | { readonly messageId: string; readonly objects: readonly string[] }
  | { readonly messageId: string; readonly malformed: string };

/** Reads what the transform observed, or the keys of objects that the ledger took in and wrote. */
export function readAlertMessage({ messageId, body }: QueueMessage): AlertMessageOfQueue {
  try {
    const said: unknown = JSON.parse(body);
    if (isObject(said) && Array.isArray(said.observations)) {
      if (!said.observations.every(isObservation)) throw new Error('an observation is none');
      return { messageId, observations: said.observations };
    }
    if (isObject(said) && Array.isArray(said.objects)) {
      if (!said.objects.every((key) => typeof key === 'string' && key !== '')) throw new Error('a key is none');
      return { messageId, objects: said.objects };
    }
    throw new Error('it has neither observations nor objects');
  } catch (error) {
    return { messageId, malformed: error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message };
  }
}

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';

const isObservation = (value: unknown): value is Observation =>
  isObject(value) &&
  typeof value.stream === 'string' &&
  typeof value.eventId === 'string' &&
  [value.mode, value.strategyId, value.sessionId, value.symbol].every(isTextOrNull) &&
  Number.isFinite(value.tsMs) &&
  Number.isFinite(value.arrivedMs) &&
  isObject(value.fields);
