import { expect, test } from 'vitest';
import { BUNDLE_BYTES, bundleFunction, functionStages } from '../bench/bundle.ts';

test.each(functionStages())('the bundle of %s fits the budget, and carries no SDK', async (stage) => {
  const { bytes, metafile } = await bundleFunction(stage);
  const inputs = Object.keys(metafile.inputs);
  const largest = Object.values(metafile.outputs)
    .flatMap(({ inputs: parts }) => Object.entries(parts))
    .sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 5)
    .map(([path, { bytesInOutput }]) => `${path} ${bytesInOutput}`);

  expect(bytes, `the largest parts are ${largest.join(', ')}`).toBeLessThanOrEqual(BUNDLE_BYTES);
  expect(inputs.filter((path) => /node_modules\/(@aws-sdk|@smithy|luxon|aws-cdk-lib)\//.test(path))).toEqual([]);
});
