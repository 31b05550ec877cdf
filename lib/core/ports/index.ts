// What the core needs from the outside world. Types only; every adapter of a port passes the port's contract suite.

/** An object as listed: its key and its size in bytes. */
export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
}

/** A flat, immutable object store: S3, or a folder with the same keys. */
export interface ObjectStore {
  /** Writes the whole object or nothing, durably; an object of that key is replaced. */
  put(key: string, body: Uint8Array): Promise<void>;
  /** The object's bytes, or undefined where there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** All objects whose key begins with the prefix, in key order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Removes the object; no error where there is none. */
  delete(key: string): Promise<void>;
}

/** An object of state, with the version by which a change of it is guarded. */
export interface Versioned {
  readonly body: Uint8Array;
  /** Changes with every write; S3's ETag. */
  readonly version: string;
}

/** Small objects that several writers change, each by compare-and-swap; S3 with If-Match, or a folder. */
export interface StateStore {
  /** The object and its version, or undefined where there is none. */
  get(key: string): Promise<Versioned | undefined>;
  /**
   * Writes the whole object, durably, if it still has this version; `undefined` stands for: if there is none.
   * @returns its new version, or undefined where another writer was first.
   */
  put(key: string, body: Uint8Array, version: string | undefined): Promise<string | undefined>;
  /** Keys that begin with the prefix, in key order. */
  list(prefix: string): AsyncIterable<string>;
  /** Removes the object, whatever its version; no error where there is none. */
  delete(key: string): Promise<void>;
}

export type Cell = string | number | bigint | boolean | null | readonly Cell[] | { readonly [key: string]: Cell };

export interface QueryResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A SQL engine over the lake. */
export interface QueryEngine {
  /** Runs one statement. @throws QUERY_FAILED with the engine's own message. */
  run(sql: string): Promise<QueryResult>;
  close(): Promise<void>;
}

/** Wall-clock time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
}

/** Structured log lines; never throws. */
export interface Log {
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** How a channel answered. */
export type Delivered =
  | { readonly outcome: 'sent' }
  /** Not taken now; nothing was shown. `afterMs`: as the channel asks. */
  | { readonly outcome: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** The answer was lost: it may have been shown. */
  | { readonly outcome: 'unsure'; readonly reason: string }
  /** Never taken: the address is gone, or the message is refused. */
  | { readonly outcome: 'refused'; readonly reason: string };

/** A channel that tells people: Slack, a webhook, e-mail. */
export interface Notifier<Message> {
  /** Tells one message. Never throws, and no secret is in its reason. */
  send(message: Message): Promise<Delivered>;
}
