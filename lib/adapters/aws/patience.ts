/** How long a client waits, ms, and how often it tries. */
export interface Patience {
  readonly tries: number;
  readonly connectMs: number;
  readonly requestMs: number;
}

/** The same as clients of the SDK take it. */
export const patience = ({ tries, connectMs, requestMs }: Patience) => ({
  maxAttempts: tries,
  requestHandler: {
    connectionTimeout: connectMs,
    requestTimeout: requestMs,
    throwOnRequestTimeout: true, // without it the SDK only warns, and waits for ever
  },
});
