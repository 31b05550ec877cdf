import { envelope } from '../catalog/envelope.ts';
import { CATALOG } from '../catalog/index.ts';
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

interface Target {
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

export const COMPILED: ReadonlyMap<string, CompiledStream> = new Map(
  Object.values(CATALOG).map((stream) => [
    stream.name,
    {
      name: stream.name,
      versions: new Set(stream.versions),
      version: stream.versions.at(-1) ?? 1,
      targets: new Map(
        Object.entries(stream.columns).map(([name, column]) => [
          name,
          {
            quick: NEVER_CLAIMED.includes(name) ? STAMPED : quickCheck(column),
            coerce: coercionOf(column),
            envelope: name in envelope,
          },
        ]),
      ),
    },
  ]),
);

function quickCheck(column: { type: unknown; values?: readonly string[] }): number {
  if (column.values !== undefined) return OTHER;
  if (column.type === 'double') return DOUBLE;
  return column.type === 'boolean' ? BOOLEAN : OTHER;
}

/**
 * Puts every field into its column, in place. What has no column, or does not fit it, moves to `findings`; nothing is
 * dropped but nulls of the envelope. An own field that is null stays null: missing and null are different things.
 */
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
    if (quick === STAMPED) continue;
    if (
      quick === DOUBLE
        ? typeof value === 'number' && Number.isFinite(value)
        : quick === BOOLEAN && typeof value === 'boolean'
    )
      continue;
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
