import type { AlertRule } from '../types.ts';
import { DAY, rule } from './rule.ts';

// The model (S1 H2 and §10; S1's alert router). The bot's own figures: a constant one says nothing (semantics 6).

const SAMPLES = 20;

export const modelRules: readonly AlertRule[] = [
  rule({
    id: 'calibration_drift',
    title: 'The calibration has drifted',
    advice:
      'The bot says that its calibration error has grown by more than 0.1: its probabilities no longer mean what they say. ' +
      '`nightdesk query calibration-drift` shows since when; fit it anew, or trade smaller until then.',
    severity: 'warning',
    enabled: true,
    condition: {
      kind: 'threshold',
      of: { stream: 'health' },
      field: 'calibration_drift',
      above: 0.1,
      constant: SAMPLES,
    },
  }),
  rule({
    id: 'in_band_rate',
    title: 'Few predictions lie in the band',
    advice:
      'Less than half of a day’s predictions lie inside the bot’s no-trade band: they are larger than they should be, or the band is too narrow. ' +
      '`nightdesk query in-band-rate` shows since when.',
    severity: 'warning',
    condition: {
      kind: 'share',
      of: { stream: 'calibration' },
      where: { in_band_flag: true },
      window: DAY,
      below: 0.5,
      least: SAMPLES,
    },
    unit: '%',
  }),
  rule({
    id: 'ic_drift_warning',
    title: 'Predictions lose their worth',
    advice:
      'The correlation of predictions and returns fell by 0.03 or more, as the bot computes it. `nightdesk query prediction-error` shows the errors.',
    severity: 'warning',
    condition: { kind: 'threshold', of: { stream: 'health' }, field: 'ic_drift', atMost: -0.03, constant: SAMPLES },
  }),
  rule({
    id: 'ic_drift_critical',
    title: 'Predictions have lost their worth',
    advice:
      'The correlation of predictions and returns fell by 0.05 or more, as the bot computes it. Trade smaller, or stop.',
    severity: 'critical',
    condition: { kind: 'threshold', of: { stream: 'health' }, field: 'ic_drift', atMost: -0.05, constant: SAMPLES },
  }),
  rule({
    id: 'leakage_flag',
    title: 'The bot found future data in its inputs',
    advice: 'Nothing it has computed since can be trusted. Stop it; `nightdesk tail --stream health` shows since when.',
    severity: 'critical',
    condition: { kind: 'threshold', of: { stream: 'health' }, field: 'leakage_flag', equals: true },
  }),
  rule({
    id: 'sharpe_low',
    title: 'The week’s Sharpe ratio is below 1',
    advice: 'The bot’s own figure, over a week. `nightdesk snapshots` has ours.',
    severity: 'warning',
    condition: {
      kind: 'threshold',
      of: { stream: ['health', 'kpi_scorecard'] },
      field: 'sharpe_1w',
      below: 1,
      constant: SAMPLES,
    },
  }),
  rule({
    id: 'sharpe_very_low',
    title: 'The week’s Sharpe ratio is below 0.5',
    advice:
      'The bot’s own figure, over a week. `nightdesk snapshots` has ours; `nightdesk trades --summary` shows what lost.',
    severity: 'critical',
    condition: {
      kind: 'threshold',
      of: { stream: ['health', 'kpi_scorecard'] },
      field: 'sharpe_1w',
      below: 0.5,
      constant: SAMPLES,
    },
  }),
  rule({
    id: 'hit_rate_low',
    title: 'Few predictions are right',
    advice:
      'Less than 45 % of the week’s predictions were right, as the bot counts them. `nightdesk query prediction-error` shows the errors.',
    severity: 'warning',
    condition: { kind: 'threshold', of: { stream: 'health' }, field: 'hit_rate_w', below: 0.45, constant: SAMPLES },
  }),
  rule({
    id: 'win_rate_low',
    title: 'Few trades win',
    advice:
      'Less than 45 % of at least 50 trades won, as the bot counts them. `nightdesk trades --summary` has our count.',
    severity: 'warning',
    condition: {
      kind: 'threshold',
      of: { stream: 'kpi_scorecard', where: { trade_count: { atLeast: 50 } } },
      field: 'win_rate',
      below: 0.45,
      constant: SAMPLES,
    },
  }),
];
