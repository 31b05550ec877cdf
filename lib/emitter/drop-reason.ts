/** Why an event was not delivered. */
export type DropReason =
  /** The queue was full: more came than went. */
  | 'overflow'
  /** The sink says that it will never take it. */
  | 'refused'
  /** The attempts or the time for it were used up. */
  | 'gave_up'
  /** Larger than `maxEventBytes`. */
  | 'too_large'
  /** No JSON could be made of it. */
  | 'unserialisable'
  /** Not an object, or no name of a stream. */
  | 'invalid_event'
  /** Emitted after `close`. */
  | 'after_close'
  /** Still waiting when the emitter was closed, and there was no spool to keep it. */
  | 'closed'
  /** The spool was full, and this was the oldest of the least precious in it. */
  | 'spool_full'
  /** The spool held something else than what was written there. */
  | 'spool_damaged';
