import { expect, test } from 'vitest';
import { nightdesk } from '../support/command.ts';
import { exampleEvent, writeLake, writeObject } from '../support/lake.ts';
import { startStack } from '../support/stack.ts';
import { writeViewLake } from '../support/view-lake.ts';

test('a stack counts what a desk counts over the same lake', async () => {
  const { data, athena } = await startStack();
  writeViewLake(data);

  const [stack, desk] = [
    await nightdesk('streams', '--aws', '--json'),
    await nightdesk('streams', '--data', data, '--json'),
  ];

  expect(stack.code).toBe(0);
  expect(JSON.parse(stack.out)).toEqual(JSON.parse(desk.out));
  expect(JSON.parse(stack.out).totals.events).toBeGreaterThan(20);
  expect(stack.err).toContain('scanned in Athena');
  expect(athena.statements.every((sql) => !sql.includes('stored.'))).toBe(true);
});

test('an empty stack needs no query', async () => {
  const { athena } = await startStack();

  const { code, err } = await nightdesk('streams', '--aws');

  expect(code).toBe(0);
  expect(err).toContain('0 lines in the lake');
  expect(athena.statements).toEqual([]);
});

test('what lies in the bucket and is no object of a stream is not counted', async () => {
  const { data } = await startStack();
  writeLake(data, [exampleEvent('market')]);
  writeObject(data, 'events/readme.txt', Buffer.from('x'));
  writeObject(data, 'errors/processing-failed/x', Buffer.from('x'));

  const { streams } = JSON.parse((await nightdesk('streams', '--aws', '--json')).out);

  expect(streams.reduce((sum: number, { objects }: { objects: number }) => sum + objects, 0)).toBe(1);
});
