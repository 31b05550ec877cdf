import { type Format, print, printJson, printRows, say } from '../commands/output.ts';
import { UNKNOWN_MODE } from './filters.ts';
import type { Position } from './positions.ts';
import { alignRight, clip, duration, figure, gain } from './text.ts';

const HEAD = [
  'mode',
  'venue',
  'account',
  'strategy',
  'symbol',
  'side',
  'quantity',
  'average',
  'last',
  'seen',
  'unrealised $',
  'age',
  'trades',
  'flags',
] as const;
const NUMBERS = [6, 7, 8, 10, 12] as const;
const NAME = 24;

export function printPositions(format: Format, positions: readonly Position[], unknown: number): void {
  const columns = Object.keys(EMPTY) as (keyof Position)[];
  if (format === 'json') printJson({ positions, entry_unknown: unknown });
  else if (format === 'csv')
    printRows(
      format,
      columns,
      positions.map((position) => columns.map((name) => position[name])),
    );
  else {
    if (positions.length > 0) printRows('table', HEAD, alignRight(positions.map(cellsOf), NUMBERS));
    else say('No position is open.');
    if (unknown > 0)
      print(
        `${unknown} ${unknown === 1 ? 'trade reduces a position' : 'trades reduce positions'} whose opening is not known: ` +
          '`nightdesk positions adopt` records it.\n',
      );
  }
}

const cellsOf = (position: Position): string[] => [
  position.mode ?? UNKNOWN_MODE,
  clip(position.venue, NAME),
  clip(position.account_id ?? timeframeOf(position), NAME),
  clip(position.strategy_id, NAME),
  clip(position.symbol, NAME),
  sideOf(position),
  figure(position.qty),
  figure(position.avg_px),
  figure(position.last_px),
  position.last_px_age_s === null
    ? (position.last_px_source ?? '')
    : `${position.last_px_source} ${duration(Math.round(position.last_px_age_s))} ago`,
  gain(position.unrealized_pnl_usd),
  duration(position.age_s === null ? null : Math.round(position.age_s)),
  String(position.trades),
  [
    ...(position.status === 'abandoned' ? ['abandoned'] : []),
    ...(position.provisional ? ['provisional'] : []),
    ...(position.session_id === null ? [] : [`run ${clip(position.session_id, 13)}`]),
  ].join(', '),
];

/** The account of a timeframe has no other name. */
const timeframeOf = ({ timeframe }: Position): string | null => (timeframe === null ? null : `(${timeframe})`);

const sideOf = ({ position_side, position_id, qty }: Position): string =>
  position_id ?? `${qty < 0 ? 'short' : 'long'}${position_side === null || position_side === 'both' ? '' : ' (hedge)'}`;

/** The columns of a position, in their order. */
const EMPTY: Position = {
  mode: null,
  venue: null,
  account_id: null,
  strategy_id: null,
  session_id: null,
  symbol: null,
  position_side: null,
  position_id: null,
  timeframe: null,
  status: 'open',
  qty: 0,
  avg_px: null,
  last_px: null,
  last_px_source: null,
  last_px_ts: null,
  last_px_age_s: null,
  unrealized_pnl_usd: null,
  opened_ts: null,
  age_s: null,
  trades: 0,
  provisional: false,
};
