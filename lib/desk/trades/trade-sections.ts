import type { Cell } from '../../core/ports/index.ts';
import { type CellRow, countOf, textOrNull } from '../query/rows.ts';
import { UNKNOWN_MODE } from './filters.ts';
import { flagsOf } from './print-list.ts';
import { bps, duration, figure, gain, numberOrNull, textOf, usd } from './text.ts';

// One trade for people: what is known of it, in groups.

export const titleOf = (trade: CellRow): string =>
  [
    `trade ${trade.trade_id}:`,
    trade.status,
    trade.direction,
    trade.symbol ?? '(no symbol)',
    trade.instrument_kind === null || trade.instrument_kind === undefined
      ? ''
      : `(${trade.instrument_kind}${trade.instrument_assumed === true ? ', assumed' : ''})`,
  ]
    .filter((part) => part !== '')
    .join(' ');

type Line = readonly [label: string, text: string];
type Section = readonly [name: string, lines: readonly Line[]];

export const sectionsOf = (trade: CellRow): readonly Section[] => {
  const read = reader(trade);
  return [
    ['book', bookLines(trade, read)],
    ['entry', entryLines(trade, read)],
    ['exit', exitLines(trade, read)],
    ['position', positionLines(trade, read)],
    ['money', moneyLines(trade, read)],
    ['costs', costLines(read)],
    ['the bot’s own books', botLines(trade, read)],
    ['context', contextLines(trade, read)],
    ['latencies', latencyLines(trade, read)],
  ];
};

/** Cells of a trade as text: '' where they are not known. */
interface Reader {
  text(name: string): string;
  number(name: string, unit?: string): string;
  usd(name: string): string;
  gain(name: string): string;
  bps(name: string): string;
  ms(name: string): string;
}

const reader = (trade: CellRow): Reader => {
  const unit = (text: string, of: string): string => (text === '' ? '' : `${text}${of}`);
  const value = (name: string): number | null => numberOrNull(trade[name]);
  return {
    text: (name) => textOf(trade[name]),
    number: (name, of = '') => unit(figure(value(name)), of),
    usd: (name) => unit(usd(value(name)), ' USD'),
    gain: (name) => unit(gain(value(name)), ' USD'),
    bps: (name) => unit(bps(value(name)), ' bps'),
    ms: (name) => unit(figure(value(name)), ' ms'),
  };
};

/** A text with remarks behind it; nothing where the text is not known. */
const withRemarks = (text: string, ...remarks: readonly string[]): string => {
  const said = remarks.filter((remark) => remark !== '');
  return text === '' || said.length === 0 ? text : `${text} (${said.join(', ')})`;
};

const labelled = (label: string, text: string): string => (text === '' ? '' : `${label} ${text}`);

const bookLines = (trade: CellRow, read: Reader): Line[] => [
  ['mode', textOrNull(trade.mode) ?? UNKNOWN_MODE],
  ['strategy', read.text('strategy_id')],
  ['session', read.text('session_id')],
  ['venue', read.text('venue')],
  ['account', read.text('account_id')],
  ['timeframe', read.text('timeframe')],
  ['position', [read.text('position_side'), read.text('position_id')].filter((part) => part !== '').join(' ')],
  ['group', read.text('group_id')],
  ['rule', withRemarks(read.text('trade_method'), labelled('scope', read.text('scope')))],
  ['flags', flagsOf({ ...trade, legs: 1 }).join(', ')],
];

const entryLines = (trade: CellRow, read: Reader): Line[] => [
  ['time', withRemarks(read.text('entry_ts'), labelled('bar', read.text('entry_bar_ts') || read.text('entry_bar_id')))],
  ['price', withRemarks(read.number('entry_px'), countOf(trade.scale_in_count) > 0 ? 'average' : '')],
  ['quantity', read.number('entry_qty')],
  ['notional', read.usd('entry_notional_usd')],
  ['decided at', withRemarks(read.number('entry_decision_px'), read.text('entry_decision_px_source'))],
  ['slippage', read.bps('slippage_entry_bps')],
  ['order', read.text('entry_order_id')],
  ['intent', withRemarks(read.text('entry_intent_id'), read.text('entry_intent_side'))],
  ['decision', read.text('entry_decision_id')],
  ['forced', trade.entry_forced === true ? 'yes' : ''],
  ['flipped from', read.text('flipped_from')],
];

const exitLines = (trade: CellRow, read: Reader): Line[] =>
  trade.exit_px === null || trade.exit_px === undefined
    ? []
    : [
        [
          'time',
          withRemarks(read.text('exit_ts'), labelled('bar', read.text('exit_bar_ts') || read.text('exit_bar_id'))),
        ],
        ['price', withRemarks(read.number('exit_px'), countOf(trade.partial_exit_count) > 0 ? 'average' : '')],
        ['quantity', read.number('exit_qty')],
        ['slippage', read.bps('slippage_exit_bps')],
        [
          'reason',
          withRemarks(read.text('exit_reason'), read.text('exit_reason_source'), read.text('exit_reason_detail')),
        ],
        ['order', read.text('exit_order_id')],
        ['held', withRemarks(duration(numberOrNull(trade.duration_seconds)), barsOf(trade))],
      ];

const barsOf = (trade: CellRow): string => {
  const bars = numberOrNull(trade.duration_bars);
  return bars === null ? '' : `${Number(bars.toFixed(1))} bars`;
};

const positionLines = (trade: CellRow, read: Reader): Line[] =>
  trade.status === 'closed' || trade.entry_unknown === true
    ? []
    : [
        ['open', read.number('position_qty')],
        ['average price', read.number('avg_px')],
        ['last fill', read.number('last_px')],
        ['unrealised', withRemarks(read.gain('unrealized_pnl_usd'), 'at the last fill')],
      ];

const moneyLines = (trade: CellRow, read: Reader): Line[] => [
  ['gross', withRemarks(read.gain('gross_pnl_usd'), read.bps('realized_pnl_bps'))],
  ['fees', read.usd('fees_usd')],
  ['charged', read.usd('charged_costs_usd')],
  ['funding', read.gain('funding_usd')],
  ['net', withRemarks(read.gain('net_pnl_usd'), read.bps('net_pnl_bps'))],
  [
    'why unknown',
    trade.net_pnl_usd !== null && trade.net_pnl_usd !== undefined
      ? ''
      : trade.entry_unknown === true
        ? 'nothing is known of how the position was opened'
        : 'a fee is not known, or no price turns it into dollars',
  ],
  [`in ${read.text('settle_asset') || 'its asset'}`, trade.settle_asset === 'USD' ? '' : settled(read)],
  [
    'estimated funding',
    numberOrNull(trade.funding_estimated_usd) ? `${read.gain('funding_estimated_usd')} (in no total)` : '',
  ],
];

const settled = (read: Reader): string =>
  [
    labelled('gross', read.number('gross_pnl')),
    labelled('fees', read.number('fees')),
    labelled('net', read.number('net_pnl')),
    labelled('at', read.number('settle_usd_rate', ' USD')),
  ]
    .filter((part) => part !== '')
    .join(', ');

const costLines = (read: Reader): Line[] => [
  ['in all', withRemarks(read.usd('costs_total_usd'), read.bps('costs_total_bps'))],
  ['impact', withRemarks(read.usd('impact_usd'), read.text('impact_basis').replace('_', ' '))],
  ['precision', read.text('cost_precision')],
];

const BASES: Readonly<Record<string, string>> = {
  gross: 'nothing subtracted',
  net_of_closing_fees: 'closing fees subtracted, opening ones not',
  net_of_all_costs: 'all costs subtracted',
};

/** Bots mean different things by realized PnL: their figure stands beside the one of ours it may be held against. */
const botLines = (trade: CellRow, read: Reader): Line[] => {
  if (read.text('bot_realized_pnl_usd') === '') return [['net less attribution', read.gain('attrib_check_usd')]];
  const basis = read.text('bot_pnl_basis');
  const ours =
    basis === 'gross' ? read.gain('gross_pnl_usd') : basis === 'net_of_all_costs' ? read.gain('net_pnl_usd') : '';
  return [
    ['realized PnL', withRemarks(read.gain('bot_realized_pnl_usd'), BASES[basis] ?? 'basis not known')],
    ['ours, same basis', ours],
    ['ours, net', ours === '' || trade.net_pnl_usd === null ? read.gain('net_pnl_usd') : ''],
    ['net less attribution', read.gain('attrib_check_usd')],
  ];
};

const contextLines = (trade: CellRow, read: Reader): Line[] => [
  [
    'signal',
    withRemarks(
      [read.text('entry_signal_source'), read.number('entry_signal')].filter((part) => part !== '').join(' '),
      labelled('joined by', read.text('entry_signal_join')),
      labelled('confidence', read.number('entry_signal_confidence')),
    ),
  ],
  ['signal at exit', read.number('exit_signal')],
  ['signal decay', read.number('signal_decay')],
  ['predicted', read.bps('entry_pred_bps')],
  ['ensemble', read.bps('entry_ensemble_bps')],
  ['prediction error', read.bps('prediction_error_bps')],
  ['regime', read.text('entry_regime')],
  [
    'overlay',
    withRemarks(
      read.number('entry_overlay_direction'),
      labelled('confidence', read.number('entry_overlay_confidence')),
    ),
  ],
  ['leverage', read.number('entry_leverage_x', 'x')],
  ['risk score', read.number('entry_risk_score')],
  ['cohorts at entry', cohortText(trade.entry_cohort)],
  ['cohorts at exit', cohortText(trade.exit_cohort)],
  ['cost record', labelled('confidence', read.number('entry_cost_confidence'))],
  ['model', withRemarks(read.text('model_version'), read.text('model_id'))],
  ['commit', read.text('git_sha')],
];

const cohortText = (cell: Cell | undefined): string =>
  typeof cell !== 'object' || cell === null
    ? ''
    : Object.entries(cell)
        .flatMap(([name, value]) => (value === null ? [] : [`${name} ${textOf(value)}`]))
        .join(', ');

const latencyLines = (trade: CellRow, read: Reader): Line[] => {
  const steps = [
    ['decision to order', 'decision_to_order_ms'],
    ['order to ack', 'order_to_ack_ms'],
    ['order to fill', 'order_to_fill_ms'],
    ['decision to fill', 'decision_to_fill_ms'],
    ['features', 'feature_calc_ms'],
    ['model', 'model_inference_ms'],
    ['decision', 'decision_logic_ms'],
    ['risk checks', 'risk_check_ms'],
    ['execution', 'execution_ms'],
    ['end to end', 'total_latency_ms'],
  ] as const;
  const REASONS: Readonly<Record<string, string>> = {
    missing: 'a time is missing',
    equal: 'the bot writes one time for both',
    reversed: 'the later step carries the earlier time',
  };
  const reason = textOrNull(trade.latency_reason);
  return [
    ...steps.map(([label, name]): Line => [label, read.ms(name)]),
    ['not known where', reason === null ? '' : (REASONS[reason] ?? reason)],
  ];
};
