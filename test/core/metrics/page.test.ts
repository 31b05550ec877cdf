import { join } from 'node:path';
import { expect, test } from 'vitest';
import { METRICS, type MetricDefinition, prometheusName } from '../../../lib/core/metrics/names.ts';
import { ROOT, read } from '../../repo/checkout.ts';
import { withBlock } from '../../repo/pages.ts';

// Where the page differs from the list, `npx vitest run test/core/metrics --update` writes it anew.

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const code = (text: string): string => `\`${text}\``;

const onAws = ({ scope, optional }: MetricDefinition): string =>
  optional ? '`metrics.extra`' : scope === 'stack' ? 'stack' : 'strategy';

const metricsTable = (): string =>
  table(
    ['metric', 'kind', 'unit', 'labels', 'from', 'on AWS', 'what it is', 'of'],
    METRICS.map((definition) => [
      code(definition.name),
      definition.kind,
      definition.unit,
      definition.dimensions.map(code).join(', '),
      definition.from,
      onAws(definition),
      definition.help,
      definition.of,
    ]),
  );

const bucketsTable = (): string =>
  table(
    ['histogram', 'upper bounds'],
    METRICS.filter(({ kind }) => kind === 'histogram').map((definition) => [
      code(prometheusName(definition)),
      (definition.buckets ?? []).join(', '),
    ]),
  );

test('the tables of docs/metrics.md are what the list of metrics says', async () => {
  const page = withBlock(withBlock(read('docs/metrics.md'), 'metrics', metricsTable()), 'buckets', bucketsTable());

  await expect(page).toMatchFileSnapshot(join(ROOT, 'docs/metrics.md'));
});
