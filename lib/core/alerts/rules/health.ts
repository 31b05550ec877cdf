import type { AlertRule, Selector } from '../types.ts';
import { DAY, HOUR, MINUTE, rule, SECOND } from './rule.ts';

// Whether the bot lives, and what it says of itself (S1 H2 and §10.1; S2's health checks).

const HEALTH: Selector = { stream: 'health' };

/** Passes whatever is known. */
const KNOWN = { not: '' } as const;

export const healthRules: readonly AlertRule[] = [
  rule({
    id: 'dead_bot',
    title: 'The bot is silent',
    advice:
      'Nothing at all was heard of it for twice its usual interval: it died, hangs, or cannot send. Look whether its process runs and ' +
      'whether its host reaches us; `nightdesk tail` shows its last words, `nightdesk doctor` whether we take anything in, ' +
      '`nightdesk positions` what it left open.',
    severity: 'critical',
    enabled: true,
    condition: { kind: 'absence', times: 2 },
    unit: 's',
  }),
  rule({
    id: 'ws_staleness',
    title: 'Market data is stale',
    advice:
      'The newest message of its websocket is more than 30 s old: it may be trading on old prices. Look at the venue’s status page and at ' +
      'ws_reconnects; `nightdesk tail --stream health` shows whether it comes back, `nightdesk query health-per-hour` how often it happens.',
    severity: 'warning',
    enabled: true,
    condition: { kind: 'threshold', of: { stream: ['health', 'system'] }, field: 'ws_staleness_ms', above: 30_000 },
    unit: 'ms',
  }),
  rule({
    id: 'funding_stale',
    title: 'Funding data is stale',
    advice:
      'The bot says for over an hour that its funding data is old: costs of holding are guessed. Look whether the venue’s funding ' +
      'endpoint answers; `nightdesk tail --stream health` shows funding_ts, `nightdesk positions` what is held meanwhile.',
    severity: 'critical',
    enabled: true,
    condition: { kind: 'threshold', of: HEALTH, field: 'funding_stale', equals: true },
    for: HOUR,
  }),
  rule({
    id: 'funding_stale_now',
    title: 'Funding data is stale',
    advice:
      'The bot says that its funding data is old, as of now. Most of the time it comes back by itself; if not, `nightdesk tail --stream health` ' +
      'shows since when.',
    severity: 'info',
    condition: { kind: 'threshold', of: HEALTH, field: 'funding_stale', equals: true },
  }),
  rule({
    id: 'ws_disconnects',
    title: 'The connection is lost',
    advice:
      'For more than a minute the bot has had no connection to the venue, or one that breaks again and again. Look at the venue’s status ' +
      'and at the host’s network; `nightdesk query health-per-hour` counts reconnects.',
    severity: 'warning',
    condition: { kind: 'spell', longer: MINUTE },
    unit: 's',
  }),
  rule({
    id: 'health_critical',
    title: 'A component fails',
    advice:
      'The bot reports that one of its components is down. `nightdesk tail --stream health` shows which; `nightdesk query errors` what failed around it.',
    severity: 'critical',
    cooldown: 15 * MINUTE,
    condition: {
      kind: 'threshold',
      of: HEALTH,
      field: 'component_status.*',
      equals: [
        'critical',
        'crit',
        'error',
        'failed',
        'failing',
        'down',
        'dead',
        'unhealthy',
        'offline',
        'stopped',
        'red',
      ],
    },
  }),
  ...flags(),
  rule({
    id: 'health_degrading',
    title: 'Health gets worse',
    advice:
      'Half of the bot’s last ten health records report something wrong: it is not a single hiccup. `nightdesk tail --stream health` shows what.',
    severity: 'warning',
    condition: {
      kind: 'share',
      of: [
        { stream: 'health', where: { data_freshness_ok: KNOWN } },
        { stream: 'health', where: { exchange_connected: KNOWN } },
        { stream: 'health', where: { loop_alive: KNOWN } },
      ],
      where: [
        { stream: 'health', where: { data_freshness_ok: false } },
        { stream: 'health', where: { exchange_connected: false } },
        { stream: 'health', where: { loop_alive: false } },
      ],
      last: 10,
      atLeast: 0.5,
      least: 10,
    },
    unit: '%',
  }),
  rule({
    id: 'disk_falling',
    title: 'The disk fills',
    advice:
      'Free space on the disk of the logs has fallen by a fifth over the last ten samples. Find what grows before it is full; rotated logs are the usual culprit.',
    severity: 'warning',
    condition: { kind: 'growth', of: { stream: 'system' }, field: 'disk_free_mb', last: 10, below: 0.8 },
    unit: 'times',
  }),
  rule({
    id: 'disk_low',
    title: 'The disk is nearly full',
    advice: 'Less than 500 MB are left on the disk of the logs: a bot that cannot write may stop. Make room now.',
    severity: 'critical',
    condition: { kind: 'threshold', of: { stream: 'system' }, field: 'disk_free_mb', below: 500 },
    unit: 'MB',
  }),
  rule({
    id: 'no_events',
    title: 'No events',
    advice:
      'Nothing was heard of the bot for ten minutes, or for its own interval. It may only be waiting for a bar; `nightdesk tail` shows its last words.',
    severity: 'warning',
    condition: { kind: 'absence', times: 1, interval: 10 * MINUTE },
    for: 30 * SECOND,
    unit: 's',
  }),
  rule({
    id: 'no_events_long',
    title: 'No events for long',
    advice:
      'Nothing was heard of the bot for twenty minutes, or for twice its own interval. Look whether its process runs; `nightdesk positions` shows what is open.',
    severity: 'critical',
    condition: { kind: 'absence', times: 2, interval: 10 * MINUTE },
    unit: 's',
  }),
  rule({
    id: 'error_spike',
    title: 'Many errors',
    advice: 'More than ten errors within ten minutes. `nightdesk query errors` says which, how often and where.',
    severity: 'warning',
    condition: { kind: 'count', of: [{ stream: 'error' }], window: 10 * MINUTE, above: 10 },
  }),
  rule({
    id: 'error_flood',
    title: 'Very many errors',
    advice:
      'More than twenty errors within ten minutes: something is broken, not shaky. `nightdesk query errors` says which; consider to stop the bot.',
    severity: 'critical',
    condition: { kind: 'count', of: [{ stream: 'error' }], window: 10 * MINUTE, above: 20 },
  }),
  rule({
    id: 'errors',
    title: 'The bot reports an error',
    advice:
      'Something failed in the bot; errors from one place are one alert. `nightdesk query errors` shows how often and since when, ' +
      '`nightdesk tail --stream error` the words and the stack.',
    severity: 'warning',
    enabled: true,
    condition: { kind: 'count', of: [{ stream: 'error' }], window: 15 * MINUTE, above: 0, by: 'fingerprint' },
  }),
  rule({
    id: 'queue_drops',
    title: 'Market data is dropped',
    advice:
      'Messages of the websocket were thrown away because the bot did not keep up: its prices have holes. Look at its processor time; `nightdesk tail --stream system` shows it.',
    severity: 'warning',
    condition: {
      kind: 'count',
      of: [{ stream: 'system', where: { event: ['queue_drop', 'queue_drops'] } }],
      counters: [
        { of: { stream: 'health' }, field: 'ws_queue_drops' },
        { of: { stream: 'system' }, field: 'ws_queue_drops' },
      ],
      window: HOUR,
      above: 0,
    },
  }),
  rule({
    id: 'unseen_for_a_day',
    title: 'No health record for a day',
    advice: 'The bot writes, but no health record came for a day: what watches its health is blind.',
    severity: 'info',
    condition: { kind: 'silence', of: HEALTH, longer: DAY },
    unit: 's',
  }),
];

/** What a bot says of itself by yes and no. */
function flags(): AlertRule[] {
  const FLAGS = [
    ['data_not_fresh', 'data_freshness_ok', 'Market data is too old to trade', 'warning'],
    ['venue_disconnected', 'exchange_connected', 'The venue is not connected', 'critical'],
    ['loop_stopped', 'loop_alive', 'The main loop does not run', 'critical'],
    ['model_not_loaded', 'model_loaded', 'The model is not loaded', 'critical'],
  ] as const;
  return FLAGS.map(([id, field, title, severity]) =>
    rule({
      id,
      title,
      advice: `The bot itself says so: ${field} is false in its newest health record. \`nightdesk tail --stream health\` shows since when, \`nightdesk query errors\` what failed.`,
      severity,
      condition: { kind: 'threshold', of: HEALTH, field, equals: false },
    }),
  );
}
