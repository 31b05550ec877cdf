import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CATALOG } from '../../lib/core/catalog/index.ts';
import { wireLine } from '../../lib/core/transform/wire.ts';
import { Simulation } from '../../lib/desk/demo/simulation.ts';
import { SAMPLES, samplesPresent } from '../support/samples.ts';

const DEMO_STEPS = 1_200;

/** The example of every stream a bot may send, in canonical form, so often that there are at least so many, each with an identity of its own. */
export function canonicalLines(atLeast: number): string[] {
  const examples = Object.values(CATALOG)
    .filter(({ name }) => name !== 'quarantine') // which Nightdesk alone writes
    .map(({ example }) => example);
  return Array.from({ length: Math.ceil(atLeast / examples.length) }, (_, round) =>
    examples.map((example) => JSON.stringify({ ...example, event_id: `${String(example.event_id)}-${round}` })),
  ).flat();
}

/** Real logs in the wire form, in their own mix; the demo's lines where there are none. */
export function dialectLines(): { readonly lines: string[]; readonly from: string } {
  if (samplesPresent) return { lines: logFiles(SAMPLES).flatMap(linesOf), from: 'the real logs' };
  const simulation = new Simulation({ seed: 1, startMs: Date.UTC(2025, 11, 3) });
  return { lines: Array.from({ length: DEMO_STEPS }, () => simulation.step()).flat(), from: 'the demo’s logs' };
}

const logFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.jsonl(\.gz)?$/.test(path))
    .map((path) => join(folder, path));

function linesOf(path: string): string[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const wire = {
    source: 'bench',
    path: relative(SAMPLES, path).replace(/\.gz$/, ''),
    file: '5be21d7a9e1c0f3368aa01fd.0',
  };
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((raw, index) => wireLine({ ...wire, line: index + 1, raw }));
}

const TRADING = [
  'signals',
  'order_intent',
  'gate',
  'order',
  'health',
  'market',
  'equity_curve',
  'calibration',
] as const;

/** What bots send in canonical form while they trade. Without an id of its own each line has the identity of its position. */
export function tradingLines(count: number): string[] {
  const nowMs = Date.now();
  return Array.from({ length: count }, (_, i) => {
    const example = CATALOG[TRADING[i % TRADING.length] ?? 'gate']?.example;
    const ts = new Date(nowMs + i).toISOString();
    return JSON.stringify({ ...example, ts, ts_ms: undefined, event_id: undefined, symbol: `SYM${i % 7}` });
  });
}
