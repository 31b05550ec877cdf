import { double, json, listOf, mapOf, string } from '../fields.ts';
import { model, orderIds } from '../shared.ts';
import { defineStream } from '../stream.ts';

export const ensemble = defineStream({
  name: 'ensemble',
  description: 'What the models together predicted for one bar.',
  retention: 'raw',
  versions: [1],
  metrics: [],
  fields: {
    pred_stack_bps: double('Prediction of the stacked ensemble.', 'bps'),
    pred_bma_bps: double('Prediction of the model average.', 'bps'),
    pred_cal_bps: double('Prediction after calibration.', 'bps'),
    raw_score_bps: double('Score before calibration.', 'bps'),
    predictions: listOf(double('Prediction.', 'as the bot scales it'), 'Predictions in the bot’s order.'),
    model_predictions_bps: mapOf(double('Prediction.', 'bps'), 'Prediction of each model.'),
    weights: mapOf(double('Weight.', 'fraction 0..1'), 'Weight of each model.'),
    model_source: string('Model whose prediction was used.'),
    manifest: json('Weights and settings, as the bot wrote them.'),
    ...model,
    decision_id: orderIds.decision_id,
  },
  example: {
    event_id: '70aa1e.1-1',
    stream: 'ensemble',
    schema_version: 1,
    ts: '2025-11-21T07:17:11.135714Z',
    ts_ms: 1763709431135,
    ts_source: 'emitted_at',
    strategy_id: 'ensemble_1_0',
    session_id: '3bc82e52-170f-4a8c-ac86-e665caedf8b2',
    symbol: 'BTCUSDT',
    mode: 'paper',
    timeframe: '5m',
    timeframe_source: 'path',
    bar_id: 40826,
    source_log: 'ensemble_log',
    source_event_id: '1763596800000:BTCUSDT:ensemble:badd0893',
    pred_stack_bps: 742.9,
    weights: { base: 0.5, prob: 0.5 },
    manifest: '{"stack":"v3"}',
  },
});
