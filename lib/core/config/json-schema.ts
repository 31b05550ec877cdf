import * as z from 'zod';
import { CONFIG_FILE, configSchema } from './index.ts';

/** A JSON Schema as data; its keywords are open. */
type JsonSchema = Readonly<Record<string, unknown>>;

/** JSON Schema (draft 2020-12) of `nightdesk.json`, for editors: what may be written, not what is read from it. */
export const configJsonSchema = (): JsonSchema => ({
  ...z.toJSONSchema(configSchema, { io: 'input' }),
  title: `${CONFIG_FILE}: the settings of Nightdesk`,
});

export interface ConfigOption {
  /** Where it stands, such as `aws.buffer.interval`; `*` stands for any name. */
  readonly path: string;
  readonly description: string;
  /** As JSON. @default - none: the description says what happens without it */
  readonly default?: string;
}

/** Every option with its description and default, in the order of the schema; sections before what is in them. */
export const configOptions = (): ConfigOption[] => optionsOf(configJsonSchema(), '');

function optionsOf(schema: JsonSchema, path: string): ConfigOption[] {
  const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>);
  const any = schema.additionalProperties;
  const named = typeof any === 'object' && any !== null ? [['*', any as JsonSchema] as const] : [];
  return [...properties, ...named].flatMap(([name, inner]) => {
    const place = path === '' ? name : `${path}.${name}`;
    const inside = optionsOf(inner, place);
    const { description, default: value } = inner;
    if (typeof description !== 'string') return inside;
    // An empty section as default says nothing.
    const known = value !== undefined && JSON.stringify(value) !== '{}';
    return [{ path: place, description, ...(known ? { default: JSON.stringify(value) } : {}) }, ...inside];
  });
}
