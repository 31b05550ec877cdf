import { readColumns } from '../catalog/shape.ts';
import { ENVELOPE } from '../catalog/shapes.ts';
import { lineId, recordLineId } from '../ids.ts';
import { dateOf } from '../lake/keys.ts';
import { NO_REDACTION } from './findings.ts';
import { toJsonText } from './json.ts';
import { utf8Length } from './lines.ts';
import { type Redaction, redactRaw } from './redaction.ts';
import { formatUs } from './time.ts';
import { type Position, REASONS, type Reason, type Verdict } from './types.ts';
import type { Origin } from './wire.ts';

export const QUARANTINE = 'quarantine';

interface Why {
  readonly reason: Reason;
  readonly detail: string;
  readonly target: string | undefined;
}

/** The verdict of a line that cannot be stored: an event of stream `quarantine`, in the partition of the day it came in. */
export function quarantine(origin: Origin, { reason, detail, target }: Why, redaction: Redaction): Verdict {
  const { position, file, line } = origin;
  const ts = formatUs(position.arrivedMs * 1000);
  const facts = factsOf(origin, redaction);
  return {
    outcome: 'quarantined',
    reason,
    ...(target === undefined ? {} : { target }),
    stream: QUARANTINE,
    version: 1,
    date: dateOf(position.arrivedMs),
    json: toJsonText({
      event_id: file === undefined ? recordLineId(position.recordId, position.index) : lineId(file, line ?? 0),
      stream: QUARANTINE,
      schema_version: 1,
      ts,
      ts_ms: position.arrivedMs,
      ts_source: 'ts',
      seq: line ?? position.index,
      ingested_at: ts,
      source: origin.source,
      source_path: origin.path,
      ...facts,
      reason,
      detail,
      target: target ?? origin.stream,
      raw: redactRaw(origin.raw, redaction),
      raw_bytes: utf8Length(origin.raw),
    }),
    facts: { tsMs: position.arrivedMs, arrivedMs: position.arrivedMs, event: { ...facts, reason } },
  };
}

/** The same for a line, or a whole record, that no transform can be asked about. */
export const quarantineWhole = (reason: Reason, raw: string, position: Position): Verdict =>
  quarantine({ raw, position }, { reason, detail: REASONS[reason], target: undefined }, NO_REDACTION);

const MODES: readonly string[] = readColumns(ENVELOPE).mode?.values ?? [];

/** The sender's facts about the bot, so that quarantine can be counted per strategy. */
function factsOf({ facts = {} }: Origin, { hashedNames, hash }: Redaction): Record<string, string> {
  const usable = Object.entries(facts).filter(([name, value]) => name !== 'mode' || MODES.includes(value));
  return Object.fromEntries(usable.map(([name, value]) => [name, hashedNames.has(name) ? `h:${hash(value)}` : value]));
}
