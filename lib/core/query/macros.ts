/** A function of Trino that DuckDB lacks, or that means something else there. */
export interface Macro {
  readonly name: string;
  /** Parameter lists and bodies, one per arity. */
  readonly bodies: readonly string[];
}

const macro = (name: string, ...bodies: readonly string[]): Macro => ({ name, bodies });

const UNITS = ['millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const interval = `case lower(unit) ${UNITS.map((unit) => `when '${unit}' then ${intervalOf(unit)}`).join(' ')} else error('unknown unit: ' || unit) end`;

function intervalOf(unit: string): string {
  return unit === 'week' ? "interval '7' day" : unit === 'quarter' ? "interval '3' month" : `interval '1' ${unit}`;
}

/** MySQL's format letters, which Trino's date functions take, as strftime's. */
const FORMAT = [
  ['%i', '%M'],
  ['%s', '%S'],
  ['%T', '%H:%M:%S'],
  ['%k', '%-H'],
  ['%e', '%-d'],
  ['%c', '%-m'],
].reduce((text, [theirs, ours]) => `replace(${text}, '${theirs}', '${ours}')`, "replace(format, '%M', '%B')");

const SCALAR = "json_type(cast(json as json), path) not in ('OBJECT', 'ARRAY', 'NULL')";

/**
 * Trino's functions for DuckDB, so that one query text runs on both. Macros of aggregates take no FILTER; where DuckDB
 * has a function of the name that differs (date_diff counts boundaries crossed), Trino's meaning wins.
 */
export const MACROS: readonly Macro[] = [
  macro('from_iso8601_timestamp', '(text) as cast(text as timestamptz)'),
  macro('from_iso8601_date', '(text) as cast(text as date)'),
  macro('from_unixtime', '(seconds) as to_timestamp(seconds)'),
  macro('to_unixtime', '(instant) as epoch(instant)'),
  macro('to_iso8601', "(instant) as strftime(instant, '%Y-%m-%dT%H:%M:%S.%gZ')"),
  macro('date_diff', '(unit, first, last) as date_sub(unit, first, last)'),
  macro('date_add', `(unit, amount, instant) as instant + amount * ${interval}`),
  macro('date_format', `(instant, format) as strftime(instant, ${FORMAT})`),
  macro('day_of_week', '(day) as isodow(day)'),
  macro('day_of_year', '(day) as dayofyear(day)'),
  macro('at_timezone', '(instant, zone) as timezone(zone, instant)'),
  macro('approx_distinct', '(value) as approx_count_distinct(value)'),
  macro('approx_percentile', '(value, share) as quantile_cont(value, share)'),
  macro('every', '(value) as bool_and(value)'),
  macro('map_agg', '(key, value) as map(list(key), list(value))'),
  macro('element_at', '(collection, key) as collection[key]'),
  macro(
    'cardinality',
    "(collection) as case json_type(to_json(collection)) when 'ARRAY' then cast(json_array_length(to_json(collection)) as bigint) " +
      "when 'OBJECT' then len(json_keys(to_json(collection))) end",
  ),
  macro(
    'sequence',
    '(first, last) as generate_series(cast(first as bigint), cast(last as bigint), case when first <= last then 1 else -1 end)',
    '(first, last, step) as generate_series(cast(first as bigint), cast(last as bigint), cast(step as bigint))',
  ),
  macro(
    'array_join',
    '(items, delimiter) as array_to_string(items, delimiter)',
    '(items, delimiter, missing) as array_to_string(list_transform(items, lambda item: coalesce(cast(item as varchar), missing)), delimiter)',
  ),
  macro('array_max', '(items) as list_max(items)'),
  macro('array_min', '(items) as list_min(items)'),
  macro('array_position', '(items, item) as coalesce(list_position(items, item), 0)'),
  macro('json_extract_scalar', `(json, path) as case when ${SCALAR} then json_extract_string(json, path) end`),
  macro('json_format', '(json) as cast(json as varchar)'),
  macro('json_parse', '(text) as cast(text as json)'),
  macro('regexp_like', '(text, pattern) as regexp_matches(text, pattern)'),
  macro('truncate', '(number) as trunc(number)'),
  macro('is_nan', '(number) as isnan(number)'),
  macro('nan', "() as cast('nan' as double)"),
  macro('infinity', "() as cast('infinity' as double)"),
];

/** One statement per macro. */
export const macroSql = ({ name, bodies }: Macro): string => `create or replace macro ${name}${bodies.join(', ')}`;
