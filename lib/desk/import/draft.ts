import { formatPointer, valueAt } from '../../core/dialects/map-pointer.ts';
import type { MapSpec } from '../../core/dialects/map-schema.ts';
import { isObject, type JsonObject } from '../../core/transform/json.ts';
import { guessFields, guessStream, wordOf } from './guess-fields.ts';
import type { Seen } from './guess-values.ts';

/** Records of one file that no dialect knows. */
export interface UnknownFile {
  /** Its path on the wire. */
  readonly path: string;
  readonly format: 'json' | 'logfmt' | 'csv';
  readonly records: readonly JsonObject[];
}

export interface Draft {
  readonly map: MapSpec;
  /** Whether times were seen that say no zone. */
  readonly naive: boolean;
  /** Files that a map of this format cannot read, and need one of their own. */
  readonly otherFormat: readonly string[];
}

/** A map to complete: facts, and for records that no dialect knows a rule each, with the fields that could be guessed. */
export function draftMap(name: string, facts: NonNullable<MapSpec['facts']>, files: readonly UnknownFile[]): Draft {
  const logfmt = files.filter(({ format }) => format === 'logfmt');
  const format = logfmt.length * 2 > files.length ? 'logfmt' : 'json';
  // Sheets are read row by row, whatever the format of the map's lines.
  const usable = files.filter((file) => file.format === format || file.format === 'csv');
  let naive = false;
  const rules = [...grouped(usable)].flatMap(([glob, group]) =>
    kindsOf(group.flatMap(({ records }) => records)).map(({ match, kind, records }, _index, kinds) => {
      const seen = seenIn(records);
      const stream = guessStream({ kind, file: glob, seen, mixed: kinds.length > 1 });
      const guess = guessFields(stream, seen);
      naive ||= guess.naive;
      return {
        match: { path: glob, ...match },
        stream,
        fields: guess.fields,
        unmapped: guess.unmapped.filter((pointer) => !(pointer in match)),
      };
    }),
  );
  const map = {
    name,
    ...(format === 'json' ? {} : { format }),
    ...(Object.keys(facts).length === 0 ? {} : { facts }),
    rules,
  };
  return {
    map: map as unknown as MapSpec,
    naive,
    otherFormat: files.filter((file) => !usable.includes(file)).map(({ path }) => path),
  };
}

/** By the name of the file, any number in it standing for all: `fills-2025-11-21.log` and tomorrow's are one log. */
function grouped(files: readonly UnknownFile[]): Map<string, UnknownFile[]> {
  const groups = new Map<string, UnknownFile[]>();
  for (const file of files) {
    const glob = (file.path.split('/').at(-1) ?? '').replaceAll(/[*?]/g, '?').replaceAll(/\d+(?:[-_.]\d+)*/g, '*');
    groups.set(glob, [...(groups.get(glob) ?? []), file]);
  }
  return groups;
}

interface Kind {
  readonly match: Readonly<Record<string, string>>;
  readonly kind: string | undefined;
  readonly records: readonly JsonObject[];
}

const KIND_WORDS = [
  'type',
  'kind',
  'event',
  'evt',
  'eventtype',
  'msgtype',
  'topic',
  'action',
  'channel',
  'category',
  'ev',
  'k',
  'e',
  'msg',
];
const MOST_KINDS = 12;
const KIND_DEPTH = 3;

/** Records told apart by a field that names their kind, where they have one. */
function kindsOf(records: readonly JsonObject[]): readonly Kind[] {
  for (const keys of kindPlaces(records[0] ?? {})) {
    const kinds = new Map<string, JsonObject[]>();
    for (const record of records) {
      const value = valueAt(record, keys);
      if (typeof value === 'string' && value.length <= 60) kinds.set(value, [...(kinds.get(value) ?? []), record]);
    }
    const named = [...kinds.values()].reduce((sum, group) => sum + group.length, 0);
    if (named < records.length || kinds.size > MOST_KINDS || (kinds.size > 1 && kinds.size * 2 > records.length))
      continue;
    return [...kinds].map(([kind, group]) => ({ match: { [formatPointer(keys)]: kind }, kind, records: group }));
  }
  return [{ match: {}, kind: undefined, records }];
}

/** Where a record may say its kind: the outermost places first, of these the surest word. */
function kindPlaces(record: JsonObject, above: readonly string[] = []): (readonly string[])[] {
  const keys = Object.keys(record).filter((key) => key !== '__proto__');
  const here = keys.filter((key) => rank(key) < KIND_WORDS.length).sort((a, b) => rank(a) - rank(b));
  const inner =
    above.length + 1 === KIND_DEPTH
      ? []
      : keys.flatMap((key) => {
          const value = record[key];
          return isObject(value) ? kindPlaces(value, [...above, key]) : [];
        });
  return [...here.map((key) => [...above, key]), ...inner].sort((a, b) => a.length - b.length);
}

function rank(key: string): number {
  const found = KIND_WORDS.indexOf(wordOf(key));
  return found === -1 ? KIND_WORDS.length : found;
}

/** `{"fee": {"amt", "ccy"}}` are the fee's amount and currency. */
function wordIn(keys: readonly string[]): string {
  const word = wordOf(keys.at(-1) ?? '');
  return /^(fees?|commission)$/.test(wordOf(keys.at(-2) ?? '')) ? `fee${word}` : word;
}

const MOST_POINTERS = 500;
const MOST_VALUES = 50;
const MAX_DEPTH = 6;

/** Every place of the records that holds no object, in the order seen, with its first values. */
function seenIn(records: readonly JsonObject[]): Seen[] {
  const found = new Map<string, { word: string; values: unknown[] }>();
  const walk = (value: unknown, keys: readonly string[]): void => {
    if (isObject(value) && keys.length < MAX_DEPTH && Object.keys(value).length > 0) {
      for (const key of Object.keys(value)) if (key !== '__proto__') walk(value[key], [...keys, key]);
      return;
    }
    const pointer = formatPointer(keys);
    let place = found.get(pointer);
    if (place === undefined) {
      if (found.size >= MOST_POINTERS) return;
      place = { word: wordIn(keys), values: [] };
      found.set(pointer, place);
    }
    if (value !== null && place.values.length < MOST_VALUES) place.values.push(value);
  };
  for (const record of records) walk(record, []);
  found.delete('');
  return [...found].map(([pointer, { word, values }]) => ({ pointer, word, values }));
}
