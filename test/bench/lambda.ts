import { base64 } from '../../lib/adapters/aws/base64.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { type FirehoseRecord, transformFirehose } from '../../lib/core/transform/firehose.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';

// The transform of the function, without what is around it; the benches bundle this file as the function is bundled.

const transform = createTransform({}, { sha256 });

export const answer = (records: readonly FirehoseRecord[]) => transformFirehose(records, transform, base64);
