import type { Column } from '../catalog/fields.ts';
import { versionsOf } from '../catalog/outline.ts';
import { readColumns } from '../catalog/shape.ts';
import { ENVELOPE, SHAPES } from '../catalog/shapes.ts';
import { type Coerce, coercionOf, MISFIT } from './coerce.ts';
import type { Findings } from './findings.ts';
import type { JsonObject } from './json.ts';

/** Checked by one comparison on the hot path; everything else takes the coercion. */
const DOUBLE = 1;
const BOOLEAN = 2;
const STAMPED = 3;
const OTHER = 0;

/** What the stamp says whatever the record claims; the other columns of the stamp may come from the record. */
const NEVER_CLAIMED = ['stream', 'schema_version', 'ts_ms', 'ts_source', 'ingested_at', 'dialect'];

/** A column, compiled. */
export interface Target {
  readonly quick: number;
  readonly coerce: Coerce;
  readonly envelope: boolean;
}

/** A stream's columns, compiled for lookups by name. */
export interface CompiledStream {
  readonly name: string;
  readonly versions: ReadonlySet<number>;
  readonly version: number;
  readonly targets: ReadonlyMap<string, Target>;
}

function targetOf(name: string, column: Column, envelope: boolean): Target {
  const quick = NEVER_CLAIMED.includes(name) ? STAMPED : quickCheck(column);
  return { quick, coerce: coercionOf(column), envelope };
}

const targetsOf = (columns: string, envelope: boolean): [string, Target][] =>
  Object.entries(readColumns(columns)).map(([name, column]) => [name, targetOf(name, column, envelope)]);

/** The same objects in every stream: a function waits for all of them. */
const IN_ENVELOPE = targetsOf(ENVELOPE, true);

/** The streams that lines may end in: what Nightdesk derives comes through no door. */
export const COMPILED: ReadonlyMap<string, CompiledStream> = new Map(
  Object.entries(SHAPES).map(([name, columns]) => {
    const versions = versionsOf(name);
    return [
      name,
      {
        name,
        versions: new Set(versions),
        version: versions.at(-1) ?? 1,
        targets: new Map([...IN_ENVELOPE, ...targetsOf(columns, false)]),
      },
    ];
  }),
);

function quickCheck(column: { type: unknown; values?: readonly string[] }): number {
  if (column.values !== undefined) return OTHER;
  if (column.type === 'double') return DOUBLE;
  return column.type === 'boolean' ? BOOLEAN : OTHER;
}

const fits = (quick: number, value: unknown): boolean =>
  quick === DOUBLE
    ? typeof value === 'number' && Number.isFinite(value)
    : quick === BOOLEAN && typeof value === 'boolean';

/**
 * Puts one value into its column of `fields`. One that does not fit moves to `findings`; a null is dropped in the
 * envelope, and stays a null elsewhere: missing and null are different things.
 */
export function place(target: Target, name: string, value: unknown, fields: JsonObject, findings: Findings): void {
  if (fits(target.quick, value)) fields[name] = value;
  else if (value === null) {
    if (!target.envelope) fields[name] = null;
  } else if (value !== undefined && target.quick !== STAMPED) {
    const coerced = target.coerce(value, name, findings);
    if (coerced === MISFIT) findings.misfit(name, value);
    else fields[name] = coerced;
  }
}

/** The same for every field of a record, in place; fields without a column move to `findings`. */
export function intoColumns({ targets }: CompiledStream, fields: JsonObject, findings: Findings): void {
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined) continue;
    const target = targets.get(key);
    if (target === undefined) {
      findings.keep(key, value);
      fields[key] = undefined; // JSON.stringify leaves it out; `delete` would make the object slow
      continue;
    }
    const { quick } = target;
    if (quick === STAMPED || fits(quick, value)) continue;
    if (value === null) {
      if (target.envelope) fields[key] = undefined;
      continue;
    }
    const coerced = target.coerce(value, key, findings);
    if (coerced === value) continue;
    if (coerced === MISFIT) findings.misfit(key, value);
    fields[key] = coerced === MISFIT ? undefined : coerced;
  }
}
