import type { Column, ColumnType } from './fields.ts';

// Columns in short: `side=buy|sell order_type~ qty:d levels:[(px:d,qty:d)] extra:{s}`. What the transform does with a value
// needs no sentence and no unit, and of a function's code they would be the larger half.

const LETTERS = { s: 'string', d: 'double', i: 'bigint', b: 'boolean', t: 'timestamp', j: 'json' } as const;
type Letter = keyof typeof LETTERS;

/** Columns as a text that `readColumns` reads. */
export const shapeOf = (columns: Readonly<Record<string, Column>>, separator = ' '): string =>
  Object.entries(columns)
    .map(([name, { type, values, lowerCase }]) =>
      values !== undefined
        ? `${name}=${values.join('|')}`
        : lowerCase === true
          ? `${name}~`
          : `${name}:${shapeOfType(type)}`,
    )
    .join(separator);

function shapeOfType(type: ColumnType): string {
  if (typeof type === 'string') return Object.entries(LETTERS).find(([, name]) => name === type)?.[0] ?? type;
  if ('list' in type) return `[${shapeOfType(type.list)}]`;
  return 'map' in type ? `{${shapeOfType(type.map)}}` : `(${shapeOf(type.struct, ',')})`;
}

/** The columns of a text, without sentences and units. */
export function readColumns(text: string): Record<string, Column> {
  let at = 0;
  const until = (ends: string): string => {
    const from = at;
    while (at < text.length && !ends.includes(text[at] ?? '')) at++;
    return text.slice(from, at);
  };

  function columns(): Record<string, Column> {
    const found: Record<string, Column> = {};
    do {
      const name = until(':=~');
      const sign = text[at++];
      const said =
        sign === ':'
          ? { type: type() }
          : sign === '~'
            ? { type: 'string' as const, lowerCase: true }
            : { type: 'string' as const, values: until(' ,)').split('|') };
      found[name] = { ...said, description: '', unit: '' };
    } while (' ,'.includes(text[at++] ?? ')'));
    return found;
  }

  function type(): ColumnType {
    const sign = text[at++];
    if (sign === '(') return { struct: columns() }; // its end is taken with the columns
    if (sign !== '[' && sign !== '{') return LETTERS[sign as Letter];
    const inner = type();
    at++;
    return sign === '[' ? { list: inner } : { map: inner };
  }

  return text === '' ? {} : columns();
}
