import { EmitterError, numberIn, onlyKnown } from './emitter-error.ts';
import type { EmitterOptions } from './options.ts';
import type { Severity } from './rules.ts';
import { jsonl } from './sinks/jsonl.ts';
import { nullSink } from './sinks/null.ts';

// Settings in the words of bots that come from elsewhere. Both answers are spread into `createEmitter`.

/** The ten settings of S1's ProductionLogEmitter, with its defaults. */
export interface EmitterConfig {
  /** @default paper_trading_outputs/logs */
  readonly base_dir?: string;
  /** @default 100 */
  readonly max_file_size_mb?: number;
  /** @default 10 */
  readonly max_files?: number;
  /** @default true */
  readonly compression?: boolean;
  /** Share of events that is kept; orders, fills and errors always are. @default 1 */
  readonly sampling_rate?: number;
  /** @default 3 */
  readonly retry_attempts?: number;
  /** Wait before the second attempt, in s; it doubles. @default 1 */
  readonly retry_delay?: number;
  /** @default 100 */
  readonly batch_size?: number;
  /** In s. @default 5 */
  readonly flush_interval?: number;
  /** False writes each event before `emit` returns. @default true */
  readonly enable_async?: boolean;
}

const CONFIG_NAMES = [
  'base_dir',
  'max_file_size_mb',
  'max_files',
  'compression',
  'sampling_rate',
  'retry_attempts',
  'retry_delay',
  'batch_size',
  'flush_interval',
  'enable_async',
];

type Written = Pick<EmitterOptions, 'sink' | 'sampling' | 'retry' | 'batch' | 'immediate' | 'deadLetters'>;

/**
 * S1's ten settings as the emitter's: JSON Lines by stream and day; what could not be written lies in `errors` beside them.
 * @throws EmitterError where one is unknown or out of its range
 */
export function fromEmitterConfig(config: EmitterConfig = {}): Written {
  onlyKnown('EmitterConfig', config, CONFIG_NAMES);
  const dir = config.base_dir ?? 'paper_trading_outputs/logs';
  const delayMs = numberIn('retry_delay', config.retry_delay, { from: 0.001, to: 600, otherwise: 1 }) * 1_000;
  return {
    sink: jsonl({
      dir,
      gzip: config.compression ?? true,
      maxFileBytes:
        numberIn('max_file_size_mb', config.max_file_size_mb, { from: 0.001, to: 1e6, otherwise: 100 }) * 1024 * 1024,
      maxFiles: numberIn('max_files', config.max_files, { from: 1, to: 1e6, otherwise: 10 }),
    }),
    deadLetters: `${dir}/errors`,
    sampling: numberIn('sampling_rate', config.sampling_rate, { from: 0, to: 1, otherwise: 1 }),
    retry: {
      attempts: numberIn('retry_attempts', config.retry_attempts, { from: 1, to: 1_000, otherwise: 3 }),
      firstWaitMs: delayMs,
    },
    batch: {
      events: numberIn('batch_size', config.batch_size, { from: 1, to: 50_000, otherwise: 100 }),
      everyMs: numberIn('flush_interval', config.flush_interval, { from: 0, to: 900, otherwise: 5 }) * 1_000,
    },
    immediate: config.enable_async === false,
  };
}

/** S2's table `[execution.telemetry]`, as a TOML reader gives it. */
export interface TelemetrySettings {
  /** @default true */
  readonly enabled?: boolean;
  /** @default jsonl */
  readonly backend?: 'jsonl' | 'null';
  /** @default logs/execution */
  readonly base_path?: string;
  /** `daily` begins a file each day; `none` keeps one file per run. @default daily */
  readonly rotation?: 'daily' | 'none';
  /** @default false */
  readonly compression?: boolean;
  /** @default - for ever */
  readonly retention_days?: number;
  readonly filters?: {
    /** intent, order, fill, gate, error, or names of streams. @default - all */
    readonly include_kinds?: readonly string[];
    /** @default - all */
    readonly min_severity?: string;
  };
}

/** S2's telemetry settings as the emitter's. @throws EmitterError where one is unknown or out of its range */
export function fromTelemetrySettings(settings: TelemetrySettings): Pick<EmitterOptions, 'sink' | 'filter'> {
  onlyKnown('telemetry', settings, [
    'enabled',
    'backend',
    'base_path',
    'rotation',
    'compression',
    'retention_days',
    'filters',
  ]);
  const { backend = 'jsonl', rotation = 'daily', filters = {}, retention_days: retentionDays } = settings;
  onlyKnown('telemetry.filters', filters, ['include_kinds', 'min_severity']);
  if (backend !== 'jsonl' && backend !== 'null')
    throw new EmitterError(`telemetry.backend must be jsonl or null, got ${String(backend)}`);
  if (rotation !== 'daily' && rotation !== 'none')
    throw new EmitterError(`telemetry.rotation must be daily or none, got ${String(rotation)}`);
  const { include_kinds: include, min_severity: minSeverity } = filters;
  return {
    sink:
      settings.enabled === false || backend === 'null'
        ? nullSink()
        : jsonl({
            dir: settings.base_path ?? 'logs/execution',
            layout: rotation === 'daily' ? 'stream' : 'session',
            gzip: settings.compression ?? false,
            ...(retentionDays !== undefined && { retentionDays }),
          }),
    filter: {
      ...(include !== undefined && { include }),
      ...(minSeverity !== undefined && { minSeverity: minSeverity as Severity }),
    },
  };
}
