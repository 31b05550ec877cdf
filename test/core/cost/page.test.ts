import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, read } from '../../repo/checkout.ts';
import { withBlock } from '../../repo/pages.ts';
import { nightdesk } from '../../support/command.ts';
import { limitsTable, metricNames, metricsTable, pricesTable, signalsTable, volumesTable } from './page.ts';

// Where the page differs from the model, `npx vitest run test/core/cost --update` writes it anew.

test('every table of docs/cost.md is what the model says', async () => {
  const { out } = await nightdesk('cost', '--events-per-day', '5M', '--single');
  const printed = `    nightdesk cost --events-per-day 5M --single\n\n${out
    .split('\n')
    .map((line) => (line.trim() === '' ? '' : `    ${line.trimEnd()}`))
    .join('\n')
    .trimEnd()}`;

  const made = Object.entries({
    example: printed,
    volumes: volumesTable(),
    signals: signalsTable(),
    'metric-names': metricNames(),
    metrics: metricsTable(),
    limits: limitsTable(),
    prices: pricesTable(),
  }).reduce((page, [name, block]) => withBlock(page, name, block), read('docs/cost.md'));

  await expect(made).toMatchFileSnapshot(join(ROOT, 'docs/cost.md'));
});
