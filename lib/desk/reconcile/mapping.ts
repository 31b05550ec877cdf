import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { localTime } from '../../adapters/local/time.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { COLUMN_FIELDS, type ColumnField, type Columns } from '../../core/reconcile/layouts.ts';
import type { VenueMapping } from '../../core/reconcile/read-venue.ts';

const column = z.string().min(1);
const schema = z.strictObject({
  columns: z.strictObject(Object.fromEntries(COLUMN_FIELDS.map((field) => [field, column.optional()]))).optional(),
  kind: z.enum(['fill', 'funding', 'position', 'balance']).optional(),
  zone: z.string().optional(),
  timeFormat: z.string().optional(),
  fee: z.enum(['paid', 'received']).optional(),
  symbols: z.record(z.string(), z.string().min(1)).optional(),
  contractSize: z.number().positive().optional(),
});

/** What the command line says about a file; it counts before what the mapping file says. */
export interface MappingOptions {
  readonly mapping?: string;
  readonly columns?: Columns;
  readonly timeZone?: string;
  readonly timeFormat?: string;
  readonly feeSign?: 'paid' | 'received';
  readonly contractSize?: number;
}

/** @throws PATH_NOT_FOUND, CONFIG_INVALID naming what is wrong */
export async function mappingOf(options: MappingOptions): Promise<VenueMapping> {
  const file = options.mapping === undefined ? {} : await readMapping(options.mapping);
  const mapping: VenueMapping = {
    ...file,
    ...(options.columns === undefined ? {} : { columns: { ...file.columns, ...options.columns } }),
    ...(options.timeZone === undefined ? {} : { zone: options.timeZone }),
    ...(options.timeFormat === undefined ? {} : { timeFormat: options.timeFormat }),
    ...(options.feeSign === undefined ? {} : { fee: options.feeSign }),
    ...(options.contractSize === undefined ? {} : { contractSize: options.contractSize }),
  };
  const problem = localTime.timeProblem({
    ...(mapping.zone === undefined ? {} : { zone: mapping.zone }),
    ...(mapping.timeFormat === undefined ? {} : { format: mapping.timeFormat }),
  });
  if (problem !== undefined) throw new NightdeskError('CONFIG_INVALID', `--time-zone or --time-format: ${problem}`);
  return mapping;
}

async function readMapping(path: string): Promise<VenueMapping> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new NightdeskError('PATH_NOT_FOUND', `cannot read the mapping ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new NightdeskError('CONFIG_INVALID', `the mapping ${path} is not JSON`, { cause: error });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data as VenueMapping;
  const what = parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || 'the file'}: ${message}`);
  throw new NightdeskError(
    'CONFIG_INVALID',
    `the mapping ${path}: ${what.join('; ')}; it knows columns (${COLUMN_FIELDS.join(', ')}), kind, zone, timeFormat, fee, symbols and contractSize`,
  );
}

/** Reads `id=tradeId,time=Date(UTC)`. @throws CONFIG_INVALID naming the part */
export function columnsOption(value: string): Columns {
  const columns: Partial<Record<ColumnField, string>> = {};
  for (const part of value.split(',')) {
    const at = part.indexOf('=');
    const field = COLUMN_FIELDS.find((name) => name === part.slice(0, at).trim());
    const name = part.slice(at + 1).trim();
    if (at < 1 || field === undefined || name === '')
      throw new NightdeskError(
        'CONFIG_INVALID',
        `--columns must be field=column,… with fields of ${COLUMN_FIELDS.join(', ')}, got ${part}`,
      );
    columns[field] = name;
  }
  return columns;
}
