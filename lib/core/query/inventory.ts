import { quoted } from '../catalog/sql-columns.ts';
import { REDRIVEN } from './views.ts';

const identity = (names: readonly string[]): string => names.map(quoted).join(', ');

/**
 * Counts the lines of one stream: one row with `lines`, `events` (different identities), `unreadable` (no JSON, or no
 * event), `first_ts`, `last_ts` and `last_ingested_at`.
 */
export const streamCountSql = (stream: string): string =>
  `select coalesce(sum("copies"), 0) as "lines", count("event_id") as "events", ` +
  `coalesce(sum(case when "event_id" is null then "copies" end), 0) as "unreadable", min("first_ts") as "first_ts", ` +
  `max("last_ts") as "last_ts", max("last_ingested_at") as "last_ingested_at" from (` +
  `select ${identity(['event_id'])}, count(*) as "copies", min("ts") as "first_ts", max("ts") as "last_ts", ` +
  `max("ingested_at") as "last_ingested_at" from stored.${quoted(stream)} ` +
  `group by ${identity(['date', 'strategy_id', 'session_id', 'stream', 'event_id'])}) as "identities"`;

/** Counts the lines of quarantine by what they are: `lines`, `events` still there, `redriven` (lines about events stored since), `unreadable`. */
export const QUARANTINE_COUNT_SQL =
  `select coalesce(sum("copies"), 0) as "lines", ` +
  `coalesce(sum(case when "event_id" is not null and not "healed" then 1 end), 0) as "events", ` +
  `coalesce(sum(case when "event_id" is not null and "healed" then "copies" end), 0) as "redriven", ` +
  `coalesce(sum(case when "event_id" is null then "copies" end), 0) as "unreadable", min("first_ts") as "first_ts", ` +
  `max("last_ts") as "last_ts", max("last_ingested_at") as "last_ingested_at" from (` +
  `select "event_id", count(*) as "copies", min("ts") as "first_ts", max("ts") as "last_ts", ` +
  `max("ingested_at") as "last_ingested_at", max(case when "reason" = '${REDRIVEN}' then 1 else 0 end) = 1 as "healed" ` +
  `from stored."quarantine" group by ${identity(['strategy_id', 'session_id', 'stream', 'event_id'])}) as "identities"`;

/** Quarantined lines by the stream they would have been in; null where no one knows. */
export const QUARANTINED_BY_TARGET_SQL = `select "target", count(*) as "events" from quarantine group by "target"`;
