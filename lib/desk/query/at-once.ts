/** Maps items in their order, at most so many at once; the first error ends it. */
export async function atOnce<Item, Result>(
  most: number,
  items: readonly Item[],
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries(); // shared: whoever is free takes the next
  await Promise.all(
    Array.from({ length: Math.min(most, items.length) }, async () => {
      for (const [index, item] of left) results[index] = await map(item);
    }),
  );
  return results;
}
