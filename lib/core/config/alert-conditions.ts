import * as z from 'zod';
import { CATALOG } from '../catalog/index.ts';
import { duration } from './values.ts';

const bound = z.number('must be a number');
const scalar = z.union([z.string(), bound, z.boolean()]);
const test = z.union([
  scalar,
  z.array(scalar).min(1),
  z.strictObject({
    above: bound.exactOptional(),
    atLeast: bound.exactOptional(),
    below: bound.exactOptional(),
    atMost: bound.exactOptional(),
    not: z.union([scalar, z.array(scalar).min(1)]).exactOptional(),
  }),
]);
/** What rules may read: every stream, what could not be read, and the counts of what came in. */
const STREAMS: ReadonlySet<string> = new Set([...Object.keys(CATALOG), 'quarantine', 'pipeline']);
// A rule on a stream that is not there would be blind for ever.
const streamName = z.string().refine((name) => STREAMS.has(name), {
  error: ({ input }) => `must be the name of a stream, got ${JSON.stringify(input)}`,
});
const stream = z.union([streamName, z.array(streamName).min(1)]);
const selector = z.strictObject({ stream, where: z.record(z.string(), test).exactOptional() });
const span = duration('1s', '90d', 'Window.');
/** A condition without a limit would never fire. */
const limited = <T extends z.ZodObject>(condition: T, ...limits: readonly string[]): T =>
  condition.refine((given) => limits.some((name) => given[name] !== undefined), {
    error: `must have a limit: ${limits.join(', ')}`,
  });
const least = z.int('must be a whole number from 1').min(1, 'must be a whole number from 1');

/** Conditions as they are written in `nightdesk.json`: windows are durations such as `10m`. */
export const conditionSchema = z.discriminatedUnion(
  'kind',
  [
    limited(
      z.strictObject({
        kind: z.literal('threshold'),
        of: selector,
        field: z.string().min(1),
        above: bound.exactOptional(),
        atLeast: bound.exactOptional(),
        below: bound.exactOptional(),
        atMost: bound.exactOptional(),
        equals: z.union([scalar, z.array(scalar).min(1)]).exactOptional(),
        constant: least.exactOptional(),
      }),
      'above',
      'atLeast',
      'below',
      'atMost',
      'equals',
    ),
    z.strictObject({
      kind: z.literal('count'),
      of: z.array(selector).min(1),
      distinct: z.array(z.string()).min(1).exactOptional(),
      counters: z.array(z.strictObject({ of: selector, field: z.string() })).exactOptional(),
      window: span,
      above: bound,
      by: z.string().exactOptional(),
    }),
    limited(
      z.strictObject({
        kind: z.literal('share'),
        of: z.union([selector, z.array(selector).min(1)]),
        where: z.union([z.strictObject({ stream: z.string() }), z.array(selector).min(1), z.record(z.string(), test)]),
        distinct: z.array(z.string()).min(1).exactOptional(),
        window: span.exactOptional(),
        last: least.exactOptional(),
        above: bound.exactOptional(),
        atLeast: bound.exactOptional(),
        below: bound.exactOptional(),
        least,
        weights: z.strictObject({ part: z.string(), whole: z.string() }).exactOptional(),
        by: z.string().exactOptional(),
      }),
      'above',
      'atLeast',
      'below',
    ),
    z.strictObject({ kind: z.literal('absence'), times: bound.min(1), interval: span.exactOptional() }),
    z.strictObject({ kind: z.literal('silence'), of: selector, longer: span }),
    limited(
      z.strictObject({
        kind: z.literal('drawdown'),
        basis: z.enum(['peak', 'start', 'absolute', 'window'], 'must be peak, start, absolute or window'),
        below: bound.exactOptional(),
        share: bound.exactOptional(),
        window: span.exactOptional(),
      }),
      'share',
      'below',
    ),
    z.strictObject({ kind: z.literal('spell'), longer: span }),
    z.strictObject({
      kind: z.literal('quantile'),
      of: selector,
      field: z.string(),
      quantile: bound.min(0).max(1),
      window: span,
      above: bound,
      least,
    }),
    limited(
      z.strictObject({
        kind: z.literal('growth'),
        of: selector,
        field: z.string(),
        last: least,
        above: bound.exactOptional(),
        below: bound.exactOptional(),
      }),
      'above',
      'below',
    ),
    z.strictObject({ kind: z.literal('roundtrip'), window: span }),
  ],
  {
    error:
      'must have a kind: threshold, count, share, absence, silence, drawdown, spell, quantile, growth or roundtrip',
  },
);

/** Keys of a condition that are durations. */
export const DURATIONS: readonly string[] = ['window', 'longer', 'interval'];
