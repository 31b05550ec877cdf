import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { shownDuration } from '../../../lib/core/alerts/durations.ts';
import { DEFAULT_RULES } from '../../../lib/core/alerts/rules.ts';
import { alertsOf, parseConfig } from '../../../lib/core/config/index.ts';
import { conditionText } from '../../../lib/desk/alerts/print-overview.ts';

const PAGE = fileURLToPath(new URL('../../../docs/alerts.md', import.meta.url));
const page = readFileSync(PAGE, 'utf8');

/** Who asked for a rule. */
const SOURCES: Readonly<Record<string, string>> = {
  dead_bot: 'S1 H2',
  ws_staleness: 'S1 H2, §10',
  funding_stale: 'S1 H2',
  funding_stale_now: 'S1 §10',
  ws_disconnects: 'S1 §10',
  health_critical: 'S2 alerts',
  data_not_fresh: 'S2 health',
  venue_disconnected: 'S2 health',
  loop_stopped: 'S1 health',
  model_not_loaded: 'S1 health',
  health_degrading: 'S2 alerts',
  disk_falling: 'S2 alerts',
  disk_low: 'S2 health',
  no_events: 'S2 alerts',
  no_events_long: 'S2 alerts',
  errors: 'S2 16C',
  error_spike: 'S2 alerts',
  error_flood: 'S2 alerts',
  queue_drops: 'S1 router',
  unseen_for_a_day: 'own',
  equity_drop: 'S1 H2',
  equity_absolute: 'S1 H2, as worded',
  equity_below_start: 'own',
  pnl_drop: 'S1 router, S2 alerts',
  max_dd_warning: 'S1 router',
  max_dd_critical: 'S1 router',
  cost_high: 'S1 router',
  capacity_participation: 'S1 router',
  rejections: 'S1 H2',
  rejection_rate: 'S1 §10, router',
  gate_rejection_rate: 'S2 16C',
  veto_rate_high: 'S1 router',
  veto_rate_low: 'S1 router',
  execution_error_rate: 'S2 16C, runbook',
  missing_fills: 'S2 runbook',
  latency_p95: 'S2 runbook',
  latency_max: 'S2 runbook',
  no_trade: 'S1 router',
  book_lag: 'S1 router',
  same_bar_roundtrip: 'S1 H2, from the fills',
  same_bar_roundtrip_flag: 'S1 H2, as the bot says it',
  calibration_drift: 'S1 H2',
  in_band_rate: 'S1 §10',
  ic_drift_warning: 'S1 router',
  ic_drift_critical: 'S1 router',
  leakage_flag: 'S1 router',
  sharpe_low: 'S1 router',
  sharpe_very_low: 'S1 router',
  hit_rate_low: 'S1 router',
  win_rate_low: 'S1 router',
  quarantine: 'S2 alerts',
};

const cell = (text: string): string => text.replaceAll('|', '\\|');

function rulesTable(): string {
  const rows = DEFAULT_RULES.map((rule) => {
    const { id, enabled, severity, title, cooldown } = rule;
    const held = rule.for === 0 ? '' : `, for ${shownDuration(rule.for)}`;
    return [
      `\`${id}\``,
      enabled ? '**on**' : 'off',
      severity,
      `${title}: ${conditionText(rule)}${held}`,
      shownDuration(cooldown),
      SOURCES[id] ?? '',
    ].map(cell);
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(['rule', '', 'severity', 'fires when', 'reminds', 'asked for by']),
    line(Array(6).fill('---')),
    ...rows.map(line),
  ].join('\n');
}

test('docs/alerts.md lists the rules that ship', async () => {
  const made = page.replace(
    /<!-- rules -->[\s\S]*<!-- \/rules -->/,
    () => `<!-- rules -->\n${rulesTable()}\n<!-- /rules -->`,
  );

  await expect(made).toMatchFileSnapshot(PAGE);
});

test('every rule says who asked for it, and no other is named', () => {
  expect(Object.keys(SOURCES).sort()).toEqual(DEFAULT_RULES.map(({ id }) => id).sort());
});

test('the settings that the page shows are taken', () => {
  const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => JSON.parse(json));

  expect(blocks.length).toBeGreaterThanOrEqual(2);
  for (const block of blocks) expect(() => alertsOf(parseConfig(block, 'docs/alerts.md'))).not.toThrow();
});

test('the page names every kind of condition', () => {
  for (const kind of new Set(DEFAULT_RULES.map(({ condition }) => condition.kind)))
    expect(page).toContain(`| \`${kind}\` |`);
});
