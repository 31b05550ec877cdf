// The methods of ccxt's interface by what they do, and what stands where in their arguments.

/** What a method does with what it is given and what it answers. */
export type Work =
  | 'create'
  | 'create_many'
  | 'edit'
  | 'edit_many'
  | 'cancel'
  | 'cancel_many'
  | 'orders'
  | 'trades'
  | 'quotes'
  | 'candles'
  /** Nothing is read of it; it is told where it fails. */
  | 'other';

export type Args = Readonly<Record<string, unknown>>;

interface Entry {
  readonly work: Work;
  /** Names of the arguments in their order. */
  readonly slots: readonly string[];
  /** What the method's name says. */
  readonly fixed: Args;
}

const ENTRIES = new Map<string, Entry>();

function add(work: Work, names: string, slots = '', fixed: Args = {}): void {
  for (const name of names.split(' ')) ENTRIES.set(name, { work, slots: slots.split(' '), fixed });
}

const [LIMIT, MARKET, BUY, SELL] = [{ type: 'limit' }, { type: 'market' }, { side: 'buy' }, { side: 'sell' }];

add('create', 'createOrder', 'symbol type side amount price params');
add('create', 'createPostOnlyOrder', 'symbol type side amount price params', { postOnly: true });
add('create', 'createReduceOnlyOrder', 'symbol type side amount price params', { reduceOnly: true });
add('create', 'createLimitOrder', 'symbol side amount price params', LIMIT);
add('create', 'createLimitBuyOrder', 'symbol amount price params', { ...LIMIT, ...BUY });
add('create', 'createLimitSellOrder', 'symbol amount price params', { ...LIMIT, ...SELL });
add('create', 'createMarketOrder', 'symbol side amount price params', MARKET);
add('create', 'createMarketBuyOrder', 'symbol amount params', { ...MARKET, ...BUY });
add('create', 'createMarketSellOrder', 'symbol amount params', { ...MARKET, ...SELL });
add('create', 'createMarketOrderWithCost', 'symbol side cost params', MARKET);
add('create', 'createMarketBuyOrderWithCost', 'symbol cost params', { ...MARKET, ...BUY });
add('create', 'createMarketSellOrderWithCost', 'symbol cost params', { ...MARKET, ...SELL });
add('create', 'createStopOrder createTriggerOrder', 'symbol type side amount price stop params');
add('create', 'createStopLossOrder createTakeProfitOrder', 'symbol type side amount price stop params');
add('create', 'createStopLimitOrder', 'symbol side amount price stop params', LIMIT);
add('create', 'createStopMarketOrder', 'symbol side amount stop params', MARKET);
add(
  'create',
  'createTrailingAmountOrder createTrailingPercentOrder',
  'symbol type side amount price trail stop params',
);
add('create', 'createOrderWithTakeProfitAndStopLoss', 'symbol type side amount price gain loss params');
add('create_many', 'createOrders', 'orders params');
add('edit', 'editOrder', 'id symbol type side amount price params');
add('edit', 'editOrderWithClientOrderId', 'client symbol type side amount price params');
add('edit', 'editLimitOrder', 'id symbol side amount price params', LIMIT);
add('edit', 'editLimitBuyOrder', 'id symbol amount price params', { ...LIMIT, ...BUY });
add('edit', 'editLimitSellOrder', 'id symbol amount price params', { ...LIMIT, ...SELL });
add('edit_many', 'editOrders', 'orders params');
add('cancel', 'cancelOrder', 'id symbol params');
add('cancel', 'cancelOrderWithClientOrderId', 'client symbol params');
add('cancel', 'cancelUnifiedOrder', 'order params');
add('cancel_many', 'cancelOrders cancelOrdersWithClientOrderIds', 'ids symbol params');
add('cancel_many', 'cancelAllOrders', 'symbol params');
add('cancel_many', 'cancelOrdersForSymbols', 'orders params');
add('orders', 'fetchOrder fetchOpenOrder fetchClosedOrder', 'id symbol params');
add('orders', 'fetchOrderWithClientOrderId', 'client symbol params');
add('orders', 'fetchUnifiedOrder', 'order params');
add('orders', 'fetchOrders fetchOpenOrders fetchClosedOrders fetchCanceledOrders', 'symbol');
add('orders', 'fetchCanceledAndClosedOrders watchOrders watchOrdersForSymbols', 'symbol');
add('orders', 'fetchOrdersByStatus', 'status symbol');
add('orders', 'closePosition closePositions closeAllPositions', 'symbol');
add('trades', 'fetchMyTrades watchMyTrades watchMyTradesForSymbols', 'symbol');
add('trades', 'fetchOrderTrades', 'id symbol');
add('quotes', 'fetchTicker fetchTickers fetchBidsAsks watchTicker watchTickers watchBidsAsks', 'symbol');
add('quotes', 'fetchOrderBook fetchL2OrderBook watchOrderBook watchOrderBookForSymbols', 'symbol');
add('candles', 'fetchOHLCV', 'symbol timeframe');

const OTHER: Entry = { work: 'other', slots: [], fixed: {} };

/** Methods that ask something of the venue. */
const ASKS = /^(?:create|edit|cancel|fetch|watch|close|set|transfer|withdraw)[A-Z]|^(?:loadMarkets|transfer|withdraw)$/;

/** Whether calls of a method are looked at; those that answer over the websocket (`createOrderWs`) are the same. */
export const isWatched = (name: string | symbol): name is string =>
  typeof name === 'string' && (ENTRIES.has(plain(name)) || ASKS.test(name));

export const workOf = (name: string): Work => (ENTRIES.get(plain(name)) ?? OTHER).work;

/** Arguments by their names. */
export function argsOf(name: string, args: readonly unknown[]): Args {
  const { slots, fixed } = ENTRIES.get(plain(name)) ?? OTHER;
  return { ...fixed, ...Object.fromEntries(slots.map((slot, i) => [slot, args[i]])) };
}

const plain = (name: string): string => (name.endsWith('Ws') ? name.slice(0, -2) : name);
