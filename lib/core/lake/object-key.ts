import { NightdeskError } from '../errors.ts';

const MAX_KEY_BYTES = 1024; // S3's own limit
const MAX_SEGMENT_BYTES = 255; // the limit of file names on the common file systems

// A leading dot is kept for the folder store's own files, and bars `.` and `..` with them. A lone surrogate has no UTF-8.
const SEGMENT = /^(?!\.)[^\p{Cc}\p{Cs}\\/]+$/u;

const utf8 = new TextEncoder();
const utf8Bytes = (text: string): number => utf8.encode(text).length;

/** Refuses a key that would mean another object, or no object, in some store. @throws KEY_INVALID */
export function assertObjectKey(key: string): void {
  const bad =
    utf8Bytes(key) > MAX_KEY_BYTES ||
    key.split('/').some((segment) => !SEGMENT.test(segment) || utf8Bytes(segment) > MAX_SEGMENT_BYTES);
  if (bad) throw invalid('key', key);
}

/** The same for the beginning of keys, which may end anywhere. @throws KEY_INVALID */
export function assertKeyPrefix(prefix: string): void {
  const segments = prefix.split('/');
  const last = segments.pop() ?? '';
  const bad =
    utf8Bytes(prefix) > MAX_KEY_BYTES ||
    segments.some((segment) => !SEGMENT.test(segment)) ||
    (last !== '' && !SEGMENT.test(last));
  if (bad) throw invalid('prefix', prefix);
}

const invalid = (what: string, value: string): NightdeskError =>
  new NightdeskError(
    'KEY_INVALID',
    `${JSON.stringify(value.slice(0, 200))} is no ${what} of the object store: parts separated by /, none empty, none ` +
      'beginning with a dot, no control character, no backslash',
  );
