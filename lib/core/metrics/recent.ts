const GENERATION = 25_000;
/** A power of two, more than twice a generation. */
const SLOTS = 65_536;

/** Remembers the last 25,000 to 50,000 texts by a 53-bit hash: 1 MB, whatever comes in, and nothing for the collector. */
export class Recent {
  #young = new Float64Array(SLOTS);
  #old = new Float64Array(SLOTS);
  #size = 0;

  /**
   * Whether the text was there already; it is from now on. Two texts of a hash are one in 10^11 pairs of that many.
   * @param rest goes on with the text, up to `end`, and is not copied for it
   */
  seen(text: string, rest = '', end = rest.length): boolean {
    const hash = hash53(text, rest, end) || 1; // 0 is an empty slot
    const at = slotOf(this.#young, hash);
    if (this.#young[at] === hash) return true;
    const known = this.#old[slotOf(this.#old, hash)] === hash;
    this.#young[at] = hash;
    this.#size++;
    if (this.#size >= GENERATION) {
      [this.#young, this.#old] = [this.#old.fill(0), this.#young];
      this.#size = 0;
    }
    return known;
  }
}

/** Where a hash stands, or would. */
function slotOf(table: Float64Array, hash: number): number {
  let at = hash & (SLOTS - 1);
  while (table[at] !== 0 && table[at] !== hash) at = (at + 1) & (SLOTS - 1);
  return at;
}

/** Two 32-bit multiplicative hashes, mixed; fast, and nothing that must withstand an attacker hangs on it. */
function hash53(text: string, rest: string, end: number): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2_654_435_761);
    b = Math.imul(b ^ unit, 1_597_334_677);
  }
  for (let i = 0; i < end; i++) {
    const unit = rest.charCodeAt(i);
    a = Math.imul(a ^ unit, 2_654_435_761);
    b = Math.imul(b ^ unit, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & b) + (a >>> 0);
}
