import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Config, parseConfig } from '../core/config/index.ts';
import { messageOf, NightdeskError } from '../core/errors.ts';
import { readMarkets } from '../core/lifecycle/instrument.ts';
import type { LedgerConfig } from '../core/lifecycle/types.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** Of the file that `ledger.markets` names. */
  readonly markets: LedgerConfig['instruments'];
}

/**
 * Reads the settings of a stack, and the markets file that they name.
 * @param path - of a `nightdesk.json`
 * @param options.optional - where there is no such file, all defaults
 * @throws CONFIG_INVALID names file, key, value and range
 */
export function loadConfig(path: string, { optional = false }: { readonly optional?: boolean } = {}): LoadedConfig {
  if (optional && !existsSync(path)) return { config: parseConfig({}, path), markets: {} };
  const config = parseConfig(readJson(path), path);
  const { markets } = config.ledger;
  if (markets === undefined) return { config, markets: {} };
  const file = resolve(dirname(path), markets);
  try {
    return { config, markets: readMarkets(readJson(file)) };
  } catch (error) {
    throw new NightdeskError('CONFIG_INVALID', `${path}: ledger.markets: ${messageOf(error)}`, { cause: error });
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new NightdeskError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
