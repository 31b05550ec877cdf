import { isBlank } from '../../core/transform/lines.ts';
import type { Deliver } from '../delivery-client.ts';
import type { LogFile } from './discover.ts';
import type { KnownLog, Ledger } from './ledger.ts';
import type { Outgoing } from './outgoing.ts';
import { Packer, spanText } from './packing.ts';
import { type Point, START } from './point.ts';
import { type LogReader, readLogLines } from './read.ts';
import { Sender } from './sender.ts';
import { orGone, type Seen, Tracker, type TrackerOptions } from './tracker.ts';
import { WatchTotals } from './watch-totals.ts';

export interface WatchOptions extends TrackerOptions {
  /** What the cursor belongs to: another target gets everything from the start. */
  readonly target: string;
  readonly deliver: Deliver;
  readonly outgoing: Outgoing;
  /** Files that are there when the folder is watched for the first time are passed over. */
  readonly fromEnd: boolean;
  /** Ends reading; what was read is still delivered, as far as the delivery allows. */
  readonly stop: AbortSignal;
  /** How long a rotated file must be unchanged before its last line is sent without a line end, in ms. @default 60000 */
  readonly settleMs?: number;
}

/** Read of one file before the next one gets its turn. */
const TURN_BYTES = 8 * 1024 * 1024;
const SETTLE_MS = 60_000;
/** The cursor is written at most this often, and takes at most a twentieth of the time. */
const SAVE_MS = 500;
const SAVE_SHARE = 20;

interface Delivering {
  readonly log: KnownLog;
  readonly ledger: Ledger | undefined;
}

/** Follows the logs of a folder: each `cycle` looks at all of them and sends what is new. */
export class LogWatcher {
  readonly totals = new WatchTotals();
  readonly #options: WatchOptions;
  readonly #tracker: Tracker;
  readonly #sender: Sender<Delivering>;
  /** One object per log, so that the sender can tell logs apart by it. */
  readonly #delivering = new Map<KnownLog, Delivering>();
  /** How far each log was read in this run; the ledger says how far it is delivered. */
  readonly #readTo = new Map<KnownLog, Point>();
  #passOver: boolean;
  #savedMs = Number.NEGATIVE_INFINITY;
  #saveTookMs = 0;

  private constructor(options: WatchOptions, tracker: Tracker) {
    this.#options = options;
    this.#tracker = tracker;
    this.#passOver = options.fromEnd && !tracker.ledger.hasBegun(this.#begunKey);
    this.#sender = new Sender(options.deliver, {
      onSettled: (record, outcome) => {
        this.totals.settle(record.lines, outcome);
        if (outcome.kind === 'refused')
          options.say?.(`refused: ${outcome.why} (${spanText(record.spans, ({ log }) => log.path)})`);
      },
      onPoint: ({ log, ledger }, point) => {
        log.delivered[options.target] = point;
        ledger?.touch(log);
      },
    });
  }

  /** @throws DATA_UNREADABLE */
  static async open(options: WatchOptions): Promise<LogWatcher> {
    return new LogWatcher(options, await Tracker.open(options));
  }

  /**
   * Looks once at all files and delivers what is new.
   * @returns whether there is more to read at once
   * @throws PATH_NOT_FOUND when the folder is gone
   */
  async cycle(): Promise<boolean> {
    let more = false;
    for (const seen of await this.#tracker.look()) {
      if (this.#options.stop.aborted) break;
      if (await this.#read(seen)) more = true;
      if (performance.now() - this.#savedMs >= Math.max(SAVE_MS, SAVE_SHARE * this.#saveTookMs)) await this.save();
    }
    await this.#sender.flush();
    if (!this.#options.stop.aborted && !more) {
      this.#passOver = false;
      if (!this.#tracker.ledger.hasBegun(this.#begunKey)) this.#tracker.ledger.begin(this.#begunKey);
    }
    return more;
  }

  /** Writes the cursor. What was not delivered by then is read again after a restart. */
  async save(): Promise<void> {
    const startedMs = performance.now();
    await this.#tracker.save();
    this.#savedMs = performance.now();
    this.#saveTookMs = this.#savedMs - startedMs;
  }

  get #begunKey(): string {
    return `${this.#options.target} ${this.#options.root}`;
  }

  /** Reads a file for one turn. @returns whether there is more to do at once */
  async #read(seen: Seen): Promise<boolean> {
    const { file, log } = seen;
    if (log === undefined) return false;
    const last = this.#ending(seen, log);
    if (last === undefined) return false;
    const from = this.#readTo.get(log) ?? log.delivered[this.#options.target] ?? START;
    const reader = readLogLines(file.path, { from, last, expect: { ...file, first: seen.first } });
    const finished = await orGone(this.#send(seen, { log, reader, from }));
    if (finished === undefined || reader.report.changed) {
      this.#tracker.doubt(seen); // another file has its name by now, or it was cut
      return true;
    }
    if (!finished) return true;
    const { report } = reader;
    this.totals.damage(file, report, this.#tracker.remarks);
    seen.read = { bytes: report.fileBytes, mtimeMs: report.mtimeMs };
    log.bytes = report.fileBytes;
    log.mtimeMs = report.mtimeMs;
    log.heldBytes = report.heldBytes;
    this.#tracker.ledgerOf(seen.place.source)?.touch(log);
    return false;
  }

  /** How to read a file's last line now; undefined where nothing can be new in the file. */
  #ending({ file, read }: Seen, log: KnownLog): 'hold' | 'give' | undefined {
    const delivered = log.delivered[this.#options.target];
    // After a restart, what the ledger says stands for what this run has not read yet.
    const last = read ?? (delivered?.bytes === log.known.bytes ? log : undefined);
    if (last === undefined || last.bytes !== file.bytes || last.mtimeMs !== file.mtimeMs) return 'hold';
    // Nobody writes to a rotated file that has settled: its last line is as long as it will be.
    const settled = isRotated(file) && Date.now() - file.mtimeMs >= (this.#options.settleMs ?? SETTLE_MS);
    return log.heldBytes > 0 && settled ? 'give' : undefined;
  }

  /** @returns whether the file was read to its end */
  async #send(
    { file, place }: Seen,
    { log, reader, from }: { log: KnownLog; reader: LogReader; from: Point },
  ): Promise<boolean> {
    const { outgoing, stop, target, say } = this.#options;
    const line = outgoing({ source: place.source, path: log.path, file: log.file });
    const delivering = this.#deliveringOf(log, place.source);
    const passOver = this.#passOver && log.delivered[target] === undefined;
    for await (const batch of reader) {
      for (const one of batch.lines) {
        this.totals.lines++;
        if (passOver) this.totals.passedOver++;
        else if (isBlank(one.text) && one.flaw !== 'too_large') this.totals.blank++;
        else {
          const text = one.flaw === 'too_large' ? undefined : line(one);
          if (text !== undefined && Packer.fits(text))
            await this.#sender.add(text, { log: delivering, line: one.number });
          else {
            this.totals.tooLarge++;
            say?.(`too large to be sent: ${file.path}:${one.number} (${one.bytes} bytes)`);
          }
        }
      }
      this.#sender.mark(delivering, batch.point);
      this.#readTo.set(log, batch.point);
      if (batch.point.bytes > log.known.bytes) log.known = batch.point;
      if (stop.aborted || (!passOver && batch.point.bytes - from.bytes > TURN_BYTES)) return false;
    }
    return true;
  }

  #deliveringOf(log: KnownLog, source: string): Delivering {
    const known = this.#delivering.get(log) ?? { log, ledger: this.#tracker.ledgerOf(source) };
    this.#delivering.set(log, known);
    return known;
  }
}

const isRotated = ({ name }: LogFile): boolean => name.rotation !== undefined || name.gzip;
