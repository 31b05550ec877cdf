import { onTestFinished } from 'vitest';
import {
  createEmitter,
  type Emitter,
  type EmitterOptions,
  type LaneStats,
  type Report,
} from '../../../lib/emitter/index.ts';

export interface TestEmitter extends Emitter {
  readonly reports: readonly Report[];
}

/** An emitter that says only what a test makes it say, and that is closed with the test. */
export function testEmitter(options: Partial<EmitterOptions> & Pick<EmitterOptions, 'sink'>): TestEmitter {
  const reports: Report[] = [];
  const emitter = createEmitter({
    strategyId: 'ma-cross',
    mode: 'paper',
    health: false,
    systemEveryMs: false,
    onExit: false,
    report: (report) => reports.push(report),
    retry: { firstWaitMs: 1, maxWaitMs: 4 },
    ...options,
  });
  onTestFinished(() => emitter.close({ timeoutMs: 0 }).then(() => undefined));
  return Object.assign(emitter, { reports });
}

export const sumOf = (counts: Readonly<Partial<Record<string, number>>>): number =>
  Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);

/** What conservation forbids: undefined where every event is accounted for. */
export function unaccounted(lane: LaneStats): string | undefined {
  const { accepted, recovered, delivered, dropped, held } = lane;
  return accepted + recovered === delivered + sumOf(dropped) + held ? undefined : JSON.stringify(lane);
}

/** The only sink's figures. */
export function onlyLane(emitter: Pick<Emitter, 'stats'>): LaneStats {
  const [lane, ...others] = emitter.stats().sinks;
  if (lane === undefined || others.length > 0) throw new Error('not one sink');
  return lane;
}
