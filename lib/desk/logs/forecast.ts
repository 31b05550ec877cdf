import type { TransformLine, Verdict } from '../../core/transform/types.ts';

/** What the receiver's transform should make of what was sent. An answer of Firehose says nothing about it. */
export class Forecast {
  stored = 0;
  quarantined = 0;
  readonly byReason = new Map<string, number>();
  readonly byStream = new Map<string, number>();
  readonly #transform: TransformLine;

  /** The transform of the core, as the receiver runs it. */
  constructor(transform: TransformLine) {
    this.#transform = transform;
  }

  /** Runs one line that is sent through the transform. */
  add(wireLine: string, arrivedMs: number): Verdict | undefined {
    const verdict = this.#transform(wireLine, { recordId: 'forecast', index: 0, arrivedMs });
    if (verdict === undefined) return undefined;
    if (verdict.outcome === 'stored') {
      this.stored++;
      count(this.byStream, verdict.stream);
    } else {
      this.quarantined++;
      count(this.byReason, verdict.reason ?? 'unknown');
    }
    return verdict;
  }
}

export const count = (counts: Map<string, number>, name: string, by = 1): void => {
  counts.set(name, (counts.get(name) ?? 0) + by);
};
