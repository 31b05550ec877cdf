import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../../lib/adapters/local/package-root.ts';
import type { BotOrders } from './bot-main.ts';

/** Bundles the bot, so that any Node runs it. @returns its path in the folder */
export async function bundleBot(folder: string): Promise<string> {
  const outfile = join(folder, 'bot.mjs');
  await build({
    entryPoints: [join(packageRoot(), 'test', 'emitter', 'support', 'bot-main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
  return outfile;
}

export interface Bot {
  readonly child: ChildProcess;
  /** Once it says so. */
  ready(): Promise<void>;
  /** How it ended, and what it said. */
  ended(): Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly said: string;
    readonly tookMs: number;
  }>;
}

/** Starts a bot; it ends with the test, whatever happens. */
export function startBot(path: string, orders: BotOrders): Bot {
  const child = spawn(process.execPath, [path, JSON.stringify(orders)], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const startMs = performance.now();
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
  });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    child,
    async ready() {
      while (!said.includes('ready')) {
        if (child.exitCode !== null) throw new Error(`the bot ended with ${child.exitCode}: ${errors}`);
        await Promise.race([once(child.stdout, 'data'), closed]);
      }
    },
    async ended() {
      const [code, signal] = await closed;
      return { code, signal, said: `${said}${errors}`, tookMs: performance.now() - startMs };
    },
  };
}
