export interface AheadOptions<T> {
  /** Most items that are worked on at once. */
  readonly atOnce: number;
  /** What an item weighs, and the weight beyond which no other is begun. */
  readonly weight: (item: T) => number;
  readonly most: number;
}

/**
 * The results of work on items, in the order of the items; while one is taken, the next are worked on already. A store
 * far away answers in milliseconds however little is asked of it: one by one a day of small objects takes minutes.
 */
export async function* ahead<T, R>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  { atOnce, weight, most }: AheadOptions<T>,
): AsyncGenerator<R> {
  const begun: { readonly result: Promise<R>; readonly weight: number }[] = [];
  let weighs = 0;
  for await (const item of items) {
    const own = weight(item);
    for (
      let first = begun[0];
      first !== undefined && (begun.length >= atOnce || weighs + own > most);
      first = begun[0]
    ) {
      yield await first.result;
      begun.shift();
      weighs -= first.weight;
    }
    const result = work(item);
    result.catch(() => undefined); // is thrown where it is awaited, or nobody wants it any more
    begun.push({ result, weight: own });
    weighs += own;
  }
  for (const { result } of begun) yield await result;
}
