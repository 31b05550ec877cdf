import { lineId, recordLineId } from '../ids.ts';
import { dateOf } from '../lake/keys.ts';
import { redactLine } from '../redact.ts';
import type { Redaction } from './redaction.ts';
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
  const raw = redactLine(origin.raw);
  return {
    outcome: 'quarantined',
    reason,
    ...(target === undefined ? {} : { target }),
    stream: QUARANTINE,
    version: 1,
    date: dateOf(position.arrivedMs),
    json: JSON.stringify({
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
      ...hashFacts(origin, redaction),
      reason,
      detail,
      target: target ?? origin.stream,
      raw,
      raw_bytes: origin.raw.length,
    }),
  };
}

const NO_HASHING: Redaction = { secretNames: new Set(), hashedNames: new Set(), hash: (text) => text };

/** The same for a line, or a whole record, that no transform can be asked about. */
export const quarantineWhole = (reason: Reason, raw: string, position: Position): Verdict =>
  quarantine({ raw, position }, { reason, detail: REASONS[reason], target: undefined }, NO_HASHING);

/** The sender's facts about the bot, so that quarantine can be counted per strategy. */
function hashFacts({ facts }: Origin, redaction: Redaction): Record<string, string> {
  if (facts === undefined) return {};
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      redaction.hashedNames.has(name) ? `h:${redaction.hash(value)}` : value,
    ]),
  );
}
