// `nightdesk/emitter`: the SDK that bots use.
export type { EmitterStats, Receipt, Settled } from './answers.ts';
export { type Chain, error, fill, gate, type Ids, intent, order } from './chain.ts';
export type { DropReason } from './drop-reason.ts';
export { createEmitter, type Emitter, type Emitting } from './emitter.ts';
export { EmitterError } from './emitter-error.ts';
export type { BotEvent, BotStream, Context } from './event.ts';
export {
  CompositeEmitter,
  type ExecutionEvent,
  type ExecutionEventEmitter,
  executionEvents,
  JsonlExecutionLogger,
  NullEmitter,
} from './execution-events.ts';
export { HEALTH_THRESHOLDS, type HealthOptions, type Threshold } from './health-gate.ts';
export { type InstrumentOptions, instrument } from './instrument.ts';
export type { LaneStats } from './lane-settings.ts';
export type { Delivery, EmitterOptions, Mode, Report } from './options.ts';
export type { Filter, Sampling, Severity } from './rules.ts';
export { type EmitterConfig, fromEmitterConfig, fromTelemetrySettings, type TelemetrySettings } from './settings.ts';
export {
  type Composite,
  composite,
  type Outcome,
  type Route,
  type SendContext,
  type Sink,
  type SinkEvent,
  type SinkInput,
} from './sink.ts';
export { consoleSink } from './sinks/console.ts';
export { type FirehoseLike, type FirehoseSinkOptions, firehose } from './sinks/firehose.ts';
export { type HttpSinkOptions, http } from './sinks/http.ts';
export { type JsonlOptions, jsonl } from './sinks/jsonl.ts';
export { type MemorySink, memorySink } from './sinks/memory.ts';
export { nullSink } from './sinks/null.ts';
export type { SpoolOptions } from './spool/settings.ts';
export { EMITTER_VERSION } from './version.ts';
