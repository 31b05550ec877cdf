import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FunctionSettings, SETTINGS_FILE } from '../../lib/core/config/function-settings.ts';
import { messageOf, NightdeskError } from '../../lib/core/errors.ts';
import type { Environment } from './environment.ts';

/**
 * What synth put beside the code. It was checked there against the schema of nightdesk.json, which a function need not
 * carry: here is only seen that it is whole.
 * @throws CONFIG_INVALID names the file, and what is missing
 */
export function readSettings({ LAMBDA_TASK_ROOT = '.' }: Environment): FunctionSettings {
  const path = join(LAMBDA_TASK_ROOT, SETTINGS_FILE);
  let settings: unknown;
  try {
    settings = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw invalid(path, `cannot be read: ${messageOf(error)}`, error);
  }
  const wrong = wrongIn(settings);
  if (wrong !== undefined) throw invalid(path, wrong);
  return settings as FunctionSettings;
}

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string' && value !== '';
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isMs: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isRecord: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys and what they must be. */
const SETTINGS: Readonly<Record<keyof FunctionSettings, readonly [Check, string]>> = {
  zone: [isText, 'the name of a zone'],
  redact: [isTexts, 'a list of names'],
  hash: [isTexts, 'a list of names'],
  maxEventAgeMs: [isMs, 'a number of ms from 0'],
  ledger: [isRecord, 'an object'],
};
const LEDGER: Readonly<Record<keyof FunctionSettings['ledger'], readonly [Check, string]>> = {
  latenessMs: [isMs, 'a number of ms from 0'],
  sessionTimeoutMs: [isMs, 'a number of ms from 0'],
  memoryMs: [isMs, 'a number of ms from 0'],
  stableCoins: [isTexts, 'a list of names'],
  instruments: [isRecord, 'an object'],
  strategies: [isRecord, 'an object'],
};

function wrongIn(settings: unknown): string | undefined {
  if (!isRecord(settings)) return 'must hold an object';
  const values = settings as Readonly<Record<string, unknown>>;
  return (
    firstWrong(values, SETTINGS, '') ??
    firstWrong(values.ledger as Readonly<Record<string, unknown>>, LEDGER, 'ledger.')
  );
}

function firstWrong(
  values: Readonly<Record<string, unknown>>,
  checks: Readonly<Record<string, readonly [Check, string]>>,
  prefix: string,
): string | undefined {
  for (const [key, [holds, what]] of Object.entries(checks))
    if (!holds(values[key])) return `${prefix}${key} must be ${what}`;
  return undefined;
}

const invalid = (path: string, what: string, cause?: unknown): NightdeskError =>
  new NightdeskError('CONFIG_INVALID', `${path}: ${what}; deploy the stack again`, { cause });
