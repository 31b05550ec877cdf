import { expect, test } from 'vitest';
import { kindOf } from '../../../lib/core/alerts/conditions/index.ts';
import { DEFAULT_RULES } from '../../../lib/core/alerts/rules.ts';
import type { Condition, Selector } from '../../../lib/core/alerts/types.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { COMMANDS } from '../../../lib/desk/commands/index.ts';

const ON = [
  'calibration_drift',
  'dead_bot',
  'equity_drop',
  'errors',
  'funding_stale',
  'quarantine',
  'rejections',
  'same_bar_roundtrip',
  'ws_staleness',
];

test('what is on is what the rules of the domain say, and nothing else', () => {
  expect(
    DEFAULT_RULES.filter(({ enabled }) => enabled)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(ON);
});

test('those that are on stand first, and every id is its own', () => {
  const ids = DEFAULT_RULES.map(({ id }) => id);
  expect([...ids].slice(0, ON.length).sort()).toEqual(ON);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(DEFAULT_RULES.map((rule) => [rule.id, rule] as const))('%s is fit to wake somebody', (id, rule) => {
  expect(id).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
  expect(rule.title.length).toBeLessThanOrEqual(60);
  expect(rule.advice.length).toBeGreaterThan(40);
  expect(rule.advice.length).toBeLessThanOrEqual(400);
  expect(rule.cooldown).toBeGreaterThanOrEqual(300_000);
  expect(rule.cooldown).toBeLessThanOrEqual(3_600_000);
});

test('the commands that advice names exist', () => {
  const names = new Set(COMMANDS.map(({ name }) => name));
  for (const { id, advice } of DEFAULT_RULES)
    for (const [, name = ''] of advice.matchAll(/`nightdesk ([a-z-]+)[^`]*`/g)) expect(names, id).toContain(name);
});

test('the named queries that advice names exist', async () => {
  const { readdirSync } = await import('node:fs');
  const queries = new Set(
    readdirSync(new URL('../../../lib/queries', import.meta.url)).map((name) => name.replace(/\.sql$/, '')),
  );
  for (const { id, advice } of DEFAULT_RULES)
    for (const [, name = ''] of advice.matchAll(/`nightdesk query ([a-z-]+)`/g)) expect(queries, id).toContain(name);
});

const selectorsOf = (condition: Condition): readonly Selector[] => {
  const of = 'of' in condition ? condition.of : [];
  return Array.isArray(of) ? (of as readonly Selector[]) : [of as Selector];
};

test('every stream and column a rule reads is one of the catalog', () => {
  for (const { id, condition } of DEFAULT_RULES) {
    const streams = selectorsOf(condition).flatMap(({ stream }) => stream);
    for (const stream of streams) if (stream !== 'pipeline') expect(Object.keys(CATALOG), id).toContain(stream);
    if (streams.length === 0 || streams.includes('pipeline')) continue;
    const columns = new Set(streams.flatMap((stream) => Object.keys(CATALOG[stream]?.columns ?? {})));
    for (const column of kindOf(condition).columns(condition)) expect(columns, `${id}: ${column}`).toContain(column);
  }
});

test('rules are plain data', () => {
  expect(JSON.parse(JSON.stringify(DEFAULT_RULES))).toEqual(DEFAULT_RULES);
});
