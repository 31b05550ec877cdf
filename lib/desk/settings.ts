import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { errnoOf } from '../adapters/local/files.ts';
import { sha256 } from '../adapters/local/sha256.ts';
import { naiveOffsetIn } from '../adapters/local/time.ts';
import { CONFIG_FILE, type Config, ledgerConfig, parseConfig } from '../core/config/index.ts';
import { messageOf, NightdeskError } from '../core/errors.ts';
import { readMarkets } from '../core/lifecycle/instrument.ts';
import type { LedgerConfig } from '../core/lifecycle/types.ts';
import { createTransform } from '../core/transform/transform.ts';
import type { TransformConfig, TransformLine } from '../core/transform/types.ts';
import { updateJson } from './logs/json-file.ts';

/** Settings of a data folder that every command reads which runs the transform, so that all doors give one verdict. */
const SALT_FILE = 'salt.json';
const SALT_BYTES = 16;

export type Settings = Config;

/**
 * Reads `<data>/nightdesk.json`: the zone of times that carry none, names whose values are removed, names whose values
 * are salted and hashed, and how the ledger is kept. @default - UTC, only the built-in secrets, LEDGER_DEFAULTS.
 * @throws CONFIG_INVALID names key, value and range
 */
export async function readSettings(dataDir: string): Promise<Settings> {
  const path = join(dataDir, CONFIG_FILE);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return '{}';
    if (errnoOf(error) === 'ENOTDIR')
      throw new NightdeskError('PATH_NOT_FOUND', `${dataDir} is a file; --data names a folder`, { cause: error });
    throw new NightdeskError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  return parseConfig(parse(path, text), path);
}

/**
 * How the ledger is kept in a data folder. Where a symbol is in `ledger.instruments` and in the file of
 * `ledger.markets`, what the settings say of it counts. @default - LEDGER_DEFAULTS
 * @throws CONFIG_INVALID names key, value and range, or the file that cannot be read
 */
export async function ledgerConfigOf(dataDir: string): Promise<LedgerConfig> {
  const settings = await readSettings(dataDir);
  const { markets } = settings.ledger;
  return ledgerConfig(settings, markets === undefined ? {} : { markets: await marketsOf(resolve(dataDir, markets)) });
}

/** What the markets of a ccxt file are. @throws CONFIG_INVALID where it cannot be read, or holds no markets */
async function marketsOf(path: string): Promise<LedgerConfig['instruments']> {
  const refused = (what: string, cause: unknown): NightdeskError =>
    new NightdeskError('CONFIG_INVALID', `ledger.markets: ${path} ${what}`, { cause });
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw refused(`cannot be read: ${messageOf(error)}`, error);
  });
  const json = parse(path, text);
  try {
    return readMarkets(json);
  } catch (error) {
    throw refused(`cannot be used: ${messageOf(error)}`, error);
  }
}

/** The transform as the settings of a data folder make it. */
export async function transformOf(dataDir: string, more: Partial<TransformConfig> = {}): Promise<TransformLine> {
  const { zone, redact, hash } = await readSettings(dataDir);
  const hashSalt = hash.length === 0 ? '' : await saltOf(dataDir);
  return createTransform(
    {
      ...(zone === 'UTC' ? {} : { naiveOffsetMs: naiveOffsetIn(zone) }),
      redactKeys: redact,
      hashKeys: hash,
      hashSalt,
      ...more,
    },
    { sha256 },
  );
}

/** The folder's own random salt, made when it is first needed: without it a hashed account number is soon guessed. */
async function saltOf(dataDir: string): Promise<string> {
  let salt = '';
  await updateJson<{ salt: string }>(join(dataDir, SALT_FILE), (old) => {
    const found = z.object({ salt: z.string().min(1) }).safeParse(old);
    salt = found.success ? found.data.salt : randomBytes(SALT_BYTES).toString('hex');
    return found.success ? undefined : { salt };
  });
  return salt;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NightdeskError('CONFIG_INVALID', `${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}
