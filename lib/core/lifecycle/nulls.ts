/**
 * Leaves out of a row what is not known, for null and absent mean the same in the lake and absent is shorter: in place,
 * as `undefined`, which JSON leaves out. A copy with fewer keys costs several times as much.
 */
export function withoutNulls<T extends object>(row: T): T {
  const values = row as Record<string, unknown>;
  for (const name in values) if (values[name] === null) values[name] = undefined;
  return row;
}
