import { double, mapOf } from '../fields.ts';
import { cycle, orderIds, stages } from '../shared.ts';
import { defineStream } from '../stream.ts';

export const latency = defineStream({
  name: 'latency',
  description: 'How long each step of one decision took.',
  retention: 'debug',
  versions: [1],
  metrics: [],
  fields: {
    ...stages,
    stages_ms: mapOf(double('Time.', 'ms'), 'Time of every other step by name.'),
    ...cycle,
    ...orderIds,
  },
  example: {
    event_id: '33ab08.1-1',
    stream: 'latency',
    schema_version: 1,
    ts: '2025-11-21T07:17:36.401200Z',
    ts_ms: 1763709456401,
    ts_source: 'ts',
    strategy_id: 'ensemble_1_0',
    session_id: '3bc82e52-170f-4a8c-ac86-e665caedf8b2',
    symbol: 'BTCUSDT',
    mode: 'paper',
    bar_ts: '2025-11-21T07:15:00.000000Z',
    feature_calc_ms: 12.4,
    model_inference_ms: 38.1,
    decision_logic_ms: 2.2,
    risk_check_ms: 0.8,
    execution_ms: 143.5,
    total_latency_ms: 197,
    decision_id: 'decision_5e288ac0c03966c496cfb6b3',
  },
});
