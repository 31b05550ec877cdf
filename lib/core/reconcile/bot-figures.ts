import type { EventOf } from '../catalog/index.ts';
import { microseconds } from '../lifecycle/input.ts';
import { breakOf } from './break.ts';
import { allowed, type Tolerance, verdictOf } from './tolerances.ts';
import type { Break } from './types.ts';

type Trade = EventOf<'trade_lifecycle'>;

/** Bots round what they log: to the cent, or to a millionth. */
const BOT_TOLERANCE: Tolerance = { absolute: 0.01, relative: 1e-6 };

/** How far a record rounded to cents may be off, per fill (semantics 3). */
const CENTS_PER_FILL = 0.005;

/** Our figure that means what the bot's means (three bots mean three things by realised PnL). */
interface Like {
  readonly field: string;
  readonly usd: number;
  /** The same without funding, which a bot may leave out of its net. */
  readonly withoutFunding: number;
}

export interface BotFigures {
  readonly breaks: readonly Break[];
  readonly compared: number;
  /** Trades whose bot figure has no basis that ours can be made on. */
  readonly incomparable: number;
}

/** Holds our PnL of each trade against the bot's own figure, like with like. Trades without a figure of the bot are passed over. */
export function botFigures(trades: readonly Trade[], tolerance: Tolerance = BOT_TOLERANCE): BotFigures {
  const breaks: Break[] = [];
  let [compared, incomparable] = [0, 0];
  for (const trade of trades) {
    const bot = trade.bot_realized_pnl_usd;
    if (bot == null || trade.entry_unknown === true || trade.provisional === true) continue;
    const ours = likeFor(trade);
    if (ours === undefined) {
      incomparable++;
      continue;
    }
    compared++;
    const cents =
      trade.cost_precision === 'cents' && ours.field !== 'gross_pnl_usd' ? CENTS_PER_FILL * (trade.fill_count ?? 1) : 0;
    const one = figureBreak(trade, { ours, bot, tolerance: allowed(tolerance, bot, cents) });
    if (one !== undefined) breaks.push(one);
  }
  return { breaks, compared, incomparable };
}

function likeFor(trade: Trade): Like | undefined {
  const funding = trade.funding_usd ?? 0;
  const [gross, net] = [trade.gross_pnl_usd, trade.net_pnl_usd];
  if (trade.bot_pnl_basis === 'gross' && gross != null)
    return { field: 'gross_pnl_usd', usd: gross, withoutFunding: gross };
  if (trade.bot_pnl_basis === 'net_of_all_costs' && net != null)
    return { field: 'net_pnl_usd', usd: net, withoutFunding: net - funding };
  if (trade.bot_pnl_basis !== 'net_of_closing_fees' || gross == null) return undefined;
  const fills = trade.fills ?? [];
  if (fills.length !== trade.fill_count) return undefined; // the list of fills is cut: their fees are not all known
  const fees = fills.flatMap((fill) =>
    fill?.role === 'reduce' || fill?.role === 'close' ? [fill.fee_usd ?? Number.NaN] : [],
  );
  const usd = fees.reduce((sum, fee) => sum - fee, gross);
  return Number.isFinite(usd) ? { field: 'gross less closing fees', usd, withoutFunding: usd } : undefined;
}

function figureBreak(
  trade: Trade,
  { ours, bot, tolerance }: { ours: Like; bot: number; tolerance: number },
): Break | undefined {
  const verdict = verdictOf(ours.usd, bot, tolerance);
  if (verdict === 'equal') return undefined;
  const funded = verdict === 'open' && verdictOf(ours.withoutFunding, bot, tolerance) !== 'open';
  return breakOf({
    kind: 'field',
    state: funded ? 'within_tolerance' : verdict,
    subject: trade.trade_id ?? trade.event_id ?? '',
    field: ours.field,
    ours: String(ours.usd),
    theirs: String(bot),
    difference: ours.usd - bot,
    tolerance,
    us: microseconds(trade.ts, trade.ts_ms) ?? null,
    symbol: trade.symbol ?? null,
    strategyId: trade.strategy_id ?? null,
    sentence: funded
      ? `The bot’s PnL of ${bot} leaves funding out; ours of ${ours.usd} holds it.`
      : `We make a PnL of ${ours.usd}, the bot ${bot} (${trade.bot_pnl_basis}).`,
    advice: funded
      ? 'Nothing.'
      : 'Look at its fees, its charged costs and its fills in `nightdesk trades`; a basis that is wrong is set with pnl_basis.',
  });
}
