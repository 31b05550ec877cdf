/** The name closest to a mistyped one; undefined where none is close. */
export function nearestName(mistyped: string, names: readonly string[]): string | undefined {
  const wanted = fold(mistyped);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1; // more edits than a third make another word of it
  for (const name of names) {
    const edits = distance(wanted, fold(name));
    if (edits < least) [best, least] = [name, edits];
  }
  return best;
}

/** `orderIntents` and `order-intents` mean `order_intents`. */
const fold = (name: string): string =>
  name
    .slice(0, 100)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[-. ]/g, '_');

/** Edits between two words: insertions, deletions, replacements. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
