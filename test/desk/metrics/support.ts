/** One series of a page. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Page {
  /** Types by metric, in the order of the page. */
  readonly types: ReadonlyMap<string, string>;
  series(name: string): readonly Series[];
  /** Value of the series with exactly these labels. */
  value(name: string, labels: Readonly<Record<string, string>>): number | undefined;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/g;

/** Reads Prometheus's text format, version 0.0.4. @throws for a line that is none, a type given twice, a series given twice */
export function readPage(body: string): Page {
  const types = new Map<string, string>();
  const found = new Map<string, Series[]>();
  const keys = new Set<string>();
  if (!body.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of body.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ');
      if (types.has(name)) throw new Error(`${name} has two types`);
      types.set(name, type);
      continue;
    }
    const [, name = '', text = '', value = ''] = LINE.exec(line) ?? [];
    if (name === '') throw new Error(`no line of the format: ${line}`);
    const labels = Object.fromEntries(
      [...text.matchAll(LABEL)].map(([, label = '', said = '']) => [label, plain(said)]),
    );
    const key = `${name}${JSON.stringify(Object.entries(labels).sort())}`;
    if (keys.has(key)) throw new Error(`a series stands there twice: ${key}`);
    keys.add(key);
    found.set(name, [...(found.get(name) ?? []), { labels, value: Number(value.replace('Inf', 'Infinity')) }]);
  }
  const series = (name: string): readonly Series[] => found.get(name) ?? [];
  return {
    types,
    series,
    value: (name, labels) =>
      series(name).find(
        ({ labels: own }) =>
          Object.keys(own).length === Object.keys(labels).length &&
          Object.entries(labels).every(([label, text]) => own[label] === text),
      )?.value,
  };
}

const plain = (said: string): string =>
  said.replace(/\\([\\"n])/g, (_, character: string) => (character === 'n' ? '\n' : character));
