/** An event as it lies in the lake. */
export type StoredEvent = Readonly<Record<string, unknown>>;

/** One sentence for people about an event, in at most some 200 characters. */
export function sentenceOf(event: StoredEvent): string {
  const tell = SENTENCES[String(event.stream)];
  return (tell === undefined ? ownFields(event) : tell(event)).slice(0, 200);
}

type Tell = (event: StoredEvent) => string;

// Intent, order and fill read as the bots of the execution telemetry bridge print them.
const SENTENCES: Readonly<Record<string, Tell>> = {
  order_intent: (e) =>
    e.side === 'hold'
      ? `Intent: HOLD${because(failedGuards(e))}`
      : `Intent: ${side(e)}${quantity(e)}${at(e.current_price ?? e.limit_px)}`,
  order: (e) =>
    `Order: ${side(e)}${quantity(e)}${part(' (', e.order_type, ')')}${part(' ', e.status)}${because(text(e.rejection_reason ?? e.reason))}`,
  execution: (e) =>
    known(e.price)
      ? `Fill: ${[side(e), amount(e.qty)].filter(Boolean).join(' ')}${at(e.price)}${part(' (fee: ', money(e.fee ?? e.fee_usd, 4), ')')}`
      : `Execution: ${text(e.result ?? e.status) || 'no price'}${because(text(e.rejection_message ?? e.rejection_reason))}`,
  gate: (e) => `Gate ${text(e.name)}: ${verdict(e.passed)}${because(text(e.reason))}`,
  signals: (e) =>
    `Signal: ${direction(e.direction)}${part(' by ', e.chosen)}${part(', p_up ', decimal(e.p_up, 3))}${part(', p_down ', decimal(e.p_down, 3))}`,
  ensemble: (e) => `Ensemble: ${decimal(e.pred_stack_bps ?? e.pred_bma_bps, 1)} bps`,
  calibration: (e) =>
    `Calibration: ${decimal(e.pred_cal_bps, 1)} bps, ${e.in_band_flag === true ? 'inside' : 'outside'} the band of ${decimal(e.band_bps, 1)}`,
  health: (e) =>
    `Health: ${text(e.session_phase ?? e.emit_reason) || 'beat'}${part(', equity ', decimal(e.equity, 2))}${part(', websocket ', decimal(e.ws_staleness_ms, 0), ' ms old')}`,
  costs: (e) =>
    known(e.attrib_total_usd)
      ? `PnL attribution: ${money(e.attrib_total_usd, 2)}`
      : `Costs: ${money(e.cost_usd, 4)}${part(', ', decimal(e.cost_bps_total, 1), ' bps')}${part(' of ', money(e.notional_usd, 2))}`,
  equity_curve: (e) => `Equity: ${decimal(e.equity, 2)}${part(', drawdown ', decimal(e.drawdown, 4))}`,
  market: (e) =>
    `Market: ${decimal(e.mid ?? e.last ?? e.mark_px ?? e.close, 2)}${part(', spread ', decimal(e.spread_bps, 2), ' bps')}${part(', ', e.regime)}`,
  risk: (e) =>
    `Risk: position ${decimal(e.position_after ?? e.position_qty, 4) || 'unknown'}${part(', ', e.risk_sizing_result)}${because(text(e.veto_reason))}`,
  cash_flow: (e) => `Cash flow: ${text(e.kind)} ${decimal(e.amount, 8)}${part(' ', e.asset)}`,
  system: (e) =>
    `System: ${text(e.event ?? e.status) || 'event'}${part(' in ', e.component)}${part(': ', e.message ?? e.reason)}`,
  error: (e) => `Error: ${text(e.error_type ?? e.code)}${part(' in ', e.component)}${part(': ', e.message)}`,
  quarantine: (e) => `Quarantined: ${text(e.reason)}${part(', would be ', e.target)}${part(': ', e.detail)}`,
};

/** For streams without a sentence of their own: what the event says, envelope left out. */
function ownFields(event: StoredEvent): string {
  const names = Object.keys(event).filter(
    (name) => !ENVELOPE.test(name) && known(event[name]) && typeof event[name] !== 'object',
  );
  return `${text(event.stream)}: ${names
    .slice(0, 5)
    .map((name) => `${name} ${text(event[name])}`)
    .join(', ')}`;
}

const ENVELOPE =
  /^(?:event_id|stream|schema_version|ts|ts_\w+|strategy_id|session_id|venue|account_id|symbol|mode|timeframe\w*|bar_\w+|seq|emitted_at|ingested_at|source\w*|dialect|extra)$/;

const known = (value: unknown): boolean => value !== null && value !== undefined && value !== '';
const text = (value: unknown): string => (known(value) ? String(value) : '');
const part = (before: string, value: unknown, after = ''): string =>
  known(value) ? `${before}${text(value)}${after}` : '';
const because = (reason: string): string => part(': ', reason);
const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
const decimal = (value: unknown, digits: number): string => number(value)?.toFixed(digits) ?? '';

function money(value: unknown, digits: number): string {
  const amountUsd = number(value);
  if (amountUsd === undefined) return '';
  const [whole = '', fraction] = Math.abs(amountUsd).toFixed(digits).split('.');
  return `${amountUsd < 0 ? '-' : ''}$${whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ',')}${part('.', fraction)}`;
}

const amount = (value: unknown): string => decimal(value, 6);
const at = (price: unknown): string => part(' @ ', money(price, 2));
const side = ({ side: given }: StoredEvent): string => text(given).toUpperCase();
const quantity = ({ qty, intent_size }: StoredEvent): string => part(' ', amount(qty ?? intent_size));
const direction = (value: unknown): string => (value === 1 ? 'LONG' : value === -1 ? 'SHORT' : 'HOLD');
const verdict = (passed: unknown): string => (passed === true ? 'passed' : passed === false ? 'blocked' : 'not judged');

function failedGuards({ guards, veto_primary }: StoredEvent): string {
  if (!Array.isArray(guards)) return text(veto_primary);
  const failed = guards
    .filter((guard: unknown) => isRecord(guard) && guard.passed === false)
    .map((guard: StoredEvent) => text(guard.name));
  return failed.length === 0 ? text(veto_primary) : `${failed.join(', ')} failed`;
}

const isRecord = (value: unknown): value is StoredEvent => typeof value === 'object' && value !== null;
