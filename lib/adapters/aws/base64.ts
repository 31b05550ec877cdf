import type { Base64 } from '../../core/transform/firehose.ts';

/** Base64 by Node: what is no base64 is skipped, as Node does. */
export const base64: Base64 = {
  decode: (text) => Buffer.from(text, 'base64'),
  encode: (text) => Buffer.from(text, 'utf8').toString('base64'),
};
