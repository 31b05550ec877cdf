import { dateOf } from '../../core/lake/keys.ts';
import type { Cell, ObjectStore } from '../../core/ports/index.ts';
import type { StreamingEngine } from '../../core/query/dialect.ts';
import { FACT_COLUMNS, type Quarantined, redrivenLine, rerun } from '../../core/query/rerun.ts';
import { literal } from '../../core/query/text.ts';
import { QUARANTINE } from '../../core/transform/quarantine.ts';
import type { TransformLine, Verdict } from '../../core/transform/types.ts';
import { LakeBatch } from './lake-batch.ts';
import { type CellRow, rowsOf, textOrNull } from './rows.ts';

export interface RedriveOptions {
  readonly lake: StreamingEngine;
  readonly store: ObjectStore;
  readonly transform: TransformLine;
  /** @default - every reason */
  readonly reason?: string;
  /** First and last UTC day of arrival. @default - no limit */
  readonly from?: string;
  readonly to?: string;
  /** Says what would be, and writes nothing. */
  readonly dryRun: boolean;
  /** Lines held before they are written. @default - 20,000 */
  readonly batchLines?: number;
}

export interface ReasonCounts {
  readonly reason: string;
  /** Lines in quarantine for this reason before. */
  before: number;
  /** Of those: stored by this run, found stored already, and still there. */
  stored: number;
  already: number;
  after: number;
}

export interface RedriveReport {
  readonly looked: number;
  readonly stored: number;
  readonly already: number;
  readonly left: number;
  /** Events written: a record that was held whole may hold several. */
  readonly events: number;
  readonly reasons: readonly ReasonCounts[];
  /** Reasons that lines are refused for today, where it is another than before. */
  readonly changed: readonly { readonly from: string; readonly to: string; readonly lines: number }[];
}

const BATCH_LINES = 20_000;
const CHANGE = '\u0000';

/**
 * Runs quarantine through the transform again. Events go to the lake before the lines that take them out of quarantine,
 * each object at a key made of its content: a run that dies is repeated by the next, and changes nothing twice.
 */
export async function redrive(options: RedriveOptions): Promise<RedriveReport> {
  const run = new Redrive(options);
  let already: ReadonlyMap<string, string> | undefined; // looked up for the first line: without one, all events would be read for nothing
  const { batches, columns } = await options.lake.stream(
    `select ${COLUMNS.join(', ')} from quarantine where ${conditions(options)} order by date, ingested_at, event_id`,
  );
  for await (const batch of batches)
    for (const row of batch) {
      already ??= await storedSince(options);
      await run.take(lineOf(columns, row), already);
    }
  return run.finish();
}

const COLUMNS = [
  'event_id',
  'ts',
  'ts_ms',
  'seq',
  'ingested_at',
  'source',
  'source_path',
  'reason',
  'target',
  'raw',
  ...FACT_COLUMNS,
];

/** Lines that came again and were stored then: with a mended map, or by a newer version. */
async function storedSince(options: RedriveOptions): Promise<ReadonlyMap<string, string>> {
  const rows = await rowsOf(
    options.lake,
    `select q.event_id as id, min(e.stream) as stream from quarantine as q join events as e on e.event_id = q.event_id ` +
      `and e.source is not distinct from q.source where ${conditions(options, 'q.')} group by q.event_id`,
  );
  return new Map(rows.map(({ id, stream }) => [String(id), String(stream)]));
}

const conditions = ({ reason, from, to }: RedriveOptions, of = ''): string =>
  [
    'true',
    ...(reason === undefined ? [] : [`${of}reason = ${literal(reason)}`]),
    ...(from === undefined ? [] : [`${of}date >= ${literal(from)}`]),
    ...(to === undefined ? [] : [`${of}date <= ${literal(to)}`]),
  ].join(' and ');

function lineOf(columns: readonly { readonly name: string }[], cells: readonly Cell[]): Quarantined {
  const row: CellRow = Object.fromEntries(columns.map(({ name }, i) => [name, cells[i] ?? null]));
  const facts = FACT_COLUMNS.flatMap((name) => (typeof row[name] === 'string' ? [[name, row[name]]] : []));
  return {
    event_id: String(row.event_id),
    ts: String(row.ts),
    ts_ms: Number(row.ts_ms),
    seq: row.seq === null ? null : Number(row.seq),
    ingested_at: String(row.ingested_at),
    source: textOrNull(row.source),
    source_path: textOrNull(row.source_path),
    reason: String(row.reason),
    target: textOrNull(row.target),
    raw: textOrNull(row.raw) ?? '',
    facts: Object.fromEntries(facts),
  };
}

class Redrive {
  readonly #options: RedriveOptions;
  readonly #reasons = new Map<string, ReasonCounts>();
  readonly #changed = new Map<string, number>();
  readonly #events = new LakeBatch('redrive');
  readonly #notes = new LakeBatch('redrive');
  #written = 0;

  constructor(options: RedriveOptions) {
    this.#options = options;
  }

  async take(line: Quarantined, already: ReadonlyMap<string, string>): Promise<void> {
    const counts = this.#countsOf(line.reason);
    counts.before++;
    const stream = already.get(line.event_id);
    if (stream !== undefined) {
      counts.already++;
      this.#note(line, [stream]);
    } else {
      const verdicts = rerun(line, this.#options.transform);
      if (verdicts.length > 0 && verdicts.every(({ outcome }) => outcome === 'stored')) {
        counts.stored++;
        for (const verdict of verdicts) this.#store(verdict, line.ts_ms);
        this.#note(
          line,
          verdicts.map((verdict) => verdict.stream),
        );
      } else this.#keep(line.reason, verdicts, counts);
    }
    if (this.#events.lines + this.#notes.lines >= (this.#options.batchLines ?? BATCH_LINES)) await this.#write();
  }

  async finish(): Promise<RedriveReport> {
    await this.#write();
    const reasons = [...this.#reasons.values()].sort((a, b) => b.before - a.before);
    const sum = (value: (one: ReasonCounts) => number): number => reasons.reduce((total, one) => total + value(one), 0);
    return {
      looked: sum(({ before }) => before),
      stored: sum(({ stored }) => stored),
      already: sum(({ already }) => already),
      left: sum(({ after }) => after),
      events: this.#written,
      reasons,
      changed: [...this.#changed].map(([change, lines]) => {
        const [from = '', to = ''] = change.split(CHANGE);
        return { from, to, lines };
      }),
    };
  }

  #keep(reason: string, verdicts: readonly Verdict[], counts: ReasonCounts): void {
    counts.after++;
    const today = verdicts.find(({ outcome }) => outcome === 'quarantined')?.reason;
    if (today === undefined || today === reason) return;
    const change = `${reason}${CHANGE}${today}`;
    this.#changed.set(change, (this.#changed.get(change) ?? 0) + 1);
  }

  #store(verdict: Verdict, atMs: number): void {
    this.#written++;
    this.#events.add(verdict, verdict.json, atMs);
  }

  #note(line: Quarantined, streams: readonly string[]): void {
    // Beside the line it is about: in the day that came in.
    const partition = { stream: QUARANTINE, version: 1, date: dateOf(line.ts_ms) };
    this.#notes.add(partition, redrivenLine(line, streams), line.ts_ms);
  }

  async #write(): Promise<void> {
    const { dryRun, store } = this.#options;
    await this.#events.write(dryRun ? undefined : store);
    await this.#notes.write(dryRun ? undefined : store);
  }

  #countsOf(reason: string): ReasonCounts {
    const counts = this.#reasons.get(reason) ?? { reason, before: 0, stored: 0, already: 0, after: 0 };
    this.#reasons.set(reason, counts);
    return counts;
  }
}
