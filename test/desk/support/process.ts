import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const LAUNCHER = fileURLToPath(new URL('../../../bin/nightdesk.js', import.meta.url));

export interface DeskProcess {
  readonly url: string;
  readonly pid: number;
  /** What it has said on standard error so far. */
  said(): string;
  /** Sends a signal and waits for the end. @returns the exit code, or the signal it died of */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/** `nightdesk up` in a process of its own, once it listens. It ends with the test, whatever happens. */
export async function startDeskProcess(args: readonly string[]): Promise<DeskProcess> {
  const child = spawn(process.execPath, [LAUNCHER, 'up', '--port', '0', '--json', '--min-free', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const { url } = JSON.parse(await firstLine(child, () => stderr)) as { url: string };
  return {
    url,
    pid: child.pid ?? 0,
    said: () => stderr,
    async end(signal) {
      const ended = once(child, 'close');
      child.kill(signal);
      const [code, killedBy] = (await ended) as [number | null, NodeJS.Signals | null];
      return code ?? killedBy;
    },
  };
}

function firstLine(child: ChildProcess, stderr: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.on('close', (code) => reject(new Error(`the desk ended with ${code}: ${stderr()}`)));
  });
}
