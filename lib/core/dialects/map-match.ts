import { parsePointer, valueAt } from './map-pointer.ts';
import type { Condition, MatchSpec, Scalar } from './map-schema.ts';

/** Whether a rule is for a record. */
export type Match = (record: unknown, path: string) => boolean;

/** All conditions must hold; no condition at all is for every record. */
export function compileMatch(spec: MatchSpec): Match {
  const tests: Match[] = [];
  for (const [key, condition] of Object.entries(spec)) {
    const test = testOf(condition);
    if (key === 'path') {
      tests.push(
        'is' in condition ? (_record, path) => globMatches(String(condition.is), path) : (_record, path) => test(path),
      );
      continue;
    }
    const keys = parsePointer(key) ?? [];
    tests.push((record) => test(valueAt(record, keys)));
  }
  return (record, path) => tests.every((test) => test(record, path));
}

function testOf(condition: Condition): (value: unknown) => boolean {
  if ('exists' in condition) return (value) => (value !== undefined) === condition.exists;
  if ('prefix' in condition) return (value) => typeof value === 'string' && value.startsWith(condition.prefix);
  const wanted = 'in' in condition ? condition.in : [condition.is];
  return (value) => wanted.some((one) => same(value, one));
}

/** Scalars are compared as text, since CSV and key=value lines hold nothing else; null is only null. */
const same = (value: unknown, wanted: Scalar): boolean =>
  value === wanted ||
  (wanted !== null &&
    value !== null &&
    value !== undefined &&
    typeof value !== 'object' &&
    String(value) === String(wanted));

/**
 * Whether a path fits a glob: `*` and `?` within a name, `**` for any folders. A glob without `/` is for the file's
 * name, wherever it lies.
 */
export function globMatches(glob: string, path: string): boolean {
  const names = path.split('/');
  if (!glob.includes('/')) return nameMatches(glob, names.at(-1) ?? '');
  return wildcard(glob.replace(/^\//, '').split('/'), names, { isStar: (part) => part === '**', fits: nameMatches });
}

const nameMatches = (glob: string, name: string): boolean =>
  wildcard([...glob], [...name], {
    isStar: (char) => char === '*',
    fits: (char, other) => char === '?' || char === other,
  });

/** One star remembers where it began, so that the cost is bounded by the product of the lengths, whatever the pattern. */
function wildcard(
  pattern: readonly string[],
  items: readonly string[],
  { isStar, fits }: { isStar: (part: string) => boolean; fits: (part: string, item: string) => boolean },
): boolean {
  let p = 0;
  let i = 0;
  let star = -1;
  let from = 0;
  while (i < items.length) {
    const part = pattern[p];
    if (part !== undefined && isStar(part)) {
      star = p++;
      from = i;
    } else if (part !== undefined && fits(part, items[i] ?? '')) {
      p++;
      i++;
    } else if (star !== -1) {
      p = star + 1;
      i = ++from;
    } else return false;
  }
  while (p < pattern.length && isStar(pattern[p] ?? '')) p++;
  return p === pattern.length;
}
