// Limits of the wire, each with its source. Imports nothing: the emitter uses this file too.

/** Firehose: largest record before base64, in bytes (1,000 KiB; quota "cannot be changed"). */
export const MAX_RECORD_BYTES = 1_024_000;

/** Firehose: most records in one PutRecordBatch (API reference). */
export const MAX_BATCH_RECORDS = 500;

/** Firehose: largest PutRecordBatch, in bytes of all records before base64 (4 MiB; API reference). */
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** Firehose: most sub-records that de-aggregation takes out of one record; the rest would be lost, so the desk refuses more. */
export const MAX_SUBRECORDS = 500;

/** Most lines that our own producers pack into one record: below MAX_SUBRECORDS with room for a stray blank line. */
export const PACK_LINES = 400;

/** Most bytes that our own producers pack into one record or put in one call: larger puts block a trading process's event loop. */
export const PACK_BYTES = 256 * 1024;

/** Lambda: synchronous reply limit is 6 MB; above this many bytes of reply the transform puts the rest again to its own stream. */
export const REPLY_BUDGET_BYTES = 5_500_000;

/** Lambda: most bytes of a reply that Firehose's own blueprints allow themselves; the limit of 6 MB is a little above. */
export const REPLY_LIMIT_BYTES = 6_000_000;

/** How often a record may be put again to its own stream before it is answered ProcessingFailed. */
export const MAX_HOPS = 2;

/** Deepest nesting of an event; deeper ones go to quarantine, no reader downstream survives them. */
export const MAX_DEPTH = 48;
