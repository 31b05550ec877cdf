import { DERIVED_STREAMS } from '../catalog/shapes.ts';
import type { Draft } from '../dialects/dialect.ts';
import { hintOf } from '../dialects/hints.ts';
import { recognise } from '../dialects/index.ts';
import { NO_CLOCK_DATE } from '../lake/keys.ts';
import { MAX_RECORD_BYTES } from '../limits.ts';
import { nameSet } from '../redact.ts';
import { whenHappened } from './clocks.ts';
import { COMPILED, type CompiledStream, intoColumns, place } from './columns.ts';
import { Findings } from './findings.ts';
import { isObject, type JsonObject, parseJson, quoteNumbers, toJsonText } from './json.ts';
import { isBlank, utf8Length } from './lines.ts';
import { QUARANTINE, quarantine } from './quarantine.ts';
import { type Redaction, redactTree, redactValues, TooDeep } from './redaction.ts';
import { stampOf } from './stamp.ts';
import {
  REASONS,
  type Reason,
  type TransformConfig,
  type TransformLine,
  type TransformTools,
  type Verdict,
} from './types.ts';
import { type Origin, originOf } from './wire.ts';

const HOUR_MS = 3_600_000;

export const DEFAULT_CONFIG: TransformConfig = { maxSkewMs: HOUR_MS, hashKeys: [], hashSalt: '', redactKeys: [] };

/** What one line is refused for; thrown inside this file only, and always caught here. */
class Refusal extends Error {
  readonly reason: Reason;
  readonly target: string | undefined;

  constructor(reason: Reason, detail: string, target?: string) {
    super(detail);
    this.reason = reason;
    this.target = target;
  }
}

/**
 * Makes the function that gives every line its verdict: decode, dialect, validate, redact, stamp, route. It never
 * throws; whatever it cannot store goes to quarantine with its reason.
 */
export function createTransform(config: Partial<TransformConfig>, tools: TransformTools): TransformLine {
  const settings: TransformConfig = { ...DEFAULT_CONFIG, ...config };
  const redaction: Redaction = {
    secretNames: nameSet(settings.redactKeys),
    hashedNames: nameSet(settings.hashKeys),
    hash: (text) => tools.sha256(`${settings.hashSalt}${text}`).slice(0, 16),
  };
  return (line, position, refused) => {
    if (isBlank(line)) return undefined;
    if (refused !== undefined)
      return quarantine(
        { raw: line, position },
        { reason: refused, detail: REASONS[refused], target: undefined },
        redaction,
      );
    let origin: Origin = { raw: line, position };
    try {
      const parsed = decode(line);
      origin = originOf(parsed, line, position);
      if (origin.refused !== undefined) throw new Refusal(origin.refused.reason, origin.refused.detail);
      if (origin.raw !== line && isBlank(origin.raw)) throw new Refusal('not_an_object', 'the line is blank');
      return store(origin.raw === line ? parsed : decode(origin.raw), origin, settings, redaction);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : asRefusal(error);
      return quarantine(origin, { reason: refusal.reason, detail: refusal.message, target: refusal.target }, redaction);
    }
  };
}

function decode(line: string): JsonObject {
  // A UTF-16 unit is at most three bytes of UTF-8: short lines need no exact count.
  if (line.length * 3 > MAX_RECORD_BYTES && utf8Length(line) > MAX_RECORD_BYTES)
    throw new Refusal('too_large', `the event has ${utf8Length(line)} bytes, at most ${MAX_RECORD_BYTES} fit`);
  const parsed = parseJson(line);
  if (parsed === undefined) throw new Refusal('invalid_json', 'the line is not JSON');
  if (!isObject(parsed.value))
    throw new Refusal(
      'not_an_object',
      `the JSON is ${Array.isArray(parsed.value) ? 'an array' : parsed.value === null ? 'null' : `a ${typeof parsed.value}`}`,
    );
  return parsed.value;
}

function store(record: JsonObject, origin: Origin, settings: TransformConfig, redaction: Redaction): Verdict {
  const findings = new Findings(redaction, settings.naiveOffsetMs);
  const draft = recognise(record, hintOf(origin.path, origin.stream), findings);
  if (draft === undefined)
    throw new Refusal('unknown_shape', `no dialect knows a record with the keys ${someKeys(record)}`);
  const stream = compiled(draft);
  const event = draft.fields;
  if (!draft.placed) intoColumns(stream, event, findings);
  addFacts(stream, event, { origin, findings });
  if (typeof event.extra === 'string') {
    findings.keep('extra', parseJson(event.extra)?.value ?? event.extra);
    event.extra = undefined;
  }
  const extra = findings.extra === undefined ? undefined : toJsonText(redactTree(findings.extra, '', findings));
  if (findings.unsafeInteger) {
    // Read again with long integers kept as text: an id must not lose its last digits.
    const exact = quoteNumbers(origin.raw);
    if (exact !== origin.raw) return store(decode(exact), { ...origin, raw: exact }, settings, redaction);
  }
  const happened = whenHappened(event, { findings, arrivedMs: origin.position.arrivedMs, settings });
  if (happened.refused !== undefined) throw new Refusal(happened.refused.reason, happened.refused.detail, stream.name);

  const head = stampOf(event, { draft, origin, happened });
  if (findings.suspicious || redaction.hashedNames.size + redaction.secretNames.size > 0) redactValues(event, findings);
  if (extra !== undefined) event.extra = extra;
  if (findings.nonfinite !== undefined) event.nonfinite = findings.nonfinite;
  if (findings.misfits !== undefined) event.misfits = findings.misfits;
  return {
    outcome: 'stored',
    stream: stream.name,
    target: stream.name,
    version: draft.version,
    date: happened.ts?.slice(0, 10) ?? NO_CLOCK_DATE,
    json: join(head, toJsonText(event)),
    facts: { tsMs: happened.tsMs ?? null, arrivedMs: origin.position.arrivedMs, event },
  };
}

/** Two JSON objects as one. */
const join = (head: string, rest: string): string => (rest === '{}' ? `${head}}` : `${head},${rest.slice(1)}`);

function compiled(draft: Draft): CompiledStream {
  const stream = COMPILED.get(draft.stream);
  if (stream === undefined || stream.name === QUARANTINE)
    throw new Refusal('unknown_stream', noStream(draft.stream), undefined);
  if (!stream.versions.has(draft.version))
    throw new Refusal(
      'unknown_version',
      `${stream.name} has no version ${draft.version}, it has ${[...stream.versions].join(', ')}`,
      stream.name,
    );
  return stream;
}

const noStream = (name: string): string =>
  DERIVED_STREAMS.includes(name)
    ? `${name} is derived by Nightdesk and not taken from anybody else`
    : `there is no stream ${name.slice(0, 100)}`;

const FACTS = ['strategy_id', 'session_id', 'mode', 'venue', 'account_id', 'symbol'] as const;

/** Facts the sender knows fill what the line does not say. */
function addFacts(
  { targets }: CompiledStream,
  event: JsonObject,
  { origin, findings }: { origin: Origin; findings: Findings },
): void {
  if (origin.facts === undefined) return;
  for (const name of FACTS) {
    const target = targets.get(name);
    if (target !== undefined && (event[name] === undefined || event[name] === null))
      place(target, name, origin.facts[name], event, findings);
  }
}

const asRefusal = (error: unknown): Refusal =>
  // Only what the engine itself refuses can end here, such as text nested beyond its stack.
  new Refusal(
    error instanceof RangeError || error instanceof TooDeep ? 'too_deep' : 'unknown_shape',
    error instanceof Error ? error.message : String(error),
  );

const someKeys = (record: JsonObject): string => {
  const keys = Object.keys(record);
  const shown = keys
    .slice(0, 8)
    .map((key) => key.slice(0, 40))
    .join(', ');
  return keys.length > 8 ? `${shown} and ${keys.length - 8} more` : shown || '(none)';
};
