import { readOperator } from '../../core/alerts/operator.ts';
import { messageOf } from '../../core/errors.ts';
import type { AlertFacts } from '../query/alert-checks.ts';
import { type Environment, openChannels } from './channels.ts';
import type { OpenAlerts } from './open-alerts.ts';
import { overviewOf, readStates } from './overview.ts';

/**
 * Looks at the alerts of a data folder or a stack. Never throws: what cannot be looked at says why.
 * @param environment - where the addresses of channels are; absent where they are elsewhere
 */
export async function probeAlerts(
  open: () => Promise<OpenAlerts>,
  { running, environment }: { readonly running: boolean; readonly environment?: Environment },
): Promise<AlertFacts> {
  try {
    const { state, settings, close } = await open();
    try {
      const [states, operator] = await Promise.all([readStates(state), readOperator(state)]);
      const overview = overviewOf({ states, operator, settings, nowMs: Date.now() });
      if (environment === undefined) return { overview, running };
      const missing = new Map(
        openChannels(settings, environment).flatMap(({ settings: { name }, missing: why }) =>
          why === undefined ? [] : [[name, why] as const],
        ),
      );
      return { overview, running, missing };
    } finally {
      close();
    }
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
