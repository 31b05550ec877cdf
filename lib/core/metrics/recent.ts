const GENERATION = 25_000;

/** Remembers the last 25,000 to 50,000 texts by a 53-bit hash: about 3 MB, whatever comes in. */
export class Recent {
  #young = new Set<number>();
  #old = new Set<number>();

  /** Whether the text was there already; it is from now on. Two texts of a hash are one in 10^11 pairs of that many. */
  seen(text: string): boolean {
    const hash = hash53(text);
    if (this.#young.has(hash)) return true;
    const known = this.#old.has(hash);
    this.#young.add(hash);
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    return known;
  }
}

/** Two 32-bit multiplicative hashes, mixed; fast, and nothing that must withstand an attacker hangs on it. */
function hash53(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2_654_435_761);
    b = Math.imul(b ^ unit, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & b) + (a >>> 0);
}
