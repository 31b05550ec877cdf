import { bigint, boolean } from './fields.ts';

/** What every row carries that a stage derives: rows are revisions, and the views show the newest of each. */
export const revision = {
  rev: bigint('Revision of the row; of rows with one identity the highest counts.', 'count'),
  retracted: boolean('Whether the row is withdrawn: what it told of is not so; the views leave it out.'),
} as const;
