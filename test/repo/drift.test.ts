import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PIPELINE } from '../../lib/core/pipeline.ts';
import { foldersIn, ROOT } from './checkout.ts';

/** Folders that serve several stages and are none themselves. */
const NO_STAGE = [
  'lib/core/config', // settings of all stages
  'lib/core/cost', // the bill of all stages
  'lib/core/ports',
  'lib/desk/commands',
  'lib/desk/demo',
  'lib/desk/import', // past the door: logs, transform and lake in one
  'lib/desk/trades', // what the commands about trades and positions print
];

test('every folder that the pipeline names is there', () => {
  const named = PIPELINE.flatMap(({ folders }) => folders);

  expect(named.filter((folder) => !existsSync(join(ROOT, folder)))).toEqual([]);
});

test('every folder of core and desk belongs to a stage of the pipeline, or is known to belong to none', () => {
  const known = new Set([...NO_STAGE, ...PIPELINE.flatMap(({ folders }) => folders)]);
  const found = ['lib/core', 'lib/desk'].flatMap((parent) => foldersIn(parent).map((name) => `${parent}/${name}`));

  expect(found.filter((folder) => !known.has(folder))).toEqual([]);
});

test('every stage reads what an earlier one writes, the first apart', () => {
  const broken = PIPELINE.filter(
    ({ reads }, index) =>
      index > 0 && !reads.some((what) => PIPELINE.slice(0, index).some(({ writes }) => writes.includes(what))),
  );

  expect(broken.map(({ name }) => name)).toEqual([]);
});

test('a stage has one name, and no two stages share a folder', () => {
  const names = PIPELINE.map(({ name }) => name);
  const folders = PIPELINE.flatMap((stage) => stage.folders);

  expect(new Set(names).size).toBe(names.length);
  expect(new Set(folders).size).toBe(folders.length);
});

test('a function, its construct and its stage have one name', () => {
  const functions = foldersIn('lambdas').filter((name) => name !== 'support');
  const stages = PIPELINE.map(({ name }) => name);

  expect(functions.length).toBeGreaterThan(0);
  expect(functions.filter((name) => !stages.includes(name))).toEqual([]);
  expect(functions.filter((name) => !existsSync(join(ROOT, 'lib/infra', `${name}.ts`)))).toEqual([]);
  expect(functions.filter((name) => !existsSync(join(ROOT, 'lambdas', name, 'handler.ts')))).toEqual([]);
  expect(functions.filter((name) => !existsSync(join(ROOT, 'test/lambdas', name)))).toEqual([]);
});

test('tests lie where the sources lie', () => {
  const parents = foldersIn('test').filter((name) => ['core', 'desk', 'adapters', 'emitter', 'infra'].includes(name));

  const strays = parents.flatMap((parent) =>
    foldersIn(`test/${parent}`)
      .filter((name) => name !== 'support' && !existsSync(join(ROOT, 'lib', parent, name)))
      .map((name) => `test/${parent}/${name}`),
  );

  expect(strays).toEqual([]);
});
