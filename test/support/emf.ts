import * as z from 'zod';

// AWS's specification of the embedded metric format, as far as a document can be held against it:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
// and, for what dimensions may hold, PutMetricData and Dimension of its API reference.

const UNITS = [
  ...['Seconds', 'Microseconds', 'Milliseconds', 'Percent', 'Count', 'Count/Second', 'None'],
  ...[
    'Bytes',
    'Kilobytes',
    'Megabytes',
    'Gigabytes',
    'Terabytes',
    'Bits',
    'Kilobits',
    'Megabits',
    'Gigabits',
    'Terabits',
  ].flatMap((unit) => [unit, `${unit}/Second`]),
];

const name = z.string().min(1).max(255);

const directive = z.strictObject({
  Namespace: z.string().regex(/^[A-Za-z0-9._#:/-]{1,255}$/),
  Dimensions: z.array(z.array(name).max(30)).min(1),
  Metrics: z
    .array(
      z.strictObject({ Name: name, Unit: z.enum(UNITS).optional(), StorageResolution: z.literal([1, 60]).optional() }),
    )
    .min(1)
    .max(100),
});

const root = z.looseObject({
  _aws: z.strictObject({ Timestamp: z.int(), CloudWatchMetrics: z.array(directive).min(1) }),
});

const MOST_BYTES = 1_048_576;
const finite = z
  .number()
  .min(-(2 ** 360))
  .max(2 ** 360);
const target = z.union([finite, z.array(finite).min(1).max(100)]);
/** Printable ASCII with something in it, no colon first. */
const dimension = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^(?!:)[\x20-\x7e]*\S[\x20-\x7e]*$/);

/** One metric of one document. */
export interface EmfMetric {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly timestampMs: number;
  readonly unit: string | undefined;
  readonly values: readonly number[];
}

/** What CloudWatch makes of a line of a log. @throws where the line breaks the specification, saying where */
export function readEmf(line: string, nowMs: number): EmfMetric[] {
  if (new TextEncoder().encode(line).length > MOST_BYTES) throw new Error('the document is larger than 1 MB');
  if (!line.endsWith('\n') || line.slice(0, -1).includes('\n')) throw new Error('the document is not one line');
  const members: Record<string, unknown> = JSON.parse(line);
  const { Timestamp, CloudWatchMetrics } = root.parse(members)._aws;
  if (Timestamp < nowMs - 14 * 86_400_000 || Timestamp > nowMs + 2 * 3_600_000)
    throw new Error(`the timestamp ${Timestamp} is outside the window`);
  return CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) => {
    if (new Set(Metrics.map(({ Name }) => Name)).size !== Metrics.length) throw new Error('a metric is named twice');
    return Dimensions.flatMap((names) => {
      const dimensions = Object.fromEntries(names.map((key) => [key, dimension.parse(members[key])]));
      return Metrics.map(({ Name, Unit }) => ({
        name: Name,
        dimensions,
        timestampMs: Timestamp,
        unit: Unit,
        values: [target.parse(members[Name])].flat(),
      }));
    });
  });
}
