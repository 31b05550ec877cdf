import { cpus, totalmem } from 'node:os';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Bench, BenchOptions, Row } from './support.ts';

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  transform: async () => (await import('./transform.ts')).transform,
  lifecycle: async () => (await import('./lifecycle.ts')).lifecycle,
  intake: async () => (await import('./intake.ts')).intake,
  memory: async () => (await import('./memory.ts')).memory,
  alerts: async () => (await import('./alerts.ts')).alerts,
  emitter: async () => (await import('./emitter.ts')).emitter,
  cli: async () => (await import('./cli.ts')).cli,
  bundle: async () => (await import('./bundle.ts')).bundle,
};

/** Runs the benches named, or all. A missed bar is told, never an exit code: figures depend on the machine. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('npm run bench --')
    .argument('[name...]', `which: ${Object.keys(BENCHES).join(', ')}; all where none is named`)
    .option('--json', 'print JSON for programs')
    .option('--quick', 'few repeats and little load: whether it runs, not how fast')
    .option('--full', 'lifecycle with ten million events instead of one')
    .option('--seconds <n>', 'how long intake is kept under load; the design asks for 600', '20')
    .parse([...argv], { from: 'user' });
  const { json, quick, full, seconds } = program.opts<{ json?: true; quick?: true; full?: true; seconds: string }>();
  const names = program.args.length === 0 ? Object.keys(BENCHES) : program.args;
  const unknown = names.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) program.error(`there is no bench ${unknown}: ${Object.keys(BENCHES).join(', ')}`);

  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const options: BenchOptions = {
    quick: quick === true,
    full: full === true,
    seconds: quick === true ? 2 : Number(seconds),
    say,
  };
  const rows: Row[] = [];
  for (const name of names) rows.push(...((await (await BENCHES[name]?.())?.(options)) ?? []));
  process.stdout.write(
    json === true ? `${JSON.stringify({ machine: machine(), rows }, null, 2)}\n` : `${table(rows)}\n${describe()}\n`,
  );
  return 0;
}

const machine = () => ({
  cpus: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
  memoryGb: Math.round(totalmem() / 1e9),
  node: process.versions.node,
  platform: process.platform,
});

const describe = (): string => {
  const { cpus: count, model, memoryGb, node, platform } = machine();
  return `${count} x ${model}, ${memoryGb} GB, Node ${node}, ${platform}`;
};

function table(rows: readonly Row[]): string {
  const head = ['name', 'figure', 'reference', 'ratio', 'bar', 'ok', 'noise: min, median, max (repeats)'];
  const made = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const { name, figure, unit, reference, ratio, bar, ok, noise } of rows)
    made.push([
      name,
      `${short(figure)} ${unit}`,
      reference === undefined ? '' : `${short(reference)} ${unit}`,
      ratio === undefined ? '' : `${short(ratio)} x`,
      bar.atMost === undefined ? `>= ${short(bar.atLeast ?? 0)}` : `<= ${short(bar.atMost)}`,
      ok ? 'ok' : 'missed',
      `${short(noise.min)}, ${short(noise.median)}, ${short(noise.max)} (${noise.repeats})`,
    ]);
  return made.toString();
}

/** Three digits that matter. */
const short = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : Number(value.toPrecision(3)).toString();
