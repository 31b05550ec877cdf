const SMALLEST = 64 * 1024;
const MOST_KEPT_BYTES = 32 * 1024 * 1024;

/**
 * Memory for large frames, used again. A frame lives just long enough to be moved to the old generation, where the
 * collector would learn of its end hundreds of megabytes later.
 */
export class FramePool {
  readonly #free = new Map<number, Buffer[]>();
  #keptBytes = 0;

  /** A buffer of exactly so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    if (bytes < SMALLEST) return Buffer.allocUnsafe(bytes);
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const kept = this.#free.get(size)?.pop();
    if (kept !== undefined) this.#keptBytes -= size;
    return (kept ?? Buffer.allocUnsafeSlow(size)).subarray(0, bytes);
  }

  /** Gives a buffer back; nobody may read it any more. One that did not come from here is left to the collector. */
  give(frame: Buffer): void {
    const { buffer, byteOffset } = frame;
    const size = buffer.byteLength;
    if (
      byteOffset !== 0 ||
      frame.length < SMALLEST ||
      frame.length > size ||
      frame.length * 2 <= size ||
      !Number.isInteger(Math.log2(size))
    )
      return;
    if (this.#keptBytes + size > MOST_KEPT_BYTES) return;
    const free = this.#free.get(size);
    const whole = Buffer.from(buffer, 0, size);
    if (free === undefined) this.#free.set(size, [whole]);
    else free.push(whole);
    this.#keptBytes += size;
  }
}
