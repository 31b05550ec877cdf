import { dirname, sep } from 'node:path';

/** Makes paths short for people: without the folder that all of them share. */
export function shortener(paths: readonly string[]): (path: string) => string {
  let shared = dirname(paths[0] ?? '/');
  while (!paths.every((path) => path.startsWith(withEnd(shared)))) shared = dirname(shared);
  const skip = withEnd(shared).length;
  return (path) => (path.startsWith(withEnd(shared)) ? path.slice(skip) : path);
}

const withEnd = (folder: string): string => (folder.endsWith(sep) ? folder : `${folder}${sep}`);
