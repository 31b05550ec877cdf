import type { Log } from '../../core/ports/index.ts';
import { redactText } from '../../core/redact.ts';

export interface LambdaLogOptions {
  /** The function's stage: field `stage` of every line. */
  readonly stage: string;
  /** Takes one line with its end. @default - standard output */
  readonly write?: (line: string) => void;
  /** @default - the clock */
  readonly nowMs?: () => number;
}

/** Longest text of a fact, in characters: CloudWatch cuts lines of more than 256 KB apart, and then they are no JSON. */
const LONGEST = 2_000;

/**
 * The log of a function: one JSON line each, with the names by which Lambda filters levels (`timestamp`, `level`). Written
 * to standard output, for what goes through `console` is wrapped once more. Texts that look like credentials are removed.
 */
export function lambdaLog({
  stage,
  write = (line) => process.stdout.write(line),
  nowMs = Date.now,
}: LambdaLogOptions): Log {
  const at =
    (level: string) =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      const own = { timestamp: new Date(nowMs()).toISOString(), level, stage, message };
      write(`${textOf(Object.assign({}, own, facts, own))}\n`);
    };
  return { info: at('INFO'), warn: at('WARN'), error: at('ERROR') };
}

/** JSON of anything: a log never throws. */
function textOf(line: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(line, plain);
  } catch (error) {
    const { timestamp, level, stage, message } = line;
    return JSON.stringify({ timestamp, level, stage, message: plain('', message), facts: `lost: ${String(error)}` });
  }
}

function plain(_key: string, value: unknown): unknown {
  // With room behind the end: half a credential is not known as one.
  if (typeof value === 'string') return redactText(value.slice(0, 2 * LONGEST)).slice(0, LONGEST);
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? plain('', `${value.name}: ${value.message}`) : value;
}
