import { bigint, string } from '../fields.ts';
import { defineStream } from '../stream.ts';

export const quarantine = defineStream({
  name: 'quarantine',
  description: 'A line that could not be stored as an event, verbatim, with the reason.',
  retention: 'raw',
  versions: [1],
  metrics: ['pipeline.events.quarantined'],
  fields: {
    reason: string('Why the line is here.', 'for example invalid_json, unknown_shape, clock_skew'),
    detail: string('The reason in words, with the value seen.'),
    target: string('Stream the event would have been in, where known.', 'stream name'),
    raw: string('The line, verbatim.'),
    raw_bytes: bigint('Length of the line.', 'bytes'),
  },
  example: {
    event_id: '88d0f3.1-4',
    stream: 'quarantine',
    schema_version: 1,
    ts: '2025-12-20T11:30:00.120000Z',
    ts_ms: 1766230200120,
    ts_source: 'ts',
    source: 'bot-a',
    source_path: 'logs/execution/golden_bad_001.jsonl',
    seq: 4,
    ingested_at: '2025-12-20T11:30:00.120000Z',
    reason: 'invalid_json',
    detail: 'the line is not JSON',
    raw: 'this is not json',
    raw_bytes: 16,
  },
});
