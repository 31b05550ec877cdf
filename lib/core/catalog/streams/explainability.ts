import { double, mapOf, string } from '../fields.ts';
import { cycle, model, orderIds } from '../shared.ts';
import { defineStream } from '../stream.ts';

export const explainability = defineStream({
  name: 'explainability',
  description: 'How much each feature moved one prediction.',
  retention: 'raw',
  versions: [1],
  metrics: [],
  fields: {
    method: string('How it was computed.', 'for example shap, permutation'),
    prediction: double('Prediction that is explained.', 'as the bot scales it'),
    base_value: double('Prediction without any feature.', 'as the bot scales it'),
    feature_contributions: mapOf(
      double('Contribution.', 'as prediction'),
      'What each feature added to the prediction.',
    ),
    feature_values: mapOf(double('Value.', 'as the bot scales it'), 'Value of each feature.'),
    rest: double('Contribution of the features not listed.', 'as prediction'),
    ...model,
    ...cycle,
    decision_id: orderIds.decision_id,
  },
  example: {
    event_id: '5d40b1.1-1',
    stream: 'explainability',
    schema_version: 1,
    ts: '2025-11-21T07:16:14.493638Z',
    ts_ms: 1763709374493,
    ts_source: 'ts',
    strategy_id: 'ensemble_1_0',
    session_id: '3bc82e52-170f-4a8c-ac86-e665caedf8b2',
    symbol: 'BTCUSDT',
    mode: 'paper',
    bar_ts: '2025-11-21T07:15:00.000000Z',
    method: 'shap',
    prediction: 742.9,
    base_value: 12,
    feature_contributions: { mom_3: 401.2, rv_1h: 330.4, obi_10: -0.7 },
    model_version: 'meta-2025-10-01',
    decision_id: 'decision_5e288ac0c03966c496cfb6b3',
  },
});
