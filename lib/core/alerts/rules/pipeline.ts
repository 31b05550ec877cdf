import type { AlertRule } from '../types.ts';
import { MINUTE, rule } from './rule.ts';

// What came in, whoever sent it (S2's parse errors).

export const pipelineRules: readonly AlertRule[] = [
  rule({
    id: 'quarantine',
    title: 'Events cannot be read',
    advice:
      'More than 5 % of what came in could not be stored: a bot changed its logs, or something else writes to us. Nothing is lost: ' +
      '`nightdesk query quarantine-reasons` says why, `nightdesk redrive` takes it in once the cause is mended.',
    severity: 'warning',
    enabled: true,
    condition: {
      kind: 'share',
      of: { stream: 'pipeline' },
      where: { stream: 'pipeline' },
      weights: { part: 'quarantined', whole: 'events' },
      window: 10 * MINUTE,
      above: 0.05,
      least: 20,
    },
    unit: '%',
  }),
];
