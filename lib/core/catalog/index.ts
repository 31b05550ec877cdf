import type { envelope } from './envelope.ts';
import type { ObjectOf } from './fields.ts';
import type { Stream } from './stream.ts';
import { alert } from './streams/alert.ts';
import { calibration } from './streams/calibration.ts';
import { cash_flow } from './streams/cash-flow.ts';
import { cohort_fill } from './streams/cohort-fill.ts';
import { costs } from './streams/costs.ts';
import { ensemble } from './streams/ensemble.ts';
import { equity_curve } from './streams/equity-curve.ts';
import { error } from './streams/error.ts';
import { execution } from './streams/execution.ts';
import { explainability } from './streams/explainability.ts';
import { external_event } from './streams/external-event.ts';
import { feature_log } from './streams/feature-log.ts';
import { gate } from './streams/gate.ts';
import { health } from './streams/health.ts';
import { kpi_scorecard } from './streams/kpi-scorecard.ts';
import { latency } from './streams/latency.ts';
import { market } from './streams/market.ts';
import { order } from './streams/order.ts';
import { order_intent } from './streams/order-intent.ts';
import { order_lifecycle } from './streams/order-lifecycle.ts';
import { overlay_status } from './streams/overlay-status.ts';
import { quarantine } from './streams/quarantine.ts';
import { reconciliation } from './streams/reconciliation.ts';
import { repro } from './streams/repro.ts';
import { risk } from './streams/risk.ts';
import { session } from './streams/session.ts';
import { signals } from './streams/signals.ts';
import { snapshot } from './streams/snapshot.ts';
import { system } from './streams/system.ts';
import { trade_lifecycle } from './streams/trade-lifecycle.ts';

const STREAMS = {
  signals,
  ensemble,
  calibration,
  feature_log,
  explainability,
  overlay_status,
  order_intent,
  gate,
  order,
  execution,
  costs,
  cash_flow,
  risk,
  equity_curve,
  market,
  external_event,
  cohort_fill,
  health,
  kpi_scorecard,
  latency,
  system,
  error,
  repro,
  trade_lifecycle,
  order_lifecycle,
  session,
  snapshot,
  reconciliation,
  alert,
  quarantine,
} as const;

export type StreamName = keyof typeof STREAMS;

/** An event of a stream, as it lies in the lake. */
export type EventOf<N extends StreamName> = ObjectOf<typeof envelope> & ObjectOf<(typeof STREAMS)[N]['fields']>;

/** Every stream by name. */
export const CATALOG: Readonly<Record<string, Stream>> = STREAMS;

/** Names of the streams that bots send: not what Nightdesk derives, and not quarantine. */
export const INPUT_STREAMS: readonly string[] = Object.values(CATALOG)
  .filter(({ name, origin }) => origin !== 'derived' && name !== 'quarantine')
  .map(({ name }) => name);
