import { quoted } from '../catalog/sql-columns.ts';
import type { Stream } from '../catalog/stream.ts';
import type { SqlDialect } from './dialect.ts';
import { REDRIVEN } from './views.ts';

const identity = (names: readonly string[]): string => names.map(quoted).join(', ');

/** The stored lines of a stream that bots sent, or those that Nightdesk derived. */
const linesOf = ({ name, origin }: Pick<Stream, 'name' | 'origin'>, sql: SqlDialect, derived: boolean): string =>
  `${sql.stored(name)}${origin === 'both' ? ` where "file" ${derived ? 'like' : 'not like'} 'derived/%'` : ''}`;

/**
 * Counts the lines of one stream that bots sent: one row with `lines`, `events` (different identities), `unreadable` (no JSON, or no
 * event), `first_ts`, `last_ts` and `last_ingested_at`.
 */
export const streamCountSql = (stream: Pick<Stream, 'name' | 'origin'>, sql: SqlDialect): string =>
  `select coalesce(sum("copies"), 0) as "lines", count("event_id") as "events", ` +
  `coalesce(sum(case when "event_id" is null then "copies" end), 0) as "unreadable", min("first_ts") as "first_ts", ` +
  `max("last_ts") as "last_ts", max("last_ingested_at") as "last_ingested_at" from (` +
  `select ${identity(['event_id'])}, count(*) as "copies", min("ts") as "first_ts", max("ts") as "last_ts", ` +
  `max("ingested_at") as "last_ingested_at" from ${linesOf(stream, sql, false)} ` +
  `group by ${identity(['date', 'strategy_id', 'session_id', 'stream', 'event_id'])}) as "identities"`;

/**
 * Counts what Nightdesk derived of one stream: one row with `lines`, `rows` (as of their newest revisions), `retracted`
 * (rows withdrawn since), `unreadable`, `first_ts`, `last_ts` and `last_ingested_at`.
 */
export const derivedCountSql = (stream: Pick<Stream, 'name' | 'origin'>, sql: SqlDialect): string =>
  `select coalesce(sum("copies"), 0) as "lines", ` +
  `coalesce(sum(case when "event_id" is not null and not "gone" then 1 end), 0) as "rows", ` +
  `coalesce(sum(case when "event_id" is not null and "gone" then 1 end), 0) as "retracted", ` +
  `coalesce(sum(case when "event_id" is null then "copies" end), 0) as "unreadable", min("first_ts") as "first_ts", ` +
  `max("last_ts") as "last_ts", max("last_ingested_at") as "last_ingested_at" from (` +
  `select "event_id", count(*) as "copies", min("ts") as "first_ts", max("ts") as "last_ts", ` +
  `max("ingested_at") as "last_ingested_at", ` +
  `coalesce(max_by(coalesce("retracted", false), coalesce("rev", 0)), false) as "gone" from ${linesOf(stream, sql, true)} ` +
  `group by ${identity(['date', 'strategy_id', 'session_id', 'stream', 'event_id'])}) as "identities"`;

/** Counts the lines of quarantine by what they are: `lines`, `events` still there, `redriven` (lines about events stored since), `unreadable`. */
export const quarantineCountSql = (sql: SqlDialect): string =>
  `select coalesce(sum("copies"), 0) as "lines", ` +
  `coalesce(sum(case when "event_id" is not null and not "healed" then 1 end), 0) as "events", ` +
  `coalesce(sum(case when "event_id" is not null and "healed" then "copies" end), 0) as "redriven", ` +
  `coalesce(sum(case when "event_id" is null then "copies" end), 0) as "unreadable", min("first_ts") as "first_ts", ` +
  `max("last_ts") as "last_ts", max("last_ingested_at") as "last_ingested_at" from (` +
  `select "event_id", count(*) as "copies", min("ts") as "first_ts", max("ts") as "last_ts", ` +
  `max("ingested_at") as "last_ingested_at", max(case when "reason" = '${REDRIVEN}' then 1 else 0 end) = 1 as "healed" ` +
  `from ${sql.stored('quarantine')} group by ${identity(['strategy_id', 'session_id', 'stream', 'event_id'])}) as "identities"`;

/** Quarantined lines by the stream they would have been in; null where no one knows. */
export const QUARANTINED_BY_TARGET_SQL = `select "target", count(*) as "events" from quarantine group by "target"`;
