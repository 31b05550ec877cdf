import { expect, test } from 'vitest';
import { factsOf } from '../../../lib/core/metrics/facts.ts';
import { METRICS } from '../../../lib/core/metrics/names.ts';

test('facts-table.ts is made of names.ts: `npx vitest run test/core/metrics/facts.test.ts -u` makes it anew', async () => {
  const byCode = new Map<string, string[]>();
  for (const { name, kind, cloudWatchUnit, scope, optional } of METRICS) {
    const code = `${kind[0]}${cloudWatchUnit[0]}${scope === 'stack' ? '*' : '.'}${optional ? '?' : ''}`;
    byCode.set(code, [...(byCode.get(code) ?? []), name]);
  }
  const rows = [...byCode].map(([code, names]) => {
    const line = `  '${code}': '${names.join(' ')}',`;
    return line.length <= 120 ? line : `  '${code}':\n    '${names.join(' ')}',`;
  });
  const text = `// Made of names.ts by test/core/metrics/facts.test.ts.

/** Names of metrics by kind, unit, \`*\` for those of the whole stack, and \`?\` for those that are published on request only. */
export const FACTS: Readonly<Record<string, string>> = {
${rows.join('\n')}
};
`;
  await expect(text).toMatchFileSnapshot('../../../lib/core/metrics/facts-table.ts');
});

test('who publishes knows of every metric what the list of metrics says', () => {
  for (const { name, kind, cloudWatchUnit, scope, optional } of METRICS)
    expect(factsOf(name), name).toEqual({ kind, cloudWatchUnit, scope, optional });
  for (const name of ['bot.unheard_of', 'constructor']) expect(() => factsOf(name)).toThrow(name);
});
