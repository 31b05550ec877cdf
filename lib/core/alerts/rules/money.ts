import type { AlertRule } from '../types.ts';
import { DAY, rule } from './rule.ts';

// Equity and what it fell by (S1 H2; S1's alert router; S2's PNL_DROP).

export const moneyRules: readonly AlertRule[] = [
  rule({
    id: 'equity_drop',
    title: 'Equity fell',
    advice:
      'Equity is more than 5 % below its peak, deposits and withdrawals taken out. Decide first whether the bot may go on: ' +
      '`nightdesk positions` shows what it holds, `nightdesk trades --sort worst` which trades cost most, `nightdesk query equity` the curve.',
    severity: 'critical',
    enabled: true,
    condition: { kind: 'drawdown', basis: 'peak', share: 0.05 },
    unit: '%',
  }),
  rule({
    id: 'equity_absolute',
    title: 'Equity is below 9,500',
    advice:
      'Equity is below the amount that was set, whatever it came from. `nightdesk positions` shows what is held, `nightdesk query equity` the curve.',
    severity: 'critical',
    condition: { kind: 'drawdown', basis: 'absolute', below: 9_500 },
    unit: 'account currency',
  }),
  rule({
    id: 'equity_below_start',
    title: 'Equity is below its start',
    advice:
      'The run or account has lost more than 5 % of what it began with, deposits and withdrawals taken out. `nightdesk trades --summary` shows where it went.',
    severity: 'critical',
    condition: { kind: 'drawdown', basis: 'start', share: 0.05 },
    unit: '%',
  }),
  rule({
    id: 'pnl_drop',
    title: 'Equity fell within a day',
    advice:
      'Equity is more than 5 % below the highest of the last 24 hours, deposits and withdrawals taken out. `nightdesk trades` shows the day’s trades.',
    severity: 'critical',
    condition: { kind: 'drawdown', basis: 'window', window: DAY, share: 0.05 },
    unit: '%',
  }),
  rule({
    id: 'max_dd_warning',
    title: 'The bot reports a drawdown of 2 %',
    advice: 'The bot’s own figure, max_dd_to_date; some bots never fill it. `nightdesk snapshots` has ours.',
    severity: 'warning',
    condition: {
      kind: 'threshold',
      of: { stream: ['health', 'equity_curve'] },
      field: 'max_dd_to_date',
      atMost: -0.02,
    },
  }),
  rule({
    id: 'max_dd_critical',
    title: 'The bot reports a drawdown of 3 %',
    advice: 'The bot’s own figure, max_dd_to_date; some bots never fill it. `nightdesk snapshots` has ours.',
    severity: 'critical',
    condition: {
      kind: 'threshold',
      of: { stream: ['health', 'equity_curve'] },
      field: 'max_dd_to_date',
      atMost: -0.03,
    },
  }),
  rule({
    id: 'cost_high',
    title: 'Trading is expensive',
    advice:
      'Fees, slippage and impact together are 7 bps per trade and more, as the bot computes them. `nightdesk query costs-per-day` shows which part grew.',
    severity: 'warning',
    condition: { kind: 'threshold', of: { stream: 'kpi_scorecard' }, field: 'cost_bps_avg', atLeast: 7 },
    unit: 'bps',
  }),
  rule({
    id: 'capacity_participation',
    title: 'The bot is too large for its market',
    advice: 'It trades 3 % and more of the daily volume: its own orders move the price. Make it smaller.',
    severity: 'critical',
    condition: { kind: 'threshold', of: { stream: 'health' }, field: 'capacity_participation', atLeast: 0.03 },
  }),
];
