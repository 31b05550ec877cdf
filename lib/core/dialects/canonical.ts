import type { Dialect } from './dialect.ts';

/** Nightdesk's own form: names its stream, and carries its identity or its version. */
export const canonical: Dialect = (record) => {
  const { stream, schema_version: version } = record;
  if (typeof stream !== 'string' || (record.event_id === undefined && version === undefined)) return undefined;
  const dialect =
    typeof record.dialect === 'string' && record.dialect.startsWith('map:') ? record.dialect : 'canonical';
  record.schema_version = undefined; // the draft says it, in whatever spelling it came
  return { dialect, stream, version: versionOf(version), fields: record, placed: false };
};

/** `1`, `"1"` and `"v1"`; without one, version 1. */
function versionOf(version: unknown): number {
  if (version === undefined || version === null) return 1;
  const number = typeof version === 'string' ? Number(version.replace(/^v/i, '')) : Number(version);
  return Number.isSafeInteger(number) ? number : Number.NaN;
}
