import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { schemaOf } from '../../../lib/core/catalog/schema.ts';
import { REDACTED, redactLine } from '../../../lib/core/redact.ts';
import { isNonFinite, parseJson } from '../../../lib/core/transform/json.ts';
import { REASONS, type Verdict } from '../../../lib/core/transform/types.ts';

/** The columns of one type, by stream. */
const columnsOfType = (type: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    Object.values(CATALOG).map(({ name, columns }) => [
      name,
      Object.keys(columns).filter((column) => columns[column]?.type === type),
    ]),
  );
const TIMES = columnsOfType('timestamp');
const JSONS = columnsOfType('json');

/** What holds for every verdict, whatever the line was. @returns the event. */
export function checkVerdict(verdict: Verdict, line: string): Record<string, unknown> {
  const { outcome, stream, version, date, json } = verdict;
  const event = JSON.parse(json) as Record<string, unknown>;
  const must = (holds: boolean, what: string): void => {
    // Plain, for a million verdicts: `expect` costs more than what it would check here.
    if (!holds) throw new Error(`${what}\n  line: ${line.slice(0, 2000)}\n  verdict: ${stream} ${json.slice(0, 2000)}`);
  };
  must(JSON.stringify(event) === unescaped(json), 'a key stands twice, or the line is more than one');
  must(!holdsHalfAPair(json), 'half a surrogate pair, at which SQL engines refuse the whole file');
  const known = CATALOG[stream];
  must(known?.origin !== 'derived', 'a row that only Nightdesk may write');
  const misfit = known === undefined ? undefined : schemaOf(known).safeParse(event).error?.issues[0];
  must(misfit === undefined, `${misfit?.path.join('.')}: ${misfit?.message}`);
  must(event.stream === stream && event.schema_version === version && version === 1, 'stream or version');
  must(typeof event.event_id === 'string' && event.event_id !== '', 'no identity');
  must(
    date === (typeof event.ts === 'string' ? event.ts.slice(0, 10) : '2000-01-01'),
    `the date ${date} is not that of ts`,
  );
  for (const column of TIMES.get(stream) ?? []) must(isInstant(event[column]), `${column} is no instant`);
  for (const column of JSONS.get(stream) ?? []) must(isJson(event[column]), `${column} is no JSON`);
  must((stream === 'quarantine') === (outcome === 'quarantined'), 'stream quarantine and quarantined events differ');
  if (outcome === 'stored') return event;
  must(verdict.reason !== undefined && verdict.reason in REASONS && event.reason === verdict.reason, 'no reason');
  const raws = rawsOf(line);
  must(raws.includes(String(event.raw)) || isRedacted(event.raw, raws), 'the raw line is not verbatim');
  return event;
}

/** Only where a secret stood may the line differ from what came. */
const isRedacted = (raw: unknown, raws: readonly string[]): boolean =>
  typeof raw === 'string' &&
  ((raw.includes(REDACTED) && raws.some((one) => isSecretive(one) || IDENTIFIER.test(one))) ||
    (HASHED.test(raw) && raws.some((one) => IDENTIFIER.test(one))));

const HASHED = /"h:[0-9a-f]{16}"/;
const IDENTIFIER = /"(?:account_id|address)"\s*:/i;

const isSecretive = (raw: string): boolean => redactLine(raw) !== raw || SECRET_KEY.test(raw);
const SECRET_KEY = /"[^"]*(?:key|secret|token|pass|cred|note)[^"]*"\s*:/i;

/** U+FFFD may be written as it is or escaped. */
const unescaped = (json: string): string =>
  json.includes('\\ufffd') ? json.replaceAll(/(\\\\)|\\ufffd/g, (_all, doubled) => doubled ?? '\ufffd') : json;

/** A real instant, not only digits at the right places. */
function isInstant(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  const ms = Date.parse(`${String(value).slice(0, 23)}Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 23) === String(value).slice(0, 23);
}

/** JSON text that SQL engines read as well. */
function isJson(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  try {
    return !holdsHalfAPair(JSON.stringify(JSON.parse(String(value))));
  } catch {
    return false;
  }
}

/** The line as it came, and what stood in the wire forms around it. */
function rawsOf(line: string): string[] {
  const raws = [line];
  for (let inner = rawOf(line); inner !== undefined; inner = rawOf(inner)) raws.push(inner);
  return raws.map(wellFormed);
}

function rawOf(line: string): string | undefined {
  const value = parseJson(line)?.value;
  const raw = typeof value === 'object' && value !== null && 'raw' in value ? value.raw : undefined;
  // A token outside of JSON is read as a string of its own, which is nobody's line.
  return typeof raw === 'string' && (!isNonFinite(raw) || line.includes(JSON.stringify(raw))) ? raw : undefined;
}

/** Half a surrogate pair is no character: U+FFFD may stand for it. */
const wellFormed = (text: string): string =>
  text.replaceAll(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');

/** JSON.stringify spells half a pair as an escape; nothing else but a doubled backslash looks like one. */
const holdsHalfAPair = (json: string): boolean =>
  json.includes('\\ud') && /\\ud[89a-f]/.test(json.replaceAll('\\\\', ''));
