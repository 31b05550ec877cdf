import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, read, trackable } from './checkout.ts';

interface PackageJson {
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  /** Comes within the archive of the package above it. */
  readonly inBundle?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

const manifest: PackageJson = JSON.parse(read('package.json'));
const lock: Lock = JSON.parse(read('package-lock.json'));
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

test('every dependency has one exact version', () => {
  const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
  );

  expect(ranges).toEqual([]);
});

test('the lock file names no host', () => {
  expect(locked.length).toBeGreaterThan(50);
  expect(locked.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
});

test('the lock file has a checksum for every package but those for other platforms, and those within another', () => {
  const bare = locked.filter(
    ([, { integrity, optional, inBundle }]) => integrity === undefined && optional !== true && inBundle !== true,
  );

  expect(bare.map(([path]) => path)).toEqual([]);
});

test('the lock file holds the packages of every platform: `npm ci` refuses one that lacks any', () => {
  const missing = locked.flatMap(([path, { optionalDependencies = {}, inBundle }]) =>
    Object.keys(inBundle === true ? {} : optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages),
    ),
  );

  expect(missing).toEqual([]);
});

test('the lock file is that of the manifest', () => {
  const root = lock.packages[''] as Partial<PackageJson>;

  expect(root.dependencies).toEqual(manifest.dependencies);
  expect(root.devDependencies).toEqual(manifest.devDependencies);
});

test('no file of the checkout is larger than 300 KB', () => {
  const large = trackable().filter((path) => statSync(join(ROOT, path)).size > 300_000);

  expect(large).toEqual([]);
});

/** Paths of somebody's machine: homes, and where this checkout and this user's home happen to lie. */
const quoted = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
const places = [ROOT, homedir()]
  .filter((place) => place.length > 1)
  .map((place) => `${quoted(place)}(?=[/\\s"'\`:;,)]|$)`);
const MACHINE_PATH = new RegExp(
  `(?<![\\w.~$}/-])(?:/(?:home|Users)/(?!(?:bot|trader|user)\\b)[\\w.-]+|${places.join('|')})`,
  'm',
);

test('no file names a path of somebody’s machine', () => {
  const found = trackable().flatMap((path) => {
    const match = MACHINE_PATH.exec(read(path));
    return match === null ? [] : [`${path}: ${match[0]}`];
  });

  expect(found).toEqual([]);
});

test('a path of a machine would be found', () => {
  const planted = [
    `cd ${ROOT}/lib`,
    `see "${homedir()}/x"`,
    ['', 'home', 'kim', 'bot.log'].join('/'),
    `file://${ROOT}`,
  ];

  expect(planted.filter((text) => !MACHINE_PATH.test(text.replace('file://', '')))).toEqual([]);
  expect(MACHINE_PATH.test('lib/core and https://example.com/home/page')).toBe(false);
});
