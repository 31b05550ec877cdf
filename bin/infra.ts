/**
 * Nightdesk as constructs of the CDK, for an app that is there already: `nightdesk/infra`.
 * @module
 */
import { namedQueries } from '../lib/adapters/local/named-queries.ts';
import { packageRoot } from '../lib/adapters/local/package-root.ts';
import { CONFIG_FILE } from '../lib/core/config/index.ts';
import { loadConfig } from '../lib/infra/load-config.ts';
import type { NightdeskProps } from '../lib/infra/nightdesk.ts';

export { Nightdesk, type NightdeskProps } from '../lib/infra/nightdesk.ts';
export { NightdeskStack } from '../lib/infra/stack.ts';

/**
 * What the constructs are made of: settings, named queries, and where the code of the functions lies.
 * @param path - of the settings. @default - `nightdesk.json`, and all defaults where there is no such file
 * @throws CONFIG_INVALID names file, key, value and range
 */
export async function nightdeskProps(path?: string): Promise<Required<NightdeskProps>> {
  const { config, markets } = loadConfig(path ?? CONFIG_FILE, { optional: path === undefined });
  return { root: packageRoot(), queries: await namedQueries(), config, markets };
}
