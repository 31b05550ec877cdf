import { vi } from 'vitest';
import { COMMANDS, run } from '../../lib/desk/commands/index.ts';

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `nightdesk …` in this process and gives what it printed. */
export async function nightdesk(...args: readonly string[]): Promise<CommandResult> {
  const out: string[] = [];
  const err: string[] = [];
  const before = process.exitCode;
  const listeners = process.stdout.listeners('error');
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
  try {
    const code = await run(['node', 'nightdesk', ...args], COMMANDS);
    return { code, out: out.join(''), err: err.join('') };
  } finally {
    stdout.mockRestore();
    for (const listener of process.stdout.listeners('error'))
      if (!listeners.includes(listener)) process.stdout.off('error', listener as () => void);
    stderr.mockRestore();
    process.exitCode = before;
  }
}
