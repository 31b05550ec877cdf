/** A possible partner and how far it is away. */
export interface Candidate {
  readonly right: number;
  readonly distance: number;
}

/**
 * Pairs lefts with rights one to one: the nearest pairs first, then by augmenting paths (Kuhn) for those left over, so that
 * no left stays alone that could have had a partner. The result does not depend on the order of the lefts' candidates.
 * @returns the right of each left
 */
export function assign(candidates: readonly (readonly Candidate[])[]): (number | undefined)[] {
  const rightOf: (number | undefined)[] = candidates.map(() => undefined);
  const leftOf = new Map<number, number>();
  const pairs = candidates
    .flatMap((list, left) => list.map(({ right, distance }) => ({ left, right, distance })))
    .sort((a, b) => a.distance - b.distance || a.left - b.left || a.right - b.right);
  for (const { left, right } of pairs) {
    if (rightOf[left] !== undefined || leftOf.has(right)) continue;
    rightOf[left] = right;
    leftOf.set(right, left);
  }
  for (const left of candidates.keys()) if (rightOf[left] === undefined) augment(left, { candidates, rightOf, leftOf });
  return rightOf;
}

interface Pairing {
  readonly candidates: readonly (readonly Candidate[])[];
  readonly rightOf: (number | undefined)[];
  readonly leftOf: Map<number, number>;
}

/** Finds the shortest chain of exchanges that frees a right for the left, by breadth: chains may be long. */
function augment(start: number, { candidates, rightOf, leftOf }: Pairing): void {
  const cameFrom = new Map<number, number>(); // right → left that reached it
  const queue = [start];
  for (let at = 0; at < queue.length; at++) {
    const left = queue[at] ?? start;
    for (const { right } of candidates[left] ?? []) {
      if (cameFrom.has(right)) continue;
      cameFrom.set(right, left);
      const holder = leftOf.get(right);
      if (holder !== undefined) {
        queue.push(holder);
        continue;
      }
      exchange(right, { cameFrom, rightOf, leftOf });
      return;
    }
  }
}

function exchange(
  free: number,
  { cameFrom, rightOf, leftOf }: Pick<Pairing, 'rightOf' | 'leftOf'> & { cameFrom: ReadonlyMap<number, number> },
): void {
  let right: number | undefined = free;
  while (right !== undefined) {
    const left: number | undefined = cameFrom.get(right);
    if (left === undefined) return;
    const before: number | undefined = rightOf[left];
    rightOf[left] = right;
    leftOf.set(right, left);
    right = before;
  }
}
