import { LEDGER_DEFAULTS } from '../../core/lifecycle/types.ts';
import { isObject, type JsonObject } from '../../core/transform/json.ts';

// What freqtrade's webhook says (docs/webhook-config.md of freqtrade, `_notify_enter` and `_notify_exit` of its
// freqtradebot.py): templates of the user, filled by string.format, so every value is text. No message has an id of an order
// or of a fill, none a fee, and that of an entry's fill no time: what the block in docs/python.md asks for is what there is.

export interface HookFacts {
  /** When the message came in, ms since the epoch. */
  readonly arrivedMs: number;
  /** When the same bytes came in first, as far as is remembered: a repeat across midnight must not lie on another day. */
  readonly firstMs: number;
  /** Made from the whole message: freqtrade fills a message in once, and repeats the same bytes. */
  readonly messageId: string;
}

type Make = (message: Message, facts: { readonly messageId: string; readonly atMs: number }) => JsonObject;

/** A message as an event of Nightdesk's own form. What has no column is kept under `freqtrade`, in `extra`. */
export function eventOfFreqtrade(fields: JsonObject, { messageId, arrivedMs, firstMs }: HookFacts): JsonObject {
  const message = new Message(fields);
  const type = typeOf(message);
  const trade = message.text('trade_id');
  const atMs = trade === undefined ? arrivedMs : firstMs;
  const event = (MAKERS.get(type) ?? other(type))(message, { messageId, atMs });
  return {
    schema_version: 1,
    // A message about a trade says so much that no two of them are alike; others may be, and are told apart by their arrival.
    ...(trade === undefined ? {} : { event_id: `freqtrade-${messageId}`, position_id: trade, group_id: trade }),
    strategy_id: message.text('strategy', 'bot', 'bot_name') ?? 'freqtrade',
    session_id: message.text('session') ?? 'freqtrade',
    mode: modeOf(message),
    source: 'freqtrade',
    ts: utc(atMs),
    emitted_at: utc(atMs),
    venue: message.text('exchange')?.toLowerCase(),
    symbol: message.text('pair'),
    ...event,
    freqtrade: message.rest(),
  };
}

/** Fields of a message, and which of them were asked for. */
class Message {
  readonly #fields: JsonObject;
  readonly #asked = new Set<string>(['type']);

  constructor(fields: JsonObject) {
    this.#fields = fields;
  }

  /** The first of the fields that says something; Python writes None where it has nothing to say. */
  text(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
      this.#asked.add(name);
      const text = String(value).trim();
      if (text !== '' && text !== 'None') return text;
    }
    return undefined;
  }

  is(name: string): boolean | undefined {
    const word = this.text(name)?.toLowerCase();
    return word === undefined ? undefined : word === 'true' || word === '1';
  }

  /** A time; one without a zone is UTC, as freqtrade's are. */
  time(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (/^\d{10,}(\.\d+)?$/.test(text)) return text;
    const [, day, clock, zone] = TIME.exec(text) ?? [];
    return day === undefined ? undefined : `${day}T${clock}${zone ?? 'Z'}`;
  }

  /** What nobody asked for. */
  rest(): JsonObject | undefined {
    const rest = Object.entries(this.#fields).filter(([name, value]) => !this.#asked.has(name) && value !== '');
    return rest.length === 0 ? undefined : Object.fromEntries(rest);
  }
}

const TIME = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,9})?) ?(Z|[+-]\d\d:?\d\d)?$/;

const utc = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/** Names of freqtrade before 2022.4, and of its configuration before 2022.10. */
const FORMER: Readonly<Record<string, string>> = {
  buy: 'entry',
  buy_fill: 'entry_fill',
  buy_cancel: 'entry_cancel',
  sell: 'exit',
  sell_fill: 'exit_fill',
  sell_cancel: 'exit_cancel',
  webhookentry: 'entry',
  webhookentryfill: 'entry_fill',
  webhookentrycancel: 'entry_cancel',
  webhookexit: 'exit',
  webhookexitfill: 'exit_fill',
  webhookexitcancel: 'exit_cancel',
  webhookstatus: 'status',
};

function typeOf(message: Message): string {
  const type = message.text('type')?.toLowerCase() ?? '';
  return Object.hasOwn(FORMER, type) ? (FORMER[type] ?? type) : type;
}

function modeOf(message: Message): string | undefined {
  const mode = message.text('mode', 'runmode')?.toLowerCase();
  if (mode === 'dry_run' || mode === 'dry-run') return 'paper';
  if (mode !== undefined) return mode;
  const dry = message.is('dry_run');
  return dry === undefined ? undefined : dry ? 'paper' : 'live';
}

/** What orders and fills of a trade have in common. */
function legOf(message: Message, entering: boolean): JsonObject {
  const direction = message.text('direction')?.toLowerCase();
  const short = direction === 'short';
  return {
    side: short === entering ? 'sell' : 'buy',
    position_side: direction === 'long' || direction === 'short' ? direction : undefined,
    qty: message.text('amount'),
    order_type: message.text('order_type'),
    order_id: message.text('order_id'),
    client_order_id: message.text('client_order_id'),
    reduce_only: !entering,
    signal_source: message.text('enter_tag', 'buy_tag'),
  };
}

function orderOf(status: string, entering: boolean): Make {
  return (message) => {
    const leg = legOf(message, entering);
    const price = entering ? message.text('open_rate', 'limit') : message.text('order_rate', 'close_rate', 'limit');
    return {
      stream: 'order',
      ...leg,
      status,
      ...(leg.order_type === 'limit' ? { limit_px: price } : { price }),
      decision_px: message.text('current_rate'),
      leverage_x: message.text('leverage'),
      reason: message.text('reason', 'exit_reason', 'sell_reason'),
      ...(entering ? opened(message) : closed(message)),
    };
  };
}

function fillOf(entering: boolean): Make {
  return (message, { messageId, atMs }) => {
    const partly = message.is('sub_trade') === true;
    const dollars = LEDGER_DEFAULTS.stableCoins.includes(message.text('fee_currency')?.toUpperCase() ?? '');
    const fee = message.text('fee', 'fee_cost');
    return {
      stream: 'execution',
      ...legOf(message, entering),
      result: 'filled',
      fill_id: `freqtrade-${messageId}`,
      price: entering ? message.text('open_rate', 'limit') : message.text('close_rate', 'order_rate', 'limit'),
      fill_class: entering ? 'entry' : partly ? 'reduce' : 'exit',
      leverage_x: message.text('leverage'),
      fee,
      fee_asset: message.text('fee_currency'),
      fee_usd: dollars ? fee : undefined,
      ...(!entering && { exit_reason: message.text('exit_reason', 'sell_reason') }),
      ...profitOf(message, entering),
      exec_ts: utc(atMs),
      ...(entering ? opened(message) : executed(message, atMs)),
    };
  };
}

/** freqtrade's profit has all its fees taken off, is in the stake currency, and is booked when a trade exits: nothing at its entry. */
function profitOf(message: Message, entering: boolean): JsonObject {
  const stake = message.text('stake_currency')?.toUpperCase();
  if (stake === undefined || !LEDGER_DEFAULTS.stableCoins.includes(stake)) return {};
  return { realized_pnl_usd: entering ? '0' : message.text('profit_amount'), pnl_basis: 'net_of_all_costs' };
}

/** `open_date` is when the trade's first order was made, also in messages about later ones. */
const opened = (message: Message): JsonObject =>
  message.is('sub_trade') === true ? {} : { order_sent_ts: message.time('open_date') };

const closed = (message: Message): JsonObject => {
  const at = message.time('close_date');
  return at === undefined ? {} : { order_sent_ts: at };
};

/** `close_date` is when the exit filled, which the bot may learn much later; never after it said so, whatever its clock. */
function executed(message: Message, atMs: number): JsonObject {
  const at = message.time('close_date');
  return at === undefined || !(Date.parse(at) <= atMs) ? {} : { ts: at, exec_ts: at };
}

const saidOf = (message: Message): string | undefined =>
  message.text('status', 'msg', 'message', 'text', 'content', 'data');

function system(event: string, level: string): Make {
  return (message) => ({ stream: 'system', event, component: 'freqtrade', level, message: saidOf(message) });
}

const protection: Make = (message) => ({
  stream: 'gate',
  name: 'protection',
  passed: false,
  component: 'freqtrade',
  level: 'warning',
  reason: message.text('reason'),
});

const other = (type: string): Make => system(type === '' ? 'freqtrade' : `freqtrade_${type.slice(0, 60)}`, 'info');

const MAKERS: ReadonlyMap<string, Make> = new Map([
  ['entry', orderOf('submitted', true)],
  ['entry_cancel', orderOf('cancelled', true)],
  ['entry_fill', fillOf(true)],
  ['exit', orderOf('submitted', false)],
  ['exit_cancel', orderOf('cancelled', false)],
  ['exit_fill', fillOf(false)],
  ['status', system('status', 'info')],
  ['startup', system('startup', 'info')],
  ['strategy_msg', system('strategy_msg', 'info')],
  ['warning', system('warning', 'warning')],
  [
    'exception',
    (message) => ({
      stream: 'error',
      component: 'freqtrade',
      level: 'error',
      is_error: true,
      message: saidOf(message),
    }),
  ],
  ['protection_trigger', protection],
  ['protection_trigger_global', protection],
]);

/** The fields of a body: JSON, a form, or plain text; undefined where it should have been JSON and is no object. */
export function fieldsOfBody(text: string, contentType: string): JsonObject | undefined {
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  if (contentType.startsWith('text/plain')) return { message: text };
  const parsed: unknown = JSON.parse(text);
  return isObject(parsed) ? parsed : undefined;
}
