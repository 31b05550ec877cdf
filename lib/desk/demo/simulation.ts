import { createHash } from 'node:crypto';
import { wireLine } from '../../core/transform/wire.ts';
import { Crossover } from './crossover.ts';
import { type Bar, createMarket } from './market.ts';
import { createRandom } from './random.ts';
import { createSpells } from './spells.ts';
import { Stacker } from './stacker.ts';
import { BAR_MS, type LogLine } from './stacker-pen.ts';

/** How long after its bar's end the last record of a bar is written, at most, in ms. */
export const WRITING_MS = 500;

const SOURCE = 'demo-stacker';
const FACTS = { strategy_id: 'stacker', mode: 'paper', venue: 'hyperliquid' } as const;

/**
 * Two bots on two made-up markets, in steps of half a bar: the first bot acts at the end of a bar, the second in its
 * middle. The same seed and start give the same lines.
 */
export class Simulation {
  readonly #runId: string;
  readonly #markets: Readonly<Record<'stacker' | 'crossover', (openMs: number) => Bar>>;
  readonly #spell: ReturnType<typeof createSpells>;
  readonly #stacker: Stacker;
  readonly #crossover: Crossover;
  /** Lines that each of the first bot's files holds so far. */
  readonly #files = new Map<string, number>();
  #nextMs: number;
  #steps = 0;

  constructor({ seed, startMs }: { seed: number; startMs: number }) {
    const random = createRandom(seed);
    this.#nextMs = Math.floor(startMs / BAR_MS) * BAR_MS;
    this.#runId = [8, 4, 4, 4, 12].map((digits) => random.hex(digits)).join('-');
    this.#markets = {
      stacker: createMarket(createRandom(seed + 1), { price: 86_000, volume: 12 }),
      crossover: createMarket(createRandom(seed + 2), { price: 3_100, volume: 150 }),
    };
    this.#spell = createSpells(createRandom(seed + 3));
    this.#stacker = new Stacker(createRandom(seed + 4), this.#runId);
    this.#crossover = new Crossover(createRandom(seed + 5), `session_${this.#runId.slice(0, 8)}`);
  }

  /** When the next step may be taken, in ms since the epoch: all that it writes has happened by then. */
  get nextMs(): number {
    return this.#nextMs + WRITING_MS;
  }

  /** The lines that the bots write in the next step, ready to be sent. */
  step(): string[] {
    const atMs = this.#nextMs;
    this.#nextMs += BAR_MS / 2;
    const spell = this.#spell();
    if (this.#steps++ % 2 === 1) return this.#crossover.onCycle(atMs, this.#markets.crossover(atMs - BAR_MS), spell);
    return this.#stacker.onBar(this.#markets.stacker(atMs - BAR_MS), spell).map((line) => this.#onWire(line));
  }

  /** What the bots say when they are stopped. */
  end(nowMs: number): string[] {
    return this.#crossover.end(nowMs);
  }

  #onWire({ path, raw }: LogLine): string {
    const line = (this.#files.get(path) ?? 0) + 1;
    this.#files.set(path, line);
    // A run's files are its own: the next run must not pass for a resend of this one.
    const file = `${createHash('sha256').update(`${this.#runId}:${path}`).digest('hex').slice(0, 24)}.0`;
    return wireLine({ source: SOURCE, path, file, line, set: FACTS, raw });
  }
}
