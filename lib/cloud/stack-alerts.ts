import { s3Client } from '../adapters/aws/s3.ts';
import { createS3StateStore } from '../adapters/aws/state-store.ts';
import type { AlertSettings } from '../core/alerts/types.ts';
import type { StateStore } from '../core/ports/index.ts';
import { openStack, type StackPlace, stackSettings } from './open-stack.ts';

/** The alerts of a stack. Close it when all is done. */
export interface StackAlerts {
  readonly state: StateStore;
  readonly settings: AlertSettings;
  close(): void;
}

/** @throws what `openStack` and `stackSettings` throw */
export async function openStackAlerts(place: StackPlace): Promise<StackAlerts> {
  const deployed = await openStack(place);
  const { alerts: settings } = await stackSettings(deployed);
  const client = s3Client({ region: deployed.region });
  return {
    state: createS3StateStore({ client, bucket: deployed.lakeBucket }),
    settings,
    close: () => client.destroy(),
  };
}
