import { parseKey } from '../../lib/core/lake/keys.ts';
import { assertObjectKey } from '../../lib/core/lake/object-key.ts';

/** A message of the queue, as far as it is looked at. */
export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
}

export interface NewObject {
  readonly key: string;
  /** Compressed. */
  readonly bytes: number;
}

/** What a message says: the objects of bots that are new, or why it cannot be read. */
export type ObjectMessage =
  | { readonly messageId: string; readonly objects: readonly NewObject[] }
  | { readonly messageId: string; readonly malformed: string };

/**
 * Reads a notification of S3 (Amazon S3 User Guide, "Event message structure"). The message by which S3 tries a queue,
 * objects that were removed, and objects that no bot wrote hold nothing.
 */
export function readMessage({ messageId, body }: QueueMessage): ObjectMessage {
  try {
    const notification: unknown = JSON.parse(body);
    if (!isObject(notification)) throw new Error('it is no object');
    if (notification.Event === 's3:TestEvent') return { messageId, objects: [] };
    if (!Array.isArray(notification.Records)) throw new Error('it has no Records');
    return { messageId, objects: notification.Records.flatMap(objectOf) };
  } catch (error) {
    return { messageId, malformed: error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message };
  }
}

function objectOf(record: unknown): NewObject[] {
  if (!isObject(record) || typeof record.eventName !== 'string') throw new Error('a record has no eventName');
  if (!/^(s3:)?ObjectCreated:/.test(record.eventName)) return [];
  const object = isObject(record.s3) ? record.s3.object : undefined;
  if (!isObject(object) || typeof object.key !== 'string') throw new Error('a record has no key of an object');
  const key = decoded(object.key);
  const prefix = parseKey(key)?.prefix;
  if ((prefix !== 'events' && prefix !== 'late') || !isObjectKey(key)) return [];
  return [{ key, bytes: typeof object.size === 'number' && object.size > 0 ? object.size : 0 }];
}

/** Names that no store takes and no listing shows, such as the `.DS_Store` of a copied folder, are nobody's objects. */
function isObjectKey(key: string): boolean {
  try {
    assertObjectKey(key);
    return true;
  } catch {
    return false;
  }
}

/** Keys come URL-encoded, a space as a plus sign. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', '%20'));
  } catch {
    throw new Error('a key is not URL-encoded');
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
