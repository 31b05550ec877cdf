import type { Draft } from '../dialects/dialect.ts';
import { lineId, recordLineId } from '../ids.ts';
import type { Happened } from './clocks.ts';
import { type JsonObject, toJsonText } from './json.ts';
import { formatUs } from './time.ts';
import type { Origin } from './wire.ts';

interface Stamped {
  readonly draft: Draft;
  readonly origin: Origin;
  readonly happened: Happened;
}

/**
 * What Nightdesk itself says about an event, as the beginning of its JSON, without the closing brace; a record cannot
 * claim any of it. Written as text because half of an event's bytes are stamp, and nearly all of them need no escaping.
 */
export function stampOf(event: JsonObject, { draft, origin, happened }: Stamped): string {
  const { position, file, line } = origin;
  const own = draft.dialect === 'canonical' || draft.dialect.startsWith('map:');
  const id =
    own && typeof event.event_id === 'string' && event.event_id !== ''
      ? quote(event.event_id)
      : file === undefined
        ? quote(recordLineId(position.recordId, position.index))
        : `${quoted.file(file).slice(0, -1)}${lineId('', line ?? 0)}"`;
  const seq = own && typeof event.seq === 'number' ? event.seq : (line ?? position.index);
  const source = origin.source ?? event.source;
  const path = origin.path ?? event.source_path;
  forget(event);
  const { ts, tsMs } = happened;
  return `{"event_id":${id},"stream":"${draft.stream}","schema_version":${draft.version},"ts":${ts === undefined ? 'null' : `"${ts}"`},"ts_ms":${tsMs ?? 'null'},"ts_source":"${happened.source}","seq":${seq},"ingested_at":${quoted.arrival(position.arrivedMs)},"dialect":${quoted.dialect(draft.dialect)}${typeof source === 'string' ? `,"source":${quoted.source(source)}` : ''}${typeof path === 'string' ? `,"source_path":${quoted.path(path)}` : ''}`;
}

/** Leaves to the stamp what is the stamp's: JSON.stringify skips undefined. A key that is not there must not be added, that is slow. */
function forget(event: JsonObject): void {
  if (event.event_id !== undefined) event.event_id = undefined;
  if (event.stream !== undefined) event.stream = undefined;
  if (event.schema_version !== undefined) event.schema_version = undefined;
  if (event.ts !== undefined) event.ts = undefined;
  if (event.ts_ms !== undefined) event.ts_ms = undefined;
  if (event.ts_source !== undefined) event.ts_source = undefined;
  if (event.seq !== undefined) event.seq = undefined;
  if (event.ingested_at !== undefined) event.ingested_at = undefined;
  if (event.dialect !== undefined) event.dialect = undefined;
  if (event.source !== undefined) event.source = undefined;
  if (event.source_path !== undefined) event.source_path = undefined;
}

const PLAIN = /^[ !#-[\]-~]*$/;
const quote = (text: string): string => (PLAIN.test(text) ? `"${text}"` : toJsonText(text));

/** Remembers the last answer: the lines of a record share file, path and arrival. */
function remembering<T>(make: (value: T) => string): (value: T) => string {
  let last: T | undefined;
  let answer = '';
  return (value) => {
    if (value !== last) {
      last = value;
      answer = make(value);
    }
    return answer;
  };
}

const quoted = {
  file: remembering(quote),
  source: remembering(quote),
  path: remembering(quote),
  dialect: remembering(quote),
  arrival: remembering((ms: number) => `"${formatUs(ms * 1000)}"`),
};
