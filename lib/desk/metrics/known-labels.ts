import { LabelBook, type Labels } from '../../core/metrics/labels.ts';

/** The labels of a desk, which asks for the same few at every event: those it knows cost one look. */
export class KnownLabels extends LabelBook {
  readonly #isPlain: boolean;
  /** By source and strategy, where no other column is a label. */
  readonly #known = new Map<string | undefined, Map<unknown, Labels>>();

  constructor(settings: ConstructorParameters<typeof LabelBook>[0] & { readonly dimensions: readonly string[] }) {
    super(settings);
    this.#isPlain = settings.dimensions.length === 0;
  }

  override of(event: Readonly<Record<string, unknown>>, source?: string): Labels {
    const known = this.#known.get(source)?.get(event.strategy_id);
    if (known !== undefined) return known;
    const labels = super.of(event, source);
    // Only what is told apart: the book has no more than so many of those.
    if (this.#isPlain && labels.values.strategy_id === event.strategy_id) {
      const own = this.#known.get(source) ?? new Map<unknown, Labels>();
      this.#known.set(source, own.set(event.strategy_id, labels));
    }
    return labels;
  }
}
