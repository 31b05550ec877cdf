import { expect, test } from 'vitest';
import { bindQuery, parseNamedQuery } from '../../../lib/core/query/named.ts';

const FILE = `-- question: How many?
-- column n: how many
-- param from: date = 2000-01-01: first day
-- param session: text = : only this session
-- param rows: whole = 10: most rows
select count(*) as n from fills where date >= :from and (:session = '' or session_id = :session) limit :rows
`;

test('a query file says its question, columns and parameters', () => {
  const query = parseNamedQuery('how-many', FILE);

  expect(query).toMatchObject({
    name: 'how-many',
    question: 'How many?',
    columns: [{ name: 'n', description: 'how many' }],
    parameters: [
      { name: 'from', type: 'date', default: '2000-01-01', description: 'first day' },
      { name: 'session', type: 'text', default: '', description: 'only this session' },
      { name: 'rows', type: 'whole', default: '10', description: 'most rows' },
    ],
  });
});

test('defaults fill the parameters that are not given', () => {
  const sql = bindQuery(parseNamedQuery('q', FILE), { session: 's1' });

  expect(sql).toContain("date >= '2000-01-01' and ('s1' = '' or session_id = 's1') limit 10");
});

test('a value cannot end its literal', () => {
  const sql = bindQuery(parseNamedQuery('q', FILE), { session: "x' or true --" });

  expect(sql).toContain("session_id = 'x'' or true --'");
});

test.each([
  [{ from: '2025-1-1' }, '--param from must be a day such as 2025-11-21, got "2025-1-1"'],
  [{ rows: '1; drop' }, '--param rows must be a whole number such as 20, got "1; drop"'],
  [{ __proto__x: 'a' }, 'q has no parameter __proto__x; it takes from, session, rows'],
])('a value of another type or name is refused with the right one: %o', (values, message) => {
  const query = parseNamedQuery('q', FILE);

  expect(() => bindQuery(query, values)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message }));
});

test('a file without a question, or with a parameter line it cannot read, is a defect of ours', () => {
  expect(() => parseNamedQuery('q', 'select 1')).toThrow('the query q has no line `-- question: …`');
  expect(() => parseNamedQuery('q', '-- question: x\n-- param a: money = 1: y\nselect 1')).toThrow('does not read');
});
