import { revision } from '../derived.ts';
import { bigint, listOf, oneOf, string, timestamp } from '../fields.ts';
import { defineStream } from '../stream.ts';

export const session = defineStream({
  name: 'session',
  description:
    'A run of a bot, or what one object of the lake holds of it: the index by which a timeline finds its events.',
  retention: 'audit',
  origin: 'derived',
  versions: [1],
  metrics: [],
  fields: {
    entry: oneOf(['run', 'object'], 'Whether the row is about the run, or about what one object holds of it.'),
    first_ts: timestamp('First event of the run, or in the object.'),
    last_ts: timestamp('Last event of the run, or in the object.'),
    ended_ts: timestamp('When the run ended; null while it may go on.'),
    end_reason: oneOf(['given', 'timeout'], 'Whether the bot said that it ends, or nothing came any more.'),
    trades_open: bigint('Positions the run left open, or has open.', 'count'),
    object_key: string('Object of the lake.', 'key'),
    object_stream: string('Stream of the object.', 'stream name'),
    events: bigint('Different events of the run in the object.', 'count'),
    no_clock: bigint('Those of them without any clock.', 'count'),
    symbols: listOf(string('Symbol.'), 'Instruments of the run, or in the object, at most 64.', 'symbols'),
    git_sha: string('Commit the bot ran.', 'hash'),
    model_version: string('Version of the model.', 'version'),
    ...revision,
  },
  example: {
    event_id: '3bc82e52-170f-4a8c-ac86-e665caedf8b2',
    stream: 'session',
    schema_version: 1,
    ts: '2025-11-21T07:16:14.470641Z',
    ts_ms: 1763709374470,
    ts_source: 'ts',
    strategy_id: 'ensemble_1_0',
    session_id: '3bc82e52-170f-4a8c-ac86-e665caedf8b2',
    symbol: 'BTCUSDT',
    mode: 'paper',
    entry: 'run',
    first_ts: '2025-11-21T07:16:14.470641Z',
    last_ts: '2025-11-21T09:22:36.401201Z',
    ended_ts: '2025-11-22T09:22:36.401201Z',
    end_reason: 'timeout',
    trades_open: 1,
    symbols: ['BTCUSDT'],
    rev: 4,
  },
});
