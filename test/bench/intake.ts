import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../lib/adapters/local/package-root.ts';
import type { Inventory } from '../../lib/desk/query/inventory.ts';
import { startDesk } from './desk-process.ts';
import { type Measured, type Mode, measure } from './load.ts';
import { type BenchOptions, noiseOf, type Row, row } from './support.ts';

const MODES: readonly { readonly mode: Mode; readonly name: string; readonly unit: string; readonly bar: number }[] = [
  { mode: 'packed', name: 'intake: packed records', unit: 'events/s', bar: 40_000 },
  { mode: 'batch', name: 'intake: batches of 500 single lines', unit: 'events/s', bar: 25_000 },
  { mode: 'single', name: 'intake: PutRecord', unit: 'calls/s', bar: 1_200 },
];
const WARM_UP_SECONDS = 3;
const MB = 1e6;

/** Events per second from a real SDK client in one process to the lake of a desk in another. */
export async function intake({ quick, seconds, say }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { mode, name, unit, bar } of MODES) {
    const desk = await startDesk();
    try {
      const warmUp = quick
        ? undefined
        : await measure(desk, { mode, seconds: WARM_UP_SECONDS, events: Number.MAX_SAFE_INTEGER });
      const measured = await measure(desk, { mode, seconds, events: Number.MAX_SAFE_INTEGER });
      say(`${name}: ${describe(measured)}`);
      const sent = measured.load.events + (warmUp?.load.events ?? 0);
      const found = queryable(desk.data);
      if (found !== sent) throw new Error(`${sent} events were acknowledged, ${found} can be queried`);
      const made = row(name, unit, { figures: ratesOf(measured) }, { atLeast: bar });
      // The slower of what was taken in and what came out: a backlog that grows is no throughput.
      const figure = Math.min(measured.load.events / measured.load.seconds, made.figure);
      rows.push({ ...made, figure, ok: figure >= bar });
      rows.push(row(`${name}, until all can be queried`, 's', { figures: [measured.settleSeconds] }, { atMost: 10 }));
    } finally {
      await desk.stop();
    }
  }
  return rows;
}

/** Events delivered per second, second by second while the load lasted; its beginning is left out. */
function ratesOf({ samples, load }: Measured): number[] {
  const under = samples.filter((sample) => sample.seconds <= load.seconds);
  const rates = under.slice(2).map((sample, i) => {
    const before = under[i] ?? sample;
    return (sample.delivered - before.delivered) / (sample.seconds - before.seconds);
  });
  return rates.length > 0 ? rates : [load.events / load.seconds];
}

function describe({ load, samples, settleSeconds }: Measured): string {
  const half = samples.length >> 1;
  const most = (part: readonly number[]): string => (part.length === 0 ? '-' : (noiseOf(part).max / MB).toFixed(1));
  const backlog = samples.map(({ backlogBytes }) => backlogBytes);
  const resident = samples.map(({ residentBytes }) => residentBytes);
  const [first, last] = [samples[0], samples.at(-1)];
  const deskCpu = ((last?.cpuSeconds ?? 0) - (first?.cpuSeconds ?? 0)) / ((last?.seconds ?? 0) - (first?.seconds ?? 0));
  return (
    `${load.events} events in ${load.calls} calls, ${load.retries} repeated, ${load.seconds.toFixed(1)} s, all in the lake ${settleSeconds.toFixed(1)} s later; ` +
    `most backlog in either half ${most(backlog.slice(0, half))} and ${most(backlog.slice(half))} MB, ` +
    `processor time per second: client ${(load.cpuSeconds / load.seconds).toFixed(2)} s, desk ${deskCpu.toFixed(2)} s; ` +
    `most memory ${most(resident.slice(0, half))} and ${most(resident.slice(half))} MB`
  );
}

/** What a user sees: events of all streams, duplicates removed. */
function queryable(data: string): number {
  const launcher = join(packageRoot(), 'bin', 'nightdesk.js');
  const printed = execFileSync(process.execPath, [launcher, 'streams', '--data', data, '--json'], { encoding: 'utf8' });
  return (JSON.parse(printed) as Inventory).totals.events;
}
