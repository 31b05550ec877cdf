import { NightdeskError } from '../../core/errors.ts';
import { type OpenAlerts, openFolderAlerts } from '../alerts/open-alerts.ts';
import { type StackOptions, stackOf } from './options.ts';

/** The alerts that a command is about. @throws what `openStack` throws, CONFIG_INVALID, USAGE */
export async function openAlerts(options: StackOptions & { readonly data: string }): Promise<OpenAlerts> {
  if (options.aws) {
    const { openStackAlerts } = await import('../../cloud/stack-alerts.ts');
    return openStackAlerts(stackOf(options));
  }
  if (options.region !== undefined) throw new NightdeskError('USAGE', '--region goes with --aws');
  return openFolderAlerts(options.data);
}
