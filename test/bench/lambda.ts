import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { type FirehoseRecord, transformFirehose } from '../../lib/core/transform/firehose.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';

// What a Lambda function would get of the transform; the benches bundle this file as it would be bundled.

const transform = createTransform({}, { sha256 });
const base64 = {
  decode: (text: string): Uint8Array => Buffer.from(text, 'base64'),
  encode: (text: string): string => Buffer.from(text, 'utf8').toString('base64'),
};

export const answer = (records: readonly FirehoseRecord[]) => transformFirehose(records, transform, base64);
