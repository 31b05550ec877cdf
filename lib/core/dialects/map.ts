import { CATALOG } from '../catalog/index.ts';
import { NightdeskError } from '../errors.ts';
import { MAX_DEPTH } from '../limits.ts';
import { isObject, type JsonObject, parseJson, quoteNumbers } from '../transform/json.ts';
import type { WireFacts } from '../transform/wire.ts';
import { checkMap, type TimeTools } from './map-check.ts';
import { type CompiledField, compileField } from './map-field.ts';
import { parseLogfmt } from './map-logfmt.ts';
import { compileMatch, type Match } from './map-match.ts';
import { leftOver, nothingTaken, type Taken, take } from './map-pointer.ts';
import { type MapSpec, type Problem, parseShape, type RuleSpec, type Scalar } from './map-schema.ts';

// A map says how the lines of a log that no dialect knows become canonical events. It is data: nothing in it is run.

/** A canonical event without its identity, which the sender adds from the line's position; or what in the map failed. */
export type Mapped =
  | { readonly stream: string; readonly event: JsonObject }
  | { readonly stream?: string; readonly failed: string };

export interface MapContext {
  /** The file's path below its root, with `/`. */
  readonly path: string;
}

export interface CompiledMap {
  readonly name: string;
  /** How lines are read; `csv` files are read whole, by `import` and `validate`. */
  readonly format: 'json' | 'logfmt' | 'csv';
  readonly csv: { readonly delimiter?: string | undefined; readonly columns?: readonly string[] | undefined };
  /** Fill what a line does not say itself, mapped or not. */
  readonly facts: WireFacts;
  /** Undefined where no rule is for the line: the dialects may know it. Never throws. */
  map(line: string, context: MapContext): Mapped | undefined;
  /** The same for a record that was read already, for example a row of a sheet. */
  mapRecord(record: JsonObject, context: MapContext): Mapped | undefined;
}

interface CompiledRule {
  readonly label: string;
  readonly stream: string;
  readonly version: number;
  readonly columns: Readonly<Record<string, unknown>>;
  readonly match: Match;
  readonly fields: readonly CompiledField[];
  readonly constants: readonly (readonly [string, Scalar])[];
  readonly taken: Taken;
  readonly keepUnknown: boolean;
}

/** Compiles the JSON of a map. @throws MAP_INVALID that names every wrong place and what may stand there */
export function compileMap(json: unknown, tools: TimeTools): CompiledMap {
  const parsed = parseShape(json);
  const problems = 'problems' in parsed ? parsed.problems : checkMap(parsed.spec, tools);
  if ('problems' in parsed || problems.length > 0) throw new NightdeskError('MAP_INVALID', listed(problems));
  const { spec } = parsed;
  const rules = spec.rules.map((rule, index) => compileRule(rule, index, { spec, tools }));
  const format = spec.format ?? 'json';
  const dialect = `map:${spec.name}`;

  const mapRecord = (record: JsonObject, { path }: MapContext): Mapped | undefined => {
    const rule = rules.find(({ match }) => match(record, path));
    return rule === undefined ? undefined : apply(rule, record, dialect);
  };
  const map = (line: string, context: MapContext): Mapped | undefined => {
    if (format === 'csv') return { failed: 'a map of format csv is for whole files: use `nightdesk import`' };
    const record = format === 'logfmt' ? parseLogfmt(line) : parseRecord(line);
    if (record !== undefined)
      return (
        mapRecord(record, context) ??
        (format === 'json' ? undefined : { failed: 'no rule of the map is for this line' })
      );
    // No pair: a line of JSON among them may be a dialect's.
    return format === 'json' || line.trimStart().startsWith('{')
      ? undefined
      : { failed: 'the line has no key=value pair' };
  };
  return { name: spec.name, format, csv: spec.csv ?? {}, facts: factsOf(spec), map, mapRecord };
}

function compileRule(
  rule: RuleSpec,
  index: number,
  { spec, tools }: { spec: MapSpec; tools: TimeTools },
): CompiledRule {
  const stream = CATALOG[rule.stream];
  const renamed = Object.entries(rule.rename ?? {}).map(
    ([key, field]) => [field, { at: `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}` }] as const,
  );
  const fields = [...Object.entries(rule.fields ?? {}), ...renamed].map(([name, how]) =>
    compileField(name, how, { tools, zone: spec.zone }),
  );
  const taken = nothingTaken();
  for (const { pointers } of fields) for (const keys of pointers) take(taken, keys);
  return {
    label: `rules[${index}] (${rule.stream})`,
    stream: rule.stream,
    version: stream?.versions.at(-1) ?? 1,
    columns: stream?.columns ?? {},
    match: compileMatch(rule.match ?? {}),
    fields,
    constants: Object.entries(rule.constants ?? {}),
    taken,
    keepUnknown: rule.keep_unknown ?? true,
  };
}

const CLOCKS = ['ts', 'emitted_at', 'bar_ts'] as const;

function apply(rule: CompiledRule, record: JsonObject, dialect: string): Mapped {
  const event: JsonObject = Object.create(null); // keys of the record come from outside: `__proto__` must stay a plain key
  event.stream = rule.stream;
  event.schema_version = rule.version;
  event.dialect = dialect;
  for (const [name, value] of rule.constants) event[name] = value;
  const locals: Record<string, string> = {};
  let naive = false;
  const kept: CompiledField[] = [];
  for (const field of rule.fields) {
    const result = field.read(record);
    if (result === undefined) continue;
    if ('failed' in result) return { stream: rule.stream, failed: `${rule.label} ${result.failed}` };
    event[field.name] = result.value;
    if (result.local !== undefined) locals[field.name] = result.local;
    if (result.naive) naive = true;
    if (result.kept) kept.push(field);
  }
  const clock = CLOCKS.find((name) => event[name] !== undefined && event[name] !== null);
  if (clock !== undefined && locals[clock] !== undefined) event.ts_local ??= locals[clock];
  if (naive) event.ts_naive ??= true;
  if (rule.keepUnknown) addUnknown(event, record, rule, kept);
  return { stream: rule.stream, event };
}

/** What the map does not name goes to `extra`, even under a name of the catalog: what it means there nobody said. */
function addUnknown(event: JsonObject, record: JsonObject, rule: CompiledRule, kept: readonly CompiledField[]): void {
  const left = leftOver(record, kept.length === 0 ? rule.taken : without(rule, kept));
  for (const key of Object.keys(left ?? {}))
    event[Object.hasOwn(rule.columns, key) || key in event ? `.${key}` : key] = left?.[key];
}

/** Values that could not be read stay in the record. */
function without(rule: CompiledRule, kept: readonly CompiledField[]): Taken {
  const taken = nothingTaken();
  for (const field of rule.fields) if (!kept.includes(field)) for (const keys of field.pointers) take(taken, keys);
  return taken;
}

const LONG_INTEGER = /(?<![\d.])(?:\d{17}|9\d{15})/; // what a double may not hold exactly

function parseRecord(line: string): JsonObject | undefined {
  // Long integers stay text, so that ids and nanoseconds keep their last digits.
  const parsed = (LONG_INTEGER.test(line) ? parseJson(quoteNumbers(line)) : undefined) ?? parseJson(line);
  return parsed !== undefined && isObject(parsed.value) && !deeperThan(parsed.value, MAX_DEPTH)
    ? parsed.value
    : undefined;
}

/** What no writer of JSON survives is left to the transform, which gives its reason. */
function deeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => deeperThan(inner, depth - 1));
}

const factsOf = ({ facts = {} }: MapSpec): WireFacts =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));

const MOST_LISTED = 10;

function listed(problems: readonly Problem[]): string {
  const lines = problems.slice(0, MOST_LISTED).map(({ at, what }) => `\n  ${at}: ${what}`);
  const more = problems.length > MOST_LISTED ? `\n  and ${problems.length - MOST_LISTED} more` : '';
  return `the map is not valid:${lines.join('')}${more}`;
}
