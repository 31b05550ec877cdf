import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secretReader } from '../adapters/aws/secrets.ts';
import { sha256 } from '../adapters/local/sha256.ts';
import { naiveOffsetIn } from '../adapters/local/zone.ts';
import type { FunctionSettings } from '../core/config/function-settings.ts';
import { NightdeskError } from '../core/errors.ts';
import { createTransform } from '../core/transform/transform.ts';
import type { TransformLine } from '../core/transform/types.ts';
import { clientConfig } from './clients.ts';
import type { Deployed } from './open-stack.ts';

/** Stands in for the salt where values are hashed only to be thrown away. */
const NO_SALT = '';

/**
 * The transform that the function of a stack runs.
 * @throws STACK_UNUSABLE where it hashes and has no salt, AWS_REFUSED, AWS_UNAVAILABLE
 */
export async function stackTransform(deployed: Deployed, settings: FunctionSettings): Promise<TransformLine> {
  return transformBy(settings, settings.hash.length === 0 ? NO_SALT : await saltOf(deployed));
}

/** The same for a forecast, which keeps none of the lines: it needs no right to read the salt. */
export const forecastTransform = (settings: FunctionSettings): TransformLine => transformBy(settings, NO_SALT);

function transformBy({ zone, redact, hash, maxEventAgeMs }: FunctionSettings, hashSalt: string): TransformLine {
  return createTransform(
    {
      ...(zone === 'UTC' ? {} : { naiveOffsetMs: naiveOffsetIn(zone) }),
      redactKeys: redact,
      hashKeys: hash,
      hashSalt,
      maxEventAgeMs,
    },
    { sha256 },
  );
}

async function saltOf({ stack, region, hashSecret }: Deployed): Promise<string> {
  if (hashSecret === undefined)
    throw new NightdeskError(
      'STACK_UNUSABLE',
      `the stack ${stack} hashes values and has no output NightdeskHashSecret; deploy it again with this version`,
    );
  const client = new SecretsManagerClient(clientConfig(region));
  try {
    return await secretReader({ client, secretId: hashSecret })();
  } finally {
    client.destroy();
  }
}
