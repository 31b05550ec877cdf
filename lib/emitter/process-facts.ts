import { readdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** What the process uses of the machine, in the names of stream `system`. */
export interface ProcessFacts {
  readonly cpu_percent: number;
  readonly memory_mb: number;
  readonly memory_percent: number;
  readonly open_files: number | null;
  readonly event_loop_lag_ms: number | null;
  readonly uptime_s: number;
  readonly pid: number;
}

const RESOLUTION_MS = 20;
const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Measures between two looks. */
export class ProcessWatch {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpu = process.cpuUsage();
  #atMs = performance.now();

  constructor() {
    this.#delay.enable();
  }

  /** Since the last look. Never throws. */
  look(): ProcessFacts {
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsedMs = Math.max(1, nowMs - this.#atMs);
    this.#cpu = process.cpuUsage();
    this.#atMs = nowMs;
    const memory = process.memoryUsage.rss();
    // The histogram holds the timer's own interval too; its largest value is the longest block.
    const lag = this.#delay.max / 1e6 - RESOLUTION_MS;
    this.#delay.reset();
    return {
      cpu_percent: round((user + system) / 10 / elapsedMs, 2),
      memory_mb: round(memory / 1e6, 1),
      memory_percent: round((memory / totalmem()) * 100, 2),
      open_files: openFiles(),
      event_loop_lag_ms: Number.isFinite(lag) && lag > -RESOLUTION_MS ? round(Math.max(0, lag), 2) : null,
      uptime_s: round(process.uptime(), 1),
      pid: process.pid,
    };
  }

  stop(): void {
    this.#delay.disable();
  }
}

/** Null where the system does not tell. */
function openFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length - 1; // less the one that reads the folder
  } catch {
    return null;
  }
}
