import { parseLogfmt } from '../../core/dialects/map-logfmt.ts';
import { isObject, type JsonObject, parseJson } from '../../core/transform/json.ts';
import { count } from '../logs/forecast.ts';
import type { UnknownFile } from './draft.ts';
import type { PlannedFile } from './plan.ts';
import { ImportReport } from './report.ts';
import { type LinesRun, resultsOf } from './run.ts';

/** Lines looked at in each file. */
export const SAMPLE_LINES = 200;

/** What a file looks like, by its first lines. */
export interface Sniffed {
  readonly path: string;
  readonly sampled: number;
  readonly dialects: ReadonlyMap<string, number>;
  readonly streams: ReadonlyMap<string, number>;
  /** Reasons for quarantine. */
  readonly problems: ReadonlyMap<string, number>;
  /** Why the file, or the rest of it, could not be read. */
  readonly unread: string | undefined;
  /** Records that no dialect knows, where there are any. */
  readonly unknown: UnknownFile | undefined;
}

/** Runs the first lines of a file through the transform. */
export async function sniff(file: PlannedFile, run: LinesRun): Promise<Sniffed> {
  const dialects = new Map<string, number>();
  const streams = new Map<string, number>();
  const problems = new Map<string, number>();
  const records: Record<'json' | 'logfmt', JsonObject[]> = { json: [], logfmt: [] };
  const report = new ImportReport();
  let sampled = 0;
  for await (const { results } of resultsOf(file, run, report)) {
    for (const { verdict } of results.slice(0, SAMPLE_LINES - sampled)) {
      sampled++;
      const event = objectOf(verdict.json) ?? {};
      if (verdict.outcome === 'stored') {
        count(dialects, String(event.dialect));
        count(streams, verdict.stream);
        continue;
      }
      count(problems, verdict.reason ?? 'unknown');
      const raw = String(event.raw);
      const record = objectOf(raw);
      const pairs = record === undefined ? parseLogfmt(raw) : undefined;
      if (record !== undefined && verdict.reason === 'unknown_shape') records.json.push(record);
      else if (pairs !== undefined && Object.keys(pairs).length > 1) records.logfmt.push(pairs);
    }
    if (sampled >= SAMPLE_LINES) break;
  }
  const format = records.logfmt.length > records.json.length ? 'logfmt' : 'json';
  const found = records[format];
  const unknown: UnknownFile | undefined =
    found.length === 0 ? undefined : { path: file.place.path, format: file.sheet ? 'csv' : format, records: found };
  return { path: file.file.path, sampled, dialects, streams, problems, unread: report.unread[0]?.why, unknown };
}

function objectOf(text: string): JsonObject | undefined {
  const value = parseJson(text)?.value;
  return isObject(value) ? value : undefined;
}
