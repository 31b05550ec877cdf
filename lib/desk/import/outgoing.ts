import type { CompiledMap, Mapped } from '../../core/dialects/map.ts';
import type { JsonObject } from '../../core/transform/json.ts';
import type { LogLine } from '../logs/lines.ts';
import type { Facts, OutgoingLog } from '../logs/outgoing.ts';
import { wireLines } from '../logs/wire-lines.ts';
import type { Row } from './csv.ts';
import { SheetRuns } from './sheet-runs.ts';
import { mapSheetRow } from './sheets.ts';

/** Makes the line that the transform is given of a line or a row of one file. */
export interface Entries {
  line(line: LogLine): string;
  row(row: Row): string;
}

export interface EntriesOptions {
  readonly log: OutgoingLog;
  readonly facts: Facts;
  readonly map: CompiledMap | undefined;
  /** Where the file lies: folders above the root say what sheets do not. */
  readonly filePath: string;
}

/**
 * Lines that the map is for become canonical events, with the identity of their line; those it fails on carry what
 * failed; all others stay verbatim for the dialects. The map's facts stand behind those of the command line.
 */
export function entriesOf({ log, facts: { stream, set }, map, filePath }: EntriesOptions): Entries {
  const facts = { ...map?.facts, ...set };
  const common = { ...log, ...(Object.keys(facts).length === 0 ? {} : { set: facts }) };
  const wire = wireLines({ ...common, ...(stream === undefined ? {} : { stream }) });
  const context = { path: log.path };

  /** `line` holds what stands in quarantine where the map fails. */
  const mappedLine = (line: LogLine, mapped: Mapped | undefined): string => {
    if (mapped === undefined) return wire(line);
    if (!('failed' in mapped)) return wire({ ...line, text: JSON.stringify(mapped.event) });
    if (stream !== undefined || mapped.stream === undefined) return wire(line, mapped.failed);
    return wireLines({ ...common, stream: mapped.stream })(line, mapped.failed); // the stream it would have been in
  };
  const runs = new SheetRuns(log.file);
  const mapSheet = (record: JsonObject, number: number): Mapped | undefined => {
    const mapped = mapSheetRow(record, filePath);
    if (mapped === undefined || 'failed' in mapped || mapped.stream !== 'execution') return mapped;
    const { event } = mapped;
    if (facts.session_id !== undefined || (event.session_id ?? null) !== null) return mapped;
    const run = runs.of(event, number);
    if (run === undefined) return mapped;
    event.session_id = run.sessionId;
    if (run.headless) event.run_begins = 'before the sheet'; // no column: it is kept in extra
    return mapped;
  };
  const mapRow = (record: JsonObject, number: number): Mapped | undefined =>
    map?.mapRecord(record, context) ?? mapSheet(record, number);

  return {
    line: (line) => mappedLine(line, line.flaw === 'utf8' ? undefined : map?.map(line.text, context)),
    row({ number, kind, text, bytes, record }) {
      const line: LogLine = { text, number, at: 0, bytes, ...(kind === 'utf8' ? { flaw: 'utf8' as const } : {}) };
      // A row without its header says nothing: the dialects, and quarantine, get it with the names of its columns.
      return record === undefined
        ? wire(line)
        : mappedLine({ ...line, text: JSON.stringify(record) }, mapRow(record, number));
    },
  };
}
