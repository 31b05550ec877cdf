import { createS3ObjectStore } from '../../lib/adapters/aws/object-store.ts';
import { s3Client } from '../../lib/adapters/aws/s3.ts';
import { createS3StateStore } from '../../lib/adapters/aws/state-store.ts';
import { gunzip, gzip } from '../../lib/adapters/local/gzip.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import type { LedgerPorts } from '../../lib/core/lifecycle/ledger-ports.ts';
import type { Log } from '../../lib/core/ports/index.ts';
import { type Environment, required } from './environment.ts';

/** The lake of the stack, as everything reads it that folds it. @throws CONFIG_INVALID where the environment does not name it */
export function lakePorts(environment: Environment, log: Log): LedgerPorts {
  const options = { client: s3Client(), bucket: required(environment, 'NIGHTDESK_LAKE_BUCKET') };
  return {
    store: createS3ObjectStore(options),
    state: createS3StateStore(options),
    clock: { nowMs: Date.now },
    log,
    gzip,
    gunzip,
    sha256,
  };
}
