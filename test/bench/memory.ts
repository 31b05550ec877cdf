import { startDesk } from './desk-process.ts';
import { measure, type Sample } from './load.ts';
import { type BenchOptions, type Row, row } from './support.ts';

const EVENTS = 10_000_000;
const QUICK_EVENTS = 200_000;
const HOUR_SECONDS = 3_600;
const MB = 1e6;

/** Whether a desk's memory grows with what passes through it: most of the last quarter against most of the second. */
export async function memory({ quick, say }: BenchOptions): Promise<Row[]> {
  const events = quick ? QUICK_EVENTS : EVENTS;
  const desk = await startDesk();
  try {
    const { load, samples } = await measure(desk, { mode: 'packed', seconds: HOUR_SECONDS, events });
    const quarters = [0, 1, 2, 3].map((quarter) => mostOf(samples, quarter) / MB);
    say(
      `memory: ${load.events} events in ${load.seconds.toFixed(0)} s; most in each quarter ${quarters.map((mb) => mb.toFixed(0)).join(', ')} MB`,
    );
    const [, second = Number.NaN, , last = Number.NaN] = quarters;
    return [
      row(
        `memory: ${load.events} events through the desk`,
        'MB',
        { figures: [last], references: [second] },
        { atMost: 1.1 },
      ),
    ];
  } finally {
    await desk.stop();
  }
}

function mostOf(samples: readonly Sample[], quarter: number): number {
  const [from, to] = [quarter, quarter + 1].map((edge) => Math.floor((samples.length * edge) / 4));
  return Math.max(...samples.slice(from, to).map(({ residentBytes }) => residentBytes));
}
