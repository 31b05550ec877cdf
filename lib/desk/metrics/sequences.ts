import type { LabelBook, Labels } from '../../core/metrics/labels.ts';
import { minuteOf, type Sample } from '../../core/metrics/samples.ts';
import { foldNumber, gapsIn, type Sequence } from '../../core/metrics/sequence.ts';
import type { Verdict } from '../../core/transform/types.ts';

interface Numbered {
  readonly labels: Labels;
  sequence: Sequence;
  heardMs: number;
}

const MOST_RUNS = 500;
/** A run that was silent for so long misses nothing any more. */
const FORGOTTEN_MS = 3_600_000;
const SEQ = '"seq":';

/** Numbers that emitters give their events, by run: what a desk sees of them without reading its lake. */
export class Sequences {
  readonly #runs = new Map<string, Numbered>();
  /** The run heard last, which stands at the end. */
  #last: Numbered | undefined;

  /** Lines of files carry their line number instead, which `nightdesk query sequence-gaps` looks at. */
  note({ json, facts }: Verdict, book: LabelBook): void {
    if (facts === undefined) return;
    const { event, arrivedMs } = facts;
    if (typeof event.emitter_version !== 'string' || typeof event.session_id !== 'string') return;
    // The stamp's own: inside a text the quotes would be escaped.
    const at = json.indexOf(SEQ) + SEQ.length;
    const seq = Number.parseInt(json.slice(at, at + 16), 10);
    if (!Number.isSafeInteger(seq)) return;
    const key = `${String(event.strategy_id)}\n${event.session_id}`;
    const known = this.#runs.get(key);
    const sequence = foldNumber(known?.sequence, seq, arrivedMs);
    if (known !== undefined && known === this.#last) {
      known.sequence = sequence;
      known.heardMs = arrivedMs;
      return;
    }
    this.#runs.delete(key);
    this.#last = { labels: known?.labels ?? book.of(event), sequence, heardMs: arrivedMs };
    this.#runs.set(key, this.#last);
    if (this.#runs.size <= MOST_RUNS) return;
    const oldest = this.#runs.keys().next().value;
    if (oldest !== undefined) this.#runs.delete(oldest);
  }

  /** What is missing, of the runs of each strategy together. */
  samples(nowMs: number): Sample[] {
    const gaps = new Map<Labels, number>();
    this.#last = undefined; // what is forgotten here stands nowhere
    for (const [key, { labels, sequence, heardMs }] of this.#runs) {
      if (nowMs - heardMs > FORGOTTEN_MS) this.#runs.delete(key);
      else gaps.set(labels, (gaps.get(labels) ?? 0) + gapsIn(sequence, nowMs));
    }
    return [...gaps].map(([labels, value]) => ({
      name: 'pipeline.events.sequence_gaps',
      labels,
      value,
      minuteMs: minuteOf(nowMs),
    }));
  }
}
