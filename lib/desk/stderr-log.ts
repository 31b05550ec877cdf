import type { Log } from '../core/ports/index.ts';

/** Log lines for people on standard error: time, level, message, facts as JSON. */
export function stderrLog(): Log {
  const write =
    (level: string) =>
    (message: string, facts?: Readonly<Record<string, unknown>>): void => {
      const rest = facts === undefined ? '' : ` ${JSON.stringify(facts)}`;
      process.stderr.write(`${new Date().toISOString()} ${level} ${message}${rest}\n`);
    };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}
