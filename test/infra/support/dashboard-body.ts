import * as z from 'zod';

// The body of a dashboard as AWS documents it ("Dashboard Body Structure and Syntax" in the API reference of CloudWatch),
// as far as Nightdesk's use of it goes: metric, text and alarm widgets, pattern and property variables.

const color = z.string().regex(/^#[0-9a-f]{6}$/);
const period = z.int().min(60).multipleOf(60);
const stat = z.string().regex(/^(SampleCount|Average|Sum|Minimum|Maximum|p\d{1,2}(\.\d+)?)$/);
const side = z.enum(['left', 'right']);

const rendering = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z][A-Za-z0-9_]*$/)
    .optional(),
  color: color.optional(),
  label: z.string().optional(),
  period: period.optional(),
  stat: stat.optional(),
  visible: z.boolean().optional(),
  yAxis: side.optional(),
});
const expression = rendering.extend({ expression: z.string().min(1).max(2048) }).omit({ stat: true });

/** Namespace, name, pairs of dimensions, and how it is drawn; or one expression. */
const metric = z.array(z.unknown()).superRefine((value, context) => {
  const last = value.at(-1);
  const problems =
    value.length === 1 && typeof last === 'object'
      ? expression.safeParse(last).error?.issues
      : [
          ...(typeof last === 'object' ? (rendering.safeParse(last).error?.issues ?? []) : []),
          ...(z
            .array(z.string().min(1))
            .min(2)
            .safeParse(typeof last === 'object' ? value.slice(0, -1) : value).error?.issues ?? []),
        ];
  for (const { message, path } of problems ?? []) context.addIssue({ code: 'custom', message, path });
  const texts = value.filter((one) => typeof one === 'string');
  if (texts.length % 2 !== 0) context.addIssue({ code: 'custom', message: 'a dimension has no value' });
  if (texts.length > 2 + 2 * 30) context.addIssue({ code: 'custom', message: 'more than 30 dimensions' });
});

const yAxis = z.strictObject({
  label: z.string().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  showUnits: z.boolean().optional(),
});

const horizontal = z.strictObject({
  value: z.number(),
  label: z.string().optional(),
  color: color.optional(),
  fill: z.enum(['above', 'below', 'none']).optional(),
  visible: z.boolean().optional(),
  yAxis: side.optional(),
});

const metricProperties = z
  .strictObject({
    metrics: z.array(metric).min(1).max(500),
    region: z.string(),
    title: z.string().optional(),
    view: z.enum(['timeSeries', 'singleValue', 'gauge', 'bar', 'pie', 'table']).optional(),
    stacked: z.boolean().optional(),
    sparkline: z.boolean().optional(),
    liveData: z.boolean().optional(),
    // In the console's own source and CDK's, not on the page of the structure.
    setPeriodToTimeRange: z.boolean().optional(),
    period: period.optional(),
    stat: stat.optional(),
    legend: z.strictObject({ position: z.enum(['right', 'bottom', 'hidden']) }).optional(),
    yAxis: z.strictObject({ left: yAxis.optional(), right: yAxis.optional() }).optional(),
    annotations: z.strictObject({ horizontal: z.array(horizontal).optional() }).optional(),
  })
  .refine(
    ({ view, yAxis: axes }) => view !== 'gauge' || (axes?.left?.min !== undefined && axes.left.max !== undefined),
    'a gauge needs yAxis.left.min and max',
  );

const place = {
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  width: z.int().min(1).max(24),
  height: z.int().min(1).max(1000),
};

const widget = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('metric'), ...place, properties: metricProperties }),
    z.strictObject({
      type: z.literal('text'),
      ...place,
      properties: z.strictObject({
        markdown: z.string().min(1),
        background: z.enum(['transparent', 'solid']).optional(),
      }),
    }),
    z.strictObject({
      type: z.literal('alarm'),
      ...place,
      properties: z.strictObject({
        alarms: z.array(z.string().startsWith('arn:')).min(1).max(100),
        title: z.string().optional(),
        sortBy: z.enum(['default', 'stateUpdatedTimestamp', 'timestamp']).optional(),
        states: z.array(z.enum(['ALARM', 'INSUFFICIENT_DATA', 'OK'])).optional(),
      }),
    }),
  ])
  .refine(({ x, width }) => x + width <= 24, 'is wider than the grid of 24 columns');

const variable = z
  .strictObject({
    type: z.enum(['property', 'pattern']),
    property: z.string().optional(),
    pattern: z.string().optional(),
    inputType: z.enum(['input', 'select', 'radio']),
    id: z.string().regex(/^[0-9A-Za-z_-]{1,32}$/),
    label: z.string().max(30).optional(),
    defaultValue: z.union([z.string(), z.number(), z.boolean()]).optional(),
    visible: z.boolean().optional(),
    search: z.string().max(2048).optional(),
    populateFrom: z.string().optional(),
    values: z
      .array(z.strictObject({ value: z.string().max(255), label: z.string().max(255).optional() }))
      .min(1)
      .max(500)
      .optional(),
  })
  .refine(({ type, property, pattern }) => (type === 'property' ? property : pattern) !== undefined, 'names nothing')
  .refine(
    ({ inputType, values, search, populateFrom }) =>
      inputType === 'input' || values !== undefined || (search !== undefined && populateFrom !== undefined),
    'has neither values nor a search',
  );

const dashboardBody = z.strictObject({
  start: z
    .string()
    .regex(/^-P(T\d+[MH]|\d+[DWM])$/)
    .optional(),
  periodOverride: z.enum(['auto', 'inherit']).optional(),
  variables: z.array(variable).max(25).optional(),
  widgets: z.array(widget).max(500),
});

export type DashboardBody = z.infer<typeof dashboardBody>;
export type Widget = DashboardBody['widgets'][number];

/** What is wrong with a body, one sentence each. */
export function faultsOf(body: unknown): string[] {
  const { error, data } = dashboardBody.safeParse(body);
  if (error !== undefined) return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return data.widgets.flatMap((a, index) =>
    data.widgets
      .slice(index + 1)
      .filter((b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
      .map((b) => `widgets.${index}: lies over the one at ${b.x}, ${b.y}`),
  );
}
