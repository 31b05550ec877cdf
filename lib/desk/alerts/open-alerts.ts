import { createFolderStateStore } from '../../adapters/local/state-store.ts';
import type { AlertSettings } from '../../core/alerts/types.ts';
import { alertsOf } from '../../core/config/index.ts';
import type { StateStore } from '../../core/ports/index.ts';
import { dataFolder } from '../data-folder.ts';
import { readSettings } from '../settings.ts';

/** The alerts of a data folder or of a stack, as a command sees them. */
export interface OpenAlerts {
  readonly state: StateStore;
  readonly settings: AlertSettings;
  close(): void;
}

/**
 * Those of a data folder; a desk may run on it, for all that is written is compared and swapped.
 * @throws CONFIG_INVALID
 */
export const openFolderAlerts = async (data: string): Promise<OpenAlerts> => ({
  state: createFolderStateStore(dataFolder(data).lake),
  settings: alertsOf(await readSettings(data)),
  close: () => undefined,
});
