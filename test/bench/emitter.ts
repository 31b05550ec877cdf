import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { CATALOG } from '../../lib/core/catalog/index.ts';
import { firehoseClient } from '../../lib/desk/delivery-client.ts';
import { type BotStream, createEmitter, type Emitter, firehose, type Sink } from '../../lib/emitter/index.ts';
import { startDesk } from './desk-process.ts';
import { type BenchOptions, interleave, median, type Row, row } from './support.ts';

const STREAMS = [
  'signals',
  'order_intent',
  'gate',
  'order',
  'execution',
  'market',
  'equity_curve',
  'calibration',
] as const;
const OURS = [
  'event_id',
  'stream',
  'schema_version',
  'ts_ms',
  'ts_source',
  'strategy_id',
  'session_id',
  'mode',
  'seq',
  'emitted_at',
];

/** What a bot hands over: the catalog's examples without what the emitter says itself. */
const EVENTS: readonly { readonly stream: BotStream; readonly event: Readonly<Record<string, unknown>> }[] =
  STREAMS.map((stream) => ({
    stream,
    event: Object.fromEntries(Object.entries(CATALOG[stream]?.example ?? {}).filter(([name]) => !OURS.includes(name))),
  }));

/** Acknowledges at once: what the way to the sink costs is all there is. */
const remote: Sink = { name: 'remote', remote: true, send: async () => undefined };

const quietly = { health: false, systemEveryMs: false, onExit: false, report: () => undefined } as const;

const CALLS = 2_000; // fewer than a batch's time brings at the rates of bots, more than a timer's tick

interface Caller {
  /** One call with the i-th event. */
  call(i: number): void;
  /** Lets it do what it does between calls. */
  rest(): Promise<unknown>;
}

/** Times of single calls in ns, sorted. */
async function callTimes({ call, rest }: Caller): Promise<number[]> {
  const times: number[] = [];
  for (let done = 0; done < CALLS; done += 100) {
    for (let i = done; i < done + 100; i++) {
      const start = process.hrtime.bigint();
      call(i);
      times.push(Number(process.hrtime.bigint() - start));
    }
    await rest();
  }
  return times.sort((a, b) => a - b);
}

/** Mean of many calls, in ns, and what they leave on the heap, in bytes per call. */
function meanOf({ call }: Caller): { readonly ns: number; readonly bytes: number } {
  const before = process.memoryUsage().heapUsed;
  const start = process.hrtime.bigint();
  for (let i = 0; i < CALLS; i++) call(i);
  const ns = Number(process.hrtime.bigint() - start) / CALLS;
  return { ns, bytes: (process.memoryUsage().heapUsed - before) / CALLS };
}

/** `emit` on the caller's thread against `pino.info` of the same objects, both with what they write behind them. */
async function callRows(folder: string, { quick }: BenchOptions): Promise<Row[]> {
  const emitter = createEmitter({
    strategyId: 'bench',
    mode: 'paper',
    sink: remote,
    spool: { dir: join(folder, 'spool') },
    queue: { maxEvents: 1_000_000, maxBytes: 1e9 },
    ...quietly,
  });
  const stream = pino.destination({ dest: join(folder, 'pino.log'), sync: false, minLength: 4_096 });
  const log = pino({ base: { strategy_id: 'bench', session_id: emitter.sessionId, mode: 'paper' } }, stream);
  const at = (i: number) => EVENTS[i % EVENTS.length] ?? { stream: 'signals' as const, event: {} };
  const ours: Caller = { call: (i) => emitter.emit(at(i).stream, at(i).event), rest: () => turn() };
  const theirs: Caller = { call: (i) => log.info(at(i).event), rest: () => turn() };
  for (let i = 0; i < (quick ? 2 : 20); i++) {
    await callTimes(ours);
    await callTimes(theirs);
  }
  const rounds = quick ? 3 : 41;
  const [mine, others]: [number[][], number[][]] = [[], []];
  for (let i = 0; i < rounds; i++) {
    mine.push(await callTimes(ours));
    others.push(await callTimes(theirs));
    await emitter.flush();
  }
  const part = (rounds: number[][], share: number): number[] =>
    rounds.map((times) => times[Math.floor(times.length * share)] ?? Number.NaN);
  const [ourBytes, theirBytes]: [number[], number[]] = [[], []];
  const means = interleave(rounds, {
    subject: () => keep(ourBytes, meanOf(ours)),
    reference: () => keep(theirBytes, meanOf(theirs)),
  });
  await emitter.close();
  stream.end();
  return [
    row(
      'emitter: emit(), median call',
      'ns',
      { figures: part(mine, 0.5), references: part(others, 0.5) },
      { atMost: 0.7 },
    ),
    row(
      'emitter: emit(), p99 call',
      'ns',
      { figures: part(mine, 0.99), references: part(others, 0.99) },
      { atMost: 0.7 },
    ),
    row('emitter: emit(), mean of a burst', 'ns', means, { atMost: 0.7 }),
    row(
      'emitter: heap per emit()',
      'bytes',
      { figures: [median(grown(ourBytes))], references: [median(grown(theirBytes))] },
      { atMost: 3 },
    ),
  ];
}

const keep = (list: number[], { ns, bytes }: { ns: number; bytes: number }): number => {
  list.push(bytes);
  return ns;
};

/** Without the rounds in which the heap was cleaned. */
const grown = (bytes: readonly number[]): number[] => bytes.filter((some) => some > 0);

/** How much later the event loop runs at 1,000 events/s into a desk, and how many events one emitter brings there. */
async function deskRows(folder: string, { quick, seconds, say }: BenchOptions): Promise<Row[]> {
  const desk = await startDesk();
  try {
    const emitter = createEmitter({
      strategyId: 'bench',
      mode: 'paper',
      sink: firehose({ client: firehoseClient({ endpoint: desk.url }) }),
      spool: { dir: join(folder, 'desk-spool') },
      queue: { maxEvents: 100_000, maxBytes: 1e8 },
      ...quietly,
    });
    await load(emitter, 1_000);
    await emitter.flush();
    say(`emitter: 1,000 events/s for ${seconds} s`);
    const [loaded, idle]: [number[], number[]] = [[], []];
    for (let second = 0; second < seconds; second++) {
      idle.push(await delayWhile(() => undefined));
      loaded.push(await delayWhile((i) => load(emitter, 5, i * 5)));
    }
    const [rates, cpu]: [number[], number[]] = [[], []];
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      const count = quick ? 5_000 : 50_000;
      const startMs = performance.now();
      const before = process.cpuUsage();
      for (let sent = 0; sent < count; sent += 500) {
        load(emitter, 500, sent);
        await turn();
        if (sent % 10_000 === 0) while ((emitter.stats().sinks[0]?.held ?? 0) > 20_000) await sleep(5);
      }
      await emitter.flush({ timeoutMs: 60_000 });
      const { user, system } = process.cpuUsage(before);
      cpu.push((user + system) / count);
      rates.push((count / (performance.now() - startMs)) * 1_000);
    }
    const { dropped, held } = await emitter.close();
    if (dropped + held > 0) throw new Error(`${dropped} events were dropped, ${held} are held`);
    return [
      // What else the machine does delays an idle loop as well: each second is held against an idle one beside it.
      row(
        'emitter: delay of the loop by sending, p99',
        'ms',
        { figures: loaded.map((ms, i) => ms - (idle[i] ?? 0)) },
        { atMost: 5 },
      ),
      row('emitter: CPU per event into a desk', 'µs', { figures: cpu }, { atMost: 50 }),
      row('emitter: into a desk', 'events/s', { figures: rates }, { atLeast: 1_000 }),
    ];
  } finally {
    await desk.stop();
  }
}

function load(emitter: Emitter, count: number, from = 0): void {
  for (let i = from; i < from + count; i++) {
    const { stream, event } = EVENTS[i % EVENTS.length] ?? { stream: 'signals', event: {} };
    emitter.emit(stream, event);
  }
}

const TICK_MS = 5;

/** How late the event loop runs during one second, its 99th percentile in ms, while something is done 200 times. */
async function delayWhile(work: (i: number) => void): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let i = 0;
  const timer = setInterval(() => work(i++), TICK_MS);
  delay.enable();
  await sleep(1_000);
  delay.disable();
  clearInterval(timer);
  return delay.percentile(99) / 1e6;
}

/** `emit` against pino, and a bot's event loop while an emitter sends to a desk. */
export async function emitter(options: BenchOptions): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  try {
    return [...(await callRows(folder, options)), ...(await deskRows(folder, options))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
