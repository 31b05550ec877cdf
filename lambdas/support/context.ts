/** What functions ask of Lambda's context. */
export interface FunctionContext {
  getRemainingTimeInMillis(): number;
}
