/** What the name of a file says about it. */
export interface LogName {
  /** The name without its rotation suffix and `.gz`: what all forms of one log share. */
  readonly stem: string;
  /** `rows` is JSON Lines by its name, `maybe` may be (`.json`, `.log`), `csv` is a sheet. */
  readonly kind: 'rows' | 'maybe' | 'csv' | 'other';
  readonly gzip: boolean;
  readonly rotation: Rotation | undefined;
}

/** Which of a log's rotated forms a file is. */
export interface Rotation {
  /** `count`: `.1` is the newest; `date`: digits of the date and time, the highest is the newest. */
  readonly by: 'count' | 'date';
  readonly value: number;
}

const EXTENSION = /\.(jsonl|ndjson|json|log|csv)$/i;
const KINDS: Readonly<Record<string, LogName['kind']>> = {
  jsonl: 'rows',
  ndjson: 'rows',
  json: 'maybe',
  log: 'maybe',
  csv: 'csv',
};

// `x.jsonl.3` (logrotate), `x.jsonl_20251220_173045` (the seed bot's writer), `x.jsonl-20251220` (logrotate dateext),
// `x.jsonl.2025-12-20_17-30` (Python's TimedRotatingFileHandler)
const SUFFIX =
  /^(.+\.(?:jsonl|ndjson|json|log|csv)(?:\.gz)?)(?:\.(\d{1,4})|[._-](\d{4}-?\d{2}-?\d{2}(?:[T_-]?\d{2}(?:[-:]?\d{2}){0,2})?(?:-\d{10})?))$/i;
// `x_20251220_173045.jsonl` (the seed bot's audit); a bare day in the middle names a file of its own and stays
const INFIX = /^(.+)_(\d{8}_\d{6})(\.(?:jsonl|ndjson|json|log|csv))$/i;

/** Reads a file's name: kind, compression and rotation. Never fails; an unknown name is of kind `other`. */
export function readLogName(name: string): LogName {
  let rest = name;
  let gzip = false;
  let rotation: Rotation | undefined;
  for (let before = ''; before !== rest; ) {
    before = rest;
    if (/\.gz$/i.test(rest)) {
      gzip = true;
      rest = rest.slice(0, -3);
    }
    const suffix = SUFFIX.exec(rest);
    if (suffix !== null) {
      const [, stem = rest, count, date] = suffix;
      rotation ??=
        count === undefined ? { by: 'date', value: dateValue(date ?? '') } : { by: 'count', value: Number(count) };
      rest = stem;
    }
    const infix = INFIX.exec(rest);
    if (infix !== null) {
      const [, head = '', date = '', extension = ''] = infix;
      rotation ??= { by: 'date', value: dateValue(date) };
      rest = `${head}${extension}`;
    }
  }
  const extension = EXTENSION.exec(rest)?.[1]?.toLowerCase() ?? '';
  return { stem: rest, kind: KINDS[extension] ?? 'other', gzip, rotation };
}

const dateValue = (text: string): number => Number(text.replaceAll(/\D/g, '').slice(0, 14).padEnd(14, '0'));

/** What decides which of two forms of one log is older. */
export interface Age {
  readonly name: LogName;
  readonly mtimeMs: number;
}

/** Sorts the forms of one log, oldest first: rotated before unrotated, gzip before plain. */
export function compareAge(a: Age, b: Age): number {
  const [ra, rb] = [a.name.rotation, b.name.rotation];
  if (ra === undefined || rb === undefined) {
    if (ra !== rb) return ra === undefined ? 1 : -1;
  } else if (ra.by === rb.by) {
    if (ra.value !== rb.value) return ra.by === 'count' ? rb.value - ra.value : ra.value - rb.value;
  } else if (a.mtimeMs !== b.mtimeMs) return a.mtimeMs - b.mtimeMs;
  return Number(b.name.gzip) - Number(a.name.gzip);
}
