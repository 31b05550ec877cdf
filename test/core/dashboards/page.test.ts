import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../lib/adapters/local/package-root.ts';
import { DASHBOARDS } from '../../../lib/core/dashboards/index.ts';
import type { Panel } from '../../../lib/core/dashboards/types.ts';

const PAGE = join(packageRoot(), 'docs', 'dashboards.md');

const code = (names: readonly string[]): string => [...new Set(names)].map((name) => `\`${name}\``).join(', ');

const rowOf = ({ reference, id, answers, mind, chart, series, question, limits, truth }: Panel): string =>
  `| ${[
    reference,
    `\`${id}\``,
    [answers, ...(mind === undefined ? [] : [mind])].join(' '),
    chart,
    code(series.map(({ metric }) => metric)),
    `\`${question.query}\``,
    code(limits.map(({ rule }) => rule)),
    truth,
  ].join(' | ')} |`;

const HEAD =
  '| S1 | panel | answers | drawn as | metrics | query | rules drawn in | truth |\n| --- | --- | --- | --- | --- | --- | --- | --- |';

const tables = DASHBOARDS.map(
  ({ title, description, panels }) => `### ${title}\n\n${description}\n\n${HEAD}\n${panels.map(rowOf).join('\n')}\n`,
).join('\n');

test('the page about dashboards lists every panel as it is (-u writes it)', async () => {
  const page = readFileSync(PAGE, 'utf8').replace(
    /(<!-- generated:.*-->\n)[\s\S]*(<!-- end -->)/,
    (_, start, end) => `${start}\n${tables}\n${end}`,
  );

  await expect(page).toMatchFileSnapshot(PAGE);
});
