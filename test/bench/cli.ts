import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../lib/adapters/local/package-root.ts';
import { type BenchOptions, type Row, row } from './support.ts';

/** How long a command line takes from start to end of the process, once it has run before. */
export async function cli({ quick }: BenchOptions): Promise<Row[]> {
  const help = (): number => {
    const startMs = performance.now();
    execFileSync(process.execPath, [join(packageRoot(), 'bin', 'nightdesk.js'), '--help']);
    return performance.now() - startMs;
  };
  help(); // bundles, where a source has changed
  return [row('cli: --help', 'ms', { figures: Array.from({ length: quick ? 3 : 21 }, help) }, { atMost: 400 })];
}
