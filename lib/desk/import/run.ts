import type { CompiledMap } from '../../core/dialects/map.ts';
import { lineId } from '../../core/ids.ts';
import type { ObjectStore } from '../../core/ports/index.ts';
import { isBlank } from '../../core/transform/lines.ts';
import { quarantine } from '../../core/transform/quarantine.ts';
import type { Reason, TransformLine, Verdict } from '../../core/transform/types.ts';
import type { LogLine } from '../logs/lines.ts';
import type { Facts, OutgoingLog } from '../logs/outgoing.ts';
import { isRead, readLogLines, untilGone } from '../logs/read.ts';
import { CsvRows, type Row } from './csv.ts';
import { LakeWriter } from './lake-writer.ts';
import { type Entries, entriesOf } from './outgoing.ts';
import type { PlannedFile } from './plan.ts';
import { ImportReport } from './report.ts';

/** What every command that runs logs through the transform is told. */
export interface LinesRun {
  readonly transform: TransformLine;
  readonly facts: Facts;
  readonly map?: CompiledMap | undefined;
  /** When the lines came in. */
  readonly arrivedMs: number;
}

export interface ImportRun extends LinesRun {
  readonly store: ObjectStore;
  /** Told after each batch of lines: bytes of files read so far. */
  readonly onProgress?: (bytes: number, report: ImportReport) => void;
  /** Bytes of all partitions at which they are written. @default 32 MiB */
  readonly bufferBytes?: number;
}

/** Brings every line of the files to the lake and says what became of each. @throws LAKE_UNWRITABLE */
export async function importFiles(files: readonly PlannedFile[], run: ImportRun): Promise<ImportReport> {
  const report = new ImportReport();
  const writer = new LakeWriter({
    store: run.store,
    nowMs: Date.now,
    written({ bytes }) {
      report.objects++;
      report.objectBytes += bytes;
    },
    ...(run.bufferBytes === undefined ? {} : { bufferBytes: run.bufferBytes }),
  });
  let bytesBefore = 0;
  for (const file of files) {
    for await (const { readBytes, results } of resultsOf(file, run, report)) {
      for (const { verdict } of results) {
        report.add(verdict);
        writer.add(verdict);
        if (writer.full) await writer.flush();
      }
      run.onProgress?.(bytesBefore + readBytes, report);
    }
    bytesBefore += file.file.bytes;
    run.onProgress?.(bytesBefore, report);
  }
  await writer.flush();
  return report;
}

/** What became of one line or row. */
export interface LineResult {
  readonly number: number;
  readonly verdict: Verdict;
}

interface Results {
  readonly results: readonly LineResult[];
  readonly readBytes: number;
}

/** Runs one file through the transform. Counts lines, blank ones and headers in the report; verdicts are the caller's. */
export async function* resultsOf(planned: PlannedFile, run: LinesRun, report: ImportReport): AsyncGenerator<Results> {
  const { file, place, log, sheet } = planned;
  const reader = readLogLines(file.path, { expect: { ...file, first: log?.first } });
  const outgoing: OutgoingLog = { ...place, file: log?.file ?? '' };
  const entries = entriesOf({ log: outgoing, facts: run.facts, map: run.map, filePath: file.path });
  const results = sheet
    ? new SheetResults(outgoing, entries, run, report)
    : new LogResults(outgoing, entries, run, report);
  let readBytes = 0;
  for await (const batch of untilGone(reader)) {
    readBytes = batch.readBytes;
    yield { results: results.of(batch.lines), readBytes };
    if (log !== undefined) log.known = batch.point;
  }
  yield { results: results.end(), readBytes };
  if (log !== undefined && isRead(reader.report)) {
    log.bytes = reader.report.fileBytes;
    log.mtimeMs = reader.report.mtimeMs;
    log.heldBytes = reader.report.heldBytes;
  }
  report.read(file.path, reader.report, sheet);
}

class LogResults {
  protected readonly log: OutgoingLog;
  protected readonly entries: Entries;
  protected readonly run: LinesRun;
  protected readonly report: ImportReport;

  constructor(log: OutgoingLog, entries: Entries, run: LinesRun, report: ImportReport) {
    this.log = log;
    this.entries = entries;
    this.run = run;
    this.report = report;
  }

  of(lines: readonly LogLine[]): LineResult[] {
    return lines.flatMap((line) => {
      this.report.lines++;
      if (line.flaw === 'too_large') return [this.tooLarge(line)];
      return isBlank(line.text) ? this.blank() : [this.verdict(line.number, this.entries.line(line))];
    });
  }

  end(): LineResult[] {
    return [];
  }

  protected blank(): [] {
    this.report.blank++;
    return [];
  }

  protected verdict(number: number, wire: string): LineResult {
    const position = { recordId: lineId(this.log.file, number), index: 0, arrivedMs: this.run.arrivedMs };
    const verdict = this.run.transform(wire, position);
    // The wire form is never blank, so there is always a verdict.
    return {
      number,
      verdict: verdict ?? this.refused(number, wire, { reason: 'not_an_object', detail: 'the line is blank' }),
    };
  }

  protected tooLarge({ number, text, bytes }: Pick<LogLine, 'number' | 'text' | 'bytes'>): LineResult {
    const detail = `the line has ${bytes} bytes; its beginning is kept`;
    return { number, verdict: this.refused(number, text, { reason: 'too_large', detail }) };
  }

  private refused(line: number, raw: string, { reason, detail }: { reason: Reason; detail: string }): Verdict {
    const { source, path, file } = this.log;
    const position = { recordId: lineId(file, line), index: 0, arrivedMs: this.run.arrivedMs };
    return quarantine({ raw, position, source, path, file, line }, { reason, detail, target: undefined }, NO_HASHING);
  }
}

const NO_HASHING = {
  secretNames: new Set<string>(),
  hashedNames: new Set<string>(),
  hash: (text: string): string => text,
};

class SheetResults extends LogResults {
  readonly #rows: CsvRows;

  constructor(log: OutgoingLog, entries: Entries, run: LinesRun, report: ImportReport) {
    super(log, entries, run, report);
    this.#rows = new CsvRows(run.map?.csv);
  }

  override of(lines: readonly LogLine[]): LineResult[] {
    return this.#rows.push(lines).flatMap((row) => this.#result(row));
  }

  override end(): LineResult[] {
    return this.#rows.end().flatMap((row) => this.#result(row));
  }

  #result(row: Row): LineResult[] {
    this.report.lines++;
    if (row.kind === 'blank') return this.blank();
    if (row.kind === 'too_large') return [this.tooLarge(row)];
    if (row.kind !== 'header') return [this.verdict(row.number, this.entries.row(row))];
    this.report.headers++;
    return [];
  }
}
