import * as z from 'zod';

// The shape of `nightdesk.map.json`. What the shape cannot say (streams, columns, pointers, zones) map-check.ts holds
// against the catalog.

const scalar = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  'expected a text, a number, true, false or null',
);
export type Scalar = z.infer<typeof scalar>;

const text = z.string().max(1000);
const pointer = z.string().max(1000);

/** What a value must be; a scalar stands for itself. */
export type Condition =
  | { readonly is: Scalar }
  | { readonly in: readonly Scalar[] }
  | { readonly prefix: string }
  | { readonly exists: boolean };

const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object';

const condition = z.preprocess(
  (value) => (isScalar(value) ? { is: value } : value),
  z
    .strictObject({
      is: scalar.optional(),
      in: z.array(scalar).min(1).max(1000).optional(),
      prefix: text.min(1).optional(),
      exists: z.boolean().optional(),
    })
    .refine((value) => Object.keys(value).length === 1, 'expected one of is, in, prefix, exists')
    .transform((value) => value as Condition),
);

/** `path` is a glob over the file's path; every other key is a JSON Pointer. */
const match = z.record(z.string(), condition);
export type MatchSpec = z.infer<typeof match>;

export const EPOCHS = ['epoch_s', 'epoch_ms', 'epoch_us', 'epoch_ns'] as const;

const fieldSpec = z.preprocess(
  (value) => (typeof value === 'string' ? { at: value } : value),
  z.strictObject({
    at: z.union(
      [pointer, z.array(pointer).min(2).max(10)],
      'expected a JSON Pointer such as /fill/px, or a list of them',
    ),
    time: text.min(1).optional(),
    zone: text.min(1).optional(),
    scale: z
      .number()
      .refine((value) => Number.isFinite(value) && value !== 0, 'expected a number other than 0')
      .optional(),
    enum: z.record(z.string(), scalar).optional(),
    default: scalar.optional(),
    required: z.boolean().optional(),
  }),
);
export type FieldSpec = z.infer<typeof fieldSpec>;

const rule = z.strictObject({
  description: text.optional(),
  match: match.optional(),
  stream: text,
  fields: z.record(z.string(), fieldSpec).optional(),
  rename: z.record(z.string(), z.string()).optional(),
  constants: z.record(z.string(), scalar).optional(),
  keep_unknown: z.boolean().optional(),
  /** A note that `nightdesk init` leaves: what it saw and could not guess. Means nothing to the map. */
  unmapped: z.array(text).max(10_000).optional(),
});
export type RuleSpec = z.infer<typeof rule>;

const fact = text.min(1).optional();

export const mapSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'expected letters, digits, and . _ - after the first, at most 64'),
  description: text.optional(),
  format: z.enum(['json', 'logfmt', 'csv']).optional(),
  /** Only for format csv. */
  csv: z
    .strictObject({
      delimiter: z.string().length(1).optional(),
      columns: z.array(text.min(1)).min(1).max(10_000).optional(),
    })
    .optional(),
  /** Zone of all times without one, unless a field says otherwise. */
  zone: text.min(1).optional(),
  facts: z
    .strictObject({ strategy_id: fact, session_id: fact, mode: fact, venue: fact, account_id: fact, symbol: fact })
    .optional(),
  rules: z.array(rule).max(1000),
});
export type MapSpec = z.infer<typeof mapSchema>;

/** One thing that is wrong with a map, and where: `rules[0].fields.price.scale`. */
export interface Problem {
  readonly at: string;
  readonly what: string;
}

/** `rules[0].fields.price`; keys that are no plain names are quoted. */
export const placeOf = (keys: readonly PropertyKey[]): string =>
  keys
    .map((key) =>
      typeof key === 'number' ? `[${key}]` : /^\w+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(key)}]`,
    )
    .join('')
    .replace(/^\./, '') || '(the whole map)';

const PROTOTYPE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const MAX_DEPTH = 10;

/** Keys no map may have: they are read as something else by whoever is careless later. */
function forbiddenKeys(value: unknown, keys: readonly PropertyKey[]): Problem[] {
  if (typeof value !== 'object' || value === null) return [];
  if (keys.length > MAX_DEPTH) return [{ at: placeOf(keys), what: 'nested too deeply' }];
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = [...keys, Array.isArray(value) ? Number(key) : key];
    return PROTOTYPE_KEYS.has(key)
      ? [{ at: placeOf(path), what: 'this key is not allowed' }]
      : forbiddenKeys(inner, path);
  });
}

/** The map as typed data, or what is wrong with its shape. */
export function parseShape(json: unknown): { readonly spec: MapSpec } | { readonly problems: readonly Problem[] } {
  const forbidden = forbiddenKeys(json, []);
  if (forbidden.length > 0) return { problems: forbidden };
  const result = mapSchema.safeParse(json);
  if (result.success) return { spec: result.data };
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue)) };
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code !== 'unrecognized_keys') return [{ at: placeOf(issue.path), what: issue.message }];
  return issue.keys.map((key) => ({
    at: placeOf([...issue.path, key]),
    what: `unknown key; ${allowedKeys(issue.path)}`,
  }));
}

/** The keys that may stand at a place of the map. */
function allowedKeys(path: readonly PropertyKey[]): string {
  const [first, , third] = path;
  const shape =
    first === undefined
      ? mapSchema.shape
      : first === 'facts'
        ? { strategy_id: 0, session_id: 0, mode: 0, venue: 0, account_id: 0, symbol: 0 }
        : first === 'csv'
          ? { delimiter: 0, columns: 0 }
          : third === 'fields'
            ? { at: 0, time: 0, zone: 0, scale: 0, enum: 0, default: 0, required: 0 }
            : third === 'match'
              ? { is: 0, in: 0, prefix: 0, exists: 0 }
              : rule.shape;
  return `allowed: ${Object.keys(shape).join(', ')}`;
}
