import type { EmitterStats, Settled } from './answers.ts';
import { createEmitter, type Emitter } from './emitter.ts';
import type { BotStream } from './event.ts';
import type { EmitterOptions, Mode } from './options.ts';
import { jsonl } from './sinks/jsonl.ts';

// S2's names. Its events keep their shape; what is stored is Nightdesk's own form, with an identity.

/** S2's event: `{ts, session_id, symbol, mode, kind, payload}`. */
export interface ExecutionEvent {
  readonly ts?: string | number | Date;
  readonly session_id?: string;
  readonly symbol?: string;
  readonly mode?: string;
  readonly kind: 'intent' | 'order' | 'fill' | 'gate' | 'error';
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** S2's interface of emitters: to write one's own, implement `emit`. */
export interface ExecutionEventEmitter {
  emit(event: ExecutionEvent): void;
  flush?(): Promise<unknown>;
  close?(): Promise<unknown>;
}

const STREAMS: Readonly<Record<ExecutionEvent['kind'], BotStream>> = {
  intent: 'order_intent',
  order: 'order',
  fill: 'execution',
  gate: 'gate',
  error: 'error',
};

/** What S2 calls a field of the catalog, by kind; both of its vocabularies. */
const NAMES: Readonly<Record<ExecutionEvent['kind'], Readonly<Record<string, string>>>> = {
  intent: {
    quantity: 'qty',
    intent_notional: 'intent_notional_usd',
    limit_price: 'limit_px',
    client_id: 'client_order_id',
  },
  order: { quantity: 'qty', client_id: 'client_order_id', limit_price: 'limit_px', price: 'limit_px' },
  fill: {
    filled_quantity: 'qty',
    fill_qty: 'qty',
    quantity: 'qty',
    fill_price: 'price',
    fill_notional: 'notional_usd',
    fill_fee: 'fee',
    fill_fee_currency: 'fee_asset',
    client_id: 'client_order_id',
    trade_id: 'venue_fill_id',
  },
  gate: { gate_name: 'name', gate: 'name' },
  error: { error: 'message', traceback: 'stacktrace', client_id: 'client_order_id' },
};

/** S2's interface on top of an emitter, so that `pipeline(emitter)` need not change. */
export function executionEvents(emitter: Pick<Emitter, 'emit' | 'flush' | 'close'>): Required<ExecutionEventEmitter> {
  return {
    emit(event) {
      try {
        const { kind, payload, ...around } = event;
        const names = NAMES[kind];
        // What cannot be read, or is of no kind, is for the emitter to refuse and count.
        const fields: Record<string, unknown> = { ...around };
        for (const [name, value] of Object.entries(payload ?? {})) {
          if (kind === 'gate' && name === 'decision' && (value === 'ALLOW' || value === 'BLOCK'))
            fields.passed = value === 'ALLOW';
          else fields[names[name] ?? name] = value;
        }
        emitter.emit(STREAMS[kind], fields);
      } catch {
        emitter.emit('' as BotStream, {});
      }
    },
    flush: () => emitter.flush(),
    close: () => emitter.close(),
  };
}

/** S2's logger: one file of JSON Lines per run, in a folder that is made when it is needed. */
export class JsonlExecutionLogger implements ExecutionEventEmitter {
  readonly #emitter: Emitter;
  readonly #events: Required<ExecutionEventEmitter>;

  constructor(
    basePath = 'logs/execution',
    {
      strategyId = 'execution',
      mode = 'paper',
      ...options
    }: Partial<Omit<EmitterOptions, 'sink'>> & { readonly mode?: Mode } = {},
  ) {
    const sink = jsonl({ dir: basePath, layout: 'session', name: `jsonl:${basePath}` });
    this.#emitter = createEmitter({
      health: false,
      systemEveryMs: false,
      ...options,
      strategyId,
      mode,
      sink,
      delivery: 'best_effort',
    });
    this.#events = executionEvents(this.#emitter);
  }

  emit(event: ExecutionEvent): void {
    this.#events.emit(event);
  }

  flush(): Promise<Settled> {
    return this.#emitter.flush();
  }

  close(): Promise<Settled> {
    return this.#emitter.close();
  }

  stats(): EmitterStats {
    return this.#emitter.stats();
  }
}

/** S2's emitter for telemetry that is switched off. */
export class NullEmitter implements ExecutionEventEmitter {
  emit(_event: ExecutionEvent): void {}
  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}

/** S2's fan-out: each emitter gets every event, and one that throws costs the others nothing. */
export class CompositeEmitter implements ExecutionEventEmitter {
  readonly #emitters: readonly ExecutionEventEmitter[];

  constructor(emitters: readonly ExecutionEventEmitter[]) {
    this.#emitters = [...emitters];
  }

  emit(event: ExecutionEvent): void {
    for (const emitter of this.#emitters)
      try {
        emitter.emit(event);
      } catch {
        // an emitter of the bot's own
      }
  }

  async flush(): Promise<void> {
    await Promise.allSettled(this.#emitters.map((emitter) => emitter.flush?.()));
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#emitters.map((emitter) => emitter.close?.()));
  }
}
