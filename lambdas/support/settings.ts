import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FunctionSettings, SETTINGS_FILE } from '../../lib/core/config/function-settings.ts';
import { messageOf, NightdeskError } from '../../lib/core/errors.ts';
import { isObject } from '../../lib/core/transform/json.ts';
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
const isRecords: Check = (value) => Array.isArray(value) && value.every(isObject);

const MS = [isMs, 'a number of ms from 0'] as const;
const TEXTS = [isTexts, 'a list of names'] as const;
const OBJECT = [isObject, 'an object'] as const;
const OBJECTS = [isRecords, 'a list of objects'] as const;

/** Keys and what they must be. */
const SETTINGS: Readonly<Record<keyof FunctionSettings, readonly [Check, string]>> = {
  zone: [isText, 'the name of a zone'],
  redact: TEXTS,
  hash: TEXTS,
  maxEventAgeMs: MS,
  ledger: OBJECT,
  alerts: OBJECT,
  metrics: OBJECT,
};
const LEDGER: Readonly<Record<keyof FunctionSettings['ledger'], readonly [Check, string]>> = {
  latenessMs: MS,
  sessionTimeoutMs: MS,
  memoryMs: MS,
  stableCoins: TEXTS,
  instruments: OBJECT,
  strategies: OBJECT,
};
/** The lists that the alerts are made of; the rest they know themselves. */
const ALERTS = { rules: OBJECTS, channels: OBJECTS };

type Values = Readonly<Record<string, unknown>>;

function wrongIn(settings: unknown): string | undefined {
  if (!isObject(settings)) return 'must hold an object';
  const values = settings as Values;
  return (
    firstWrong(values, SETTINGS, '') ??
    firstWrong(values.ledger as Values, LEDGER, 'ledger.') ??
    firstWrong(values.alerts as Values, ALERTS, 'alerts.')
  );
}

function firstWrong(
  values: Values,
  checks: Readonly<Record<string, readonly [Check, string]>>,
  prefix: string,
): string | undefined {
  for (const [key, [holds, what]] of Object.entries(checks))
    if (!holds(values[key])) return `${prefix}${key} must be ${what}`;
  return undefined;
}

const invalid = (path: string, what: string, cause?: unknown): NightdeskError =>
  new NightdeskError('CONFIG_INVALID', `${path}: ${what}; deploy the stack again`, { cause });
