// Lines of the lake as a bot leaves them that sends about one order, signal and cost record per fill.

/** Lines per fill. */
export const LINES_PER_FILL = 4;

const START_MS = Date.UTC(2025, 10, 21);
const FILL_EVERY_MS = 10_000;
const FILLS_PER_RUN = 8_640; // a run a day
/** What the fills of a book do, again and again: two open, one reduces, one turns it round; it is never flat. */
const TURNS = [1, 1, -1, -2, -1, 1, 2] as const;

/** The lines of some fills of one strategy, oldest first. Fills go round the books, so that all are open after one round. */
export function ledgerLines({ from, fills, books }: { from: number; fills: number; books: number }): string[] {
  const lines: string[] = [];
  for (let n = from; n < from + fills; n++) lines.push(...linesOfFill(n, books));
  return lines;
}

/** When a fill traded, µs. */
export const usOfFill = (n: number): number => (START_MS + n * FILL_EVERY_MS) * 1000;

function linesOfFill(n: number, books: number): string[] {
  const ms = START_MS + n * FILL_EVERY_MS;
  const round = Math.floor(n / books);
  const turn = TURNS[round % TURNS.length] ?? 1;
  // The first round opens; later ones begin with the position that the last turn left.
  const [side, qty] = [turn > 0 ? 'buy' : 'sell', 0.010862 * Math.abs(turn)];
  const price = 85_486.8 + ((n * 7_919) % 1_000) / 10;
  const notional = qty * price;
  const run = Math.floor(n / FILLS_PER_RUN);
  const envelope = (stream: string, offset: number, line: number): string =>
    `{"event_id":"2f6b90d1c4e87a35.${run}-${n * LINES_PER_FILL + line}","stream":"${stream}","schema_version":1,"ts":"${ts(ms + offset)}","ts_ms":${ms + offset},"ts_source":"ts","seq":${n * LINES_PER_FILL + line},"ingested_at":"${ts(ms + 1_900)}","dialect":"canonical","source":"b1a4f47a630786ac","strategy_id":"ensemble_1_0","session_id":"3bc82e52-170f-4a8c-ac86-${String(run).padStart(12, '0')}","venue":"hyperliquid","account_id":"main","symbol":"COIN${n % books}USDT","mode":"live","timeframe":"5m","bar_ts":"${ts(ms - (ms % 300_000))}"`;
  const ids = `"order_id":"ord_${n}","client_order_id":"cl-${n}"`;
  const [model, noise] = [((n * 31) % 200) / 200 - 0.5, ((n * 17) % 89) / 89_000];
  return [
    `${envelope('signals', -67, 0)},"emitted_at":"${ts(ms - 67)}","features":[${noise},-0.0010964532622369516,-105578.86173711333,${noise / 3},0,0.0008531401617822449,0.0006004618937643924,-0.1369446918830759,0.45586610988790494,0,-0.0010964532622369516,0,-0.0000138144,0,0.0004882558118544114,0.0004882558118544114,0],"p_down":0.0446156934813831,"p_neutral":0.8628480533720445,"p_up":0.09253625314657235,"s_model":${model},"calibration_a":0,"calibration_b":1,"direction":${side === 'buy' ? 1 : -1},"alpha":0.074,"chosen":"model_bma","eligible":{"pros":false,"amateurs":false,"model_meta":false,"model_bma":true},"source_signals":{"S_top":${noise},"S_bot":0,"S_mood":${-noise},"S_model_meta":${-model},"S_model_bma":${-model}},"model_source":"bma","bma_w_base":0.5,"bma_w_prob":0.5,"pred_bma_bps":${model * 10_000},"cohort_pros":${noise},"cohort_amateurs":0,"cohort_mood":${noise}}`,
    `${envelope('order', -41, 1)},"side":"${side}","order_type":"market","qty":${qty},"status":"submitted","time_in_force":"ioc","reduce_only":false,${ids},"intent_id":"int-${n}","correlation_id":"corr-${n}","decision_ts":"${ts(ms - 60)}"}`,
    `${envelope('execution', 0, 2)},"side":"${side}","order_type":"market","qty":${qty},"price":${price},"notional_usd":${notional},"result":"filled","fee":${notional * 0.0005},"fee_asset":"USDT","liquidity":"taker","router":"BINANCE",${ids},"venue_fill_id":"${118_093 + n}","decision_ts":"${ts(ms - 60)}","order_sent_ts":"${ts(ms - 41)}","exec_ts":"${ts(ms)}","decision_px":${price - 17},"mid":${price - 17},"impact_usd":${notional * 0.005},"impact_basis":"modelled"}`,
    `${envelope('costs', 13, 3)},"notional_usd":${notional.toFixed(2)},"fee_bps":5,"slip_bps":2,"impact_k":0.5,"impact_bps":53.6,"adv_ref":15602696,"cost_usd":${(notional * 0.0055).toFixed(2)},"cost_bps_total":58.6,"fee_usd":${(notional * 0.0005).toFixed(2)},"slip_usd":0.02,"impact_usd":${(notional * 0.005).toFixed(2)},"impact_basis":"modelled","cost_precision":"cents",${ids}}`,
  ];
}

const ts = (ms: number): string => `${new Date(ms).toISOString().slice(0, 23)}000Z`;
