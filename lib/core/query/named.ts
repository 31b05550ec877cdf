import { NightdeskError } from '../errors.ts';
import { fillIn, literal } from './text.ts';

const TYPES = ['text', 'date', 'whole', 'number'] as const;

export interface QueryParameter {
  readonly name: string;
  readonly type: (typeof TYPES)[number];
  readonly default: string;
  readonly description: string;
}

/** A query of `lib/queries`: one question, in SQL that DuckDB and Athena both read. */
export interface NamedQuery {
  readonly name: string;
  /** The question it answers, in one sentence. */
  readonly question: string;
  readonly columns: readonly { readonly name: string; readonly description: string }[];
  readonly parameters: readonly QueryParameter[];
  readonly sql: string;
}

const COLUMN = /^column ([a-z_0-9]+): (.+)$/;
const PARAMETER = /^param ([a-z_]+): ([a-z]+) = (\S*): (.+)$/;

/** Reads a query file: a header of `-- question:`, `-- column NAME: …` and `-- param NAME: TYPE = DEFAULT: …` lines, then the SQL. */
export function parseNamedQuery(name: string, file: string): NamedQuery {
  const lines = file.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--'));
  const header = lines.slice(0, end === -1 ? lines.length : end).map((line) => line.slice(2).trim());
  const question = header.find((line) => line.startsWith('question: '))?.slice('question: '.length);
  if (question === undefined) throw invalid(name, 'has no line `-- question: …`');
  return {
    name,
    question,
    columns: header.flatMap((line) => {
      const [, column, description] = COLUMN.exec(line) ?? [];
      return column === undefined || description === undefined ? [] : [{ name: column, description }];
    }),
    parameters: header.filter((line) => line.startsWith('param ')).map((line) => parameterOf(name, line)),
    sql: file.trim().replace(/;$/, ''),
  };
}

function parameterOf(query: string, line: string): QueryParameter {
  const [, name, type, value, description] = PARAMETER.exec(line) ?? [];
  const known = TYPES.find((candidate) => candidate === type);
  if (name === undefined || value === undefined || description === undefined || known === undefined)
    throw invalid(
      query,
      `has a parameter line that does not read \`-- param NAME: ${TYPES.join('|')} = DEFAULT: what it is\`: ${line}`,
    );
  return { name, type: known, default: value, description };
}

/** The query with values for its parameters. @throws CONFIG_INVALID for a name it does not have or a value of another type */
export function bindQuery(query: NamedQuery, values: Readonly<Record<string, string>>): string {
  const known = query.parameters.map(({ name }) => name);
  for (const name of Object.keys(values))
    if (!known.includes(name))
      throw new NightdeskError(
        'CONFIG_INVALID',
        `${query.name} has no parameter ${name}; it takes ${known.length === 0 ? 'none' : known.join(', ')}`,
      );
  return fillIn(query.sql, (name) => {
    const parameter = query.parameters.find((candidate) => candidate.name === name);
    if (parameter === undefined) throw invalid(query.name, `uses :${name} and has no line \`-- param ${name}: …\``);
    return sqlValue(parameter, Object.hasOwn(values, name) ? (values[name] ?? parameter.default) : parameter.default);
  });
}

const FORMS: Readonly<Record<QueryParameter['type'], RegExp>> = {
  text: /^/,
  date: /^\d{4}-\d{2}-\d{2}$/,
  whole: /^[+-]?\d{1,15}$/,
  number: /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i,
};

function sqlValue({ name, type }: QueryParameter, value: string): string {
  if (!FORMS[type].test(value))
    throw new NightdeskError(
      'CONFIG_INVALID',
      `--param ${name} must be a ${EXAMPLES[type]}, got ${JSON.stringify(value)}`,
    );
  return type === 'text' || type === 'date' ? literal(value) : value;
}

const EXAMPLES: Readonly<Record<QueryParameter['type'], string>> = {
  text: 'text',
  date: 'day such as 2025-11-21',
  whole: 'whole number such as 20',
  number: 'number such as 0.5',
};

const invalid = (name: string, what: string): NightdeskError =>
  new NightdeskError('INTERNAL', `the query ${name} ${what}`);
