import { envelope } from '../catalog/envelope.ts';
import type { Column } from '../catalog/fields.ts';
import { CATALOG, INPUT_STREAMS } from '../catalog/index.ts';
import { nearestName } from '../catalog/nearest.ts';
import type { Stream } from '../catalog/stream.ts';
import { coercionOf, MISFIT } from '../transform/coerce.ts';
import { Findings } from '../transform/findings.ts';
import { parsePointer } from './map-pointer.ts';
import {
  EPOCHS,
  type FieldSpec,
  type MapSpec,
  type Problem,
  placeOf,
  type RuleSpec,
  type Scalar,
} from './map-schema.ts';

/** Reads times in zones and formats: needs a library of zones, which the core does not have. */
export interface TimeTools {
  /** The instant; `naive` where the text names no zone of its own, and then read in `zone`, or as UTC without one. */
  readTime(
    text: string,
    how: { readonly format: string; readonly zone?: string },
  ): { readonly us: number; readonly naive: boolean } | undefined;
  /** What is wrong with a format or a zone. */
  timeProblem(how: { readonly format?: string; readonly zone?: string }): string | undefined;
}

/** Written by Nightdesk itself, whatever a record claims. */
const STAMPED = [
  'event_id',
  'stream',
  'schema_version',
  'ts_ms',
  'ts_source',
  'seq',
  'ingested_at',
  'source',
  'source_path',
  'dialect',
  'nonfinite',
  'misfits',
  'extra',
];

/** What the shape of a map cannot say: names held against the catalog, pointers, formats and zones against their grammar. */
export function checkMap(spec: MapSpec, tools: TimeTools): Problem[] {
  return [
    ...zoneProblem(spec.zone, ['zone'], tools),
    ...(spec.csv !== undefined && spec.format !== 'csv' ? [{ at: 'csv', what: 'only for "format": "csv"' }] : []),
    ...Object.entries(spec.facts ?? {}).flatMap(([name, value]) =>
      misfit(envelope[name as keyof typeof envelope].column, value, ['facts', name]),
    ),
    ...spec.rules.flatMap((rule, index) => checkRule(rule, ['rules', index], tools)),
  ];
}

type Place = readonly PropertyKey[];

function checkRule(rule: RuleSpec, place: Place, tools: TimeTools): Problem[] {
  const stream = streamOf(rule.stream);
  const problems: Problem[] = Object.keys(rule.match ?? {})
    .filter((key) => key !== 'path' && !isPointer(key))
    .map((key) => ({ at: placeOf([...place, 'match', key]), what: 'expected path, or a JSON Pointer such as /type' }));
  const path = rule.match?.path;
  if (path !== undefined && 'is' in path && typeof path.is !== 'string')
    problems.push({ at: placeOf([...place, 'match', 'path']), what: 'expected a glob such as fills*.jsonl' });
  if (stream === undefined)
    return [...problems, { at: placeOf([...place, 'stream']), what: unknownStream(rule.stream) }];
  const check = (
    part: 'fields' | 'rename' | 'constants',
    entries: readonly (readonly [field: string, key: string])[],
  ): void => {
    for (const [field, key] of entries) problems.push(...fieldProblem(stream, field, [...place, part, key]));
  };
  check(
    'fields',
    Object.keys(rule.fields ?? {}).map((field) => [field, field]),
  );
  check(
    'rename',
    Object.entries(rule.rename ?? {}).map(([key, field]) => [field, key]),
  );
  check(
    'constants',
    Object.keys(rule.constants ?? {}).map((field) => [field, field]),
  );
  problems.push(
    ...repeated(rule).map((field) => ({ at: placeOf(place), what: `field ${field} is given more than once` })),
  );
  for (const [field, value] of Object.entries(rule.constants ?? {}))
    problems.push(...misfit(columnOf(stream, field), value, [...place, 'constants', field]));
  for (const [field, how] of Object.entries(rule.fields ?? {}))
    problems.push(...checkField(how, columnOf(stream, field), [...place, 'fields', field], tools));
  return problems;
}

function checkField(how: FieldSpec, column: Column | undefined, place: Place, tools: TimeTools): Problem[] {
  const problems: Problem[] = [];
  const say = (key: string, what: string): void => void problems.push({ at: placeOf([...place, key]), what });
  for (const at of [how.at].flat())
    if (!isPointer(at)) say('at', `${JSON.stringify(at)} is no JSON Pointer such as /fill/px`);
  const readings = (['time', 'scale', 'enum'] as const).filter((key) => how[key] !== undefined);
  if (readings.length > 1) say(readings[1] ?? '', `not together with ${readings[0]}`);
  if (how.required === true && how.default !== undefined) say('default', 'a required field has no default');
  if (how.zone !== undefined && how.time === undefined) say('zone', 'only together with time');
  if (how.time !== undefined && !(EPOCHS as readonly string[]).includes(how.time) && how.time !== 'iso') {
    const wrong = tools.timeProblem({ format: how.time });
    if (wrong !== undefined) say('time', `${wrong}; or one of ${EPOCHS.join(', ')}, iso`);
  }
  problems.push(...zoneProblem(how.zone, [...place, 'zone'], tools));
  if (column === undefined) return problems;
  if (how.time !== undefined && column.type !== 'timestamp')
    say('time', `this field is no time but ${typeName(column)}`);
  if (how.scale !== undefined && column.type !== 'double' && column.type !== 'bigint')
    say('scale', `this field is no number but ${typeName(column)}`);
  for (const [code, value] of Object.entries(how.enum ?? {}))
    problems.push(...misfit(column, value, [...place, 'enum', code]));
  if (how.default !== undefined) problems.push(...misfit(column, how.default, [...place, 'default']));
  return problems;
}

const isPointer = (text: string): boolean => {
  const keys = parsePointer(text);
  return keys !== undefined && keys.length > 0 && !keys.includes('__proto__');
};

const zoneProblem = (zone: string | undefined, place: Place, tools: TimeTools): Problem[] => {
  const what = zone === undefined ? undefined : tools.timeProblem({ zone });
  return what === undefined ? [] : [{ at: placeOf(place), what }];
};

const streamOf = (name: string): Stream | undefined => (INPUT_STREAMS.includes(name) ? CATALOG[name] : undefined);

function unknownStream(name: string): string {
  const allowed = `allowed: ${INPUT_STREAMS.join(', ')}`;
  if (Object.hasOwn(CATALOG, name) && CATALOG[name]?.origin === 'derived')
    return `${name} is derived by Nightdesk: no map writes it; ${allowed}`;
  const near = nearestName(name, INPUT_STREAMS);
  return `there is no stream ${JSON.stringify(name.slice(0, 100))}${near === undefined ? '' : `, did you mean ${near}?`}; ${allowed}`;
}

const columnOf = (stream: Stream, field: string): Column | undefined =>
  Object.hasOwn(stream.columns, field) && !STAMPED.includes(field) ? stream.columns[field] : undefined;

function fieldProblem(stream: Stream, field: string, place: Place): Problem[] {
  if (columnOf(stream, field) !== undefined) return [];
  const names = Object.keys(stream.columns).filter((name) => !STAMPED.includes(name));
  const why = STAMPED.includes(field)
    ? `${field} is written by Nightdesk${field === 'event_id' ? '; the bot’s own id is source_event_id' : ''}`
    : `${stream.name} has no field ${JSON.stringify(field.slice(0, 100))}${near(field, names)}`;
  return [{ at: placeOf(place), what: `${why}; allowed: ${names.join(', ')}` }];
}

const near = (field: string, names: readonly string[]): string => {
  const name = nearestName(field, names);
  return name === undefined ? '' : `, did you mean ${name}?`;
};

function repeated({ fields = {}, rename = {}, constants = {} }: RuleSpec): string[] {
  const all = [...Object.keys(fields), ...Object.values(rename), ...Object.keys(constants)];
  return [...new Set(all.filter((field, index) => all.indexOf(field) !== index))];
}

function misfit(column: Column | undefined, value: Scalar | undefined, place: Place): Problem[] {
  if (column === undefined || value === null || value === undefined) return [];
  if (coercionOf(column)(value, '', new Findings()) !== MISFIT) return [];
  return [{ at: placeOf(place), what: `${JSON.stringify(value)} is not ${typeName(column)}` }];
}

const typeName = ({ type, values }: Column): string =>
  values !== undefined
    ? `one of ${values.join(', ')}`
    : typeof type !== 'string'
      ? `a ${Object.keys(type)[0]}`
      : {
          string: 'a text',
          double: 'a number',
          bigint: 'a whole number',
          boolean: 'true or false',
          timestamp: 'a time',
          json: 'JSON',
        }[type];
