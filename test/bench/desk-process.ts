import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../lib/adapters/local/package-root.ts';
import type { DeskStats } from '../../lib/desk/desk.ts';

/** A desk in a process of its own, in a folder that goes away with it. */
export interface DeskProcess {
  readonly url: string;
  readonly data: string;
  stats(): Promise<DeskStats>;
  /** Memory that is really there, in bytes; NaN where the system does not tell. */
  residentBytes(): number;
  /** Processor time so far, in s; NaN where the system does not tell. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** @param environment - beside that of this process */
export async function startDesk(environment: Readonly<Record<string, string>> = {}): Promise<DeskProcess> {
  const data = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  const launcher = join(packageRoot(), 'bin', 'nightdesk.js');
  const child = spawn(process.execPath, [launcher, 'up', '--data', data, '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let remarks = '';
  child.stderr.on('data', (text: Buffer) => {
    remarks = `${remarks}${text.toString()}`.slice(-4_000);
  });
  const url = await Promise.race([
    urlFrom(child),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the desk ended with ${code}: ${remarks}`))),
  ]);
  return {
    url,
    data,
    stats: async () => (await fetch(`${url}/healthz`)).json() as Promise<DeskStats>,
    residentBytes: () => residentBytes(child.pid),
    cpuSeconds: () => cpuSeconds(child.pid),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function urlFrom({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the desk has no standard output');
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line).url;
  throw new Error('the desk said nothing');
}

function residentBytes(pid: number | undefined): number {
  try {
    const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kb) * 1024;
  } catch {
    return Number.NaN;
  }
}

const TICKS_PER_SECOND = 100; // USER_HZ of every Linux

function cpuSeconds(pid: number | undefined): number {
  try {
    // Fields 14 and 15 of proc(5), counted behind the name, which may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}
