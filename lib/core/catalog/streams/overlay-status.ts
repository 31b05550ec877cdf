import { bigint, boolean, double, listOf, string } from '../fields.ts';
import { overlaySignals } from '../shared.ts';
import { defineStream } from '../stream.ts';

export const overlay_status = defineStream({
  name: 'overlay_status',
  description: 'How far the signals of several timeframes agree.',
  retention: 'raw',
  versions: [1],
  metrics: ['bot.overlay.confidence'],
  fields: {
    enabled: boolean('Whether the overlay took part.'),
    direction: bigint('Direction of the overlay.', '−1, 0, 1'),
    alpha: double('Size of the overlay.', 'fraction 0..1'),
    confidence: double('Confidence of the overlay.', 'fraction 0..1'),
    alignment_rule: string('Rule by which the timeframes were combined.', 'for example agreement, fallback'),
    agreement_pct: double('Share of the timeframes that agree.', 'percent'),
    chosen_timeframes: listOf(string('Timeframe.'), 'Timeframes that agreed.'),
    conflicting_timeframes: listOf(string('Timeframe.'), 'Timeframes that did not.'),
    strongest_timeframe: string('Timeframe with the strongest signal.', 'for example 5m'),
    weakest_timeframe: string('Timeframe with the weakest signal.', 'for example 5m'),
    individual_signals: overlaySignals,
  },
  example: {
    event_id: '1c5d77.1-1',
    stream: 'overlay_status',
    schema_version: 1,
    ts: '2025-11-21T07:17:11.419099Z',
    ts_ms: 1763709431419,
    ts_source: 'emitted_at',
    strategy_id: 'ensemble_1_0',
    session_id: '3bc82e52-170f-4a8c-ac86-e665caedf8b2',
    symbol: 'BTCUSDT',
    mode: 'paper',
    timeframe: '1h',
    timeframe_source: 'path',
    bar_id: 0,
    source_event_id: '1763640000000:BTCUSDT:overlay_status:45ffde2a',
    direction: 0,
    confidence: 0.69774,
    alignment_rule: 'agreement',
    chosen_timeframes: ['5m', '15m'],
    individual_signals: {
      '5m': { direction: 0, alpha: 0, confidence: 0.386478 },
      '15m': { direction: 0, alpha: 0, confidence: 0.50233 },
    },
  },
});
