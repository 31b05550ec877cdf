import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  activePartitions,
  configSchema,
  functionSettings,
  latenessOf,
  ledgerConfig,
  MOST_PARTITIONS,
  parseConfig,
} from '../../../lib/core/config/index.ts';
import { configJsonSchema, configOptions } from '../../../lib/core/config/json-schema.ts';
import { readDuration, readSize } from '../../../lib/core/config/units.ts';
import { LEDGER_DEFAULTS } from '../../../lib/core/lifecycle/types.ts';

const parse = (settings: unknown) => parseConfig(settings, 'nightdesk.json');

test('without a file all defaults hold, and the ledger has those of the core', () => {
  const config = parse({});

  expect(ledgerConfig(config)).toEqual(LEDGER_DEFAULTS);
  expect(config.aws).toMatchObject({
    name: 'nightdesk',
    encryption: 'aws',
    removal: 'retain',
    versioning: false,
    buffer: { interval: 60_000, size: 128 * 1024 ** 2 },
    maxEventAge: 7 * 86_400_000,
    retention: { audit: 7 * 365 * 86_400_000, raw: 400 * 86_400_000, debug: 30 * 86_400_000 },
  });
});

test.each([
  [{ zones: 'UTC' }, 'zones'],
  [{ aws: { nme: 'x' } }, 'nme'],
  [{ aws: { buffer: { intervall: '60s' } } }, 'intervall'],
  [{ zone: 'Mars/Base' }, 'zone: is no time zone'],
  [{ aws: { name: 'Night Desk' } }, 'aws.name: must be 1 to 30'],
  [{ aws: { buffer: { interval: '30s' } } }, 'aws.buffer.interval: must be a duration from 60s to 900s'],
  [{ aws: { buffer: { size: '1MB' } } }, 'aws.buffer.size: must be a size from 64MiB to 128MiB'],
  [{ aws: { retention: { raw: 'never' } } }, 'aws.retention.raw'],
  [{ aws: { retention: { logs: '31d' } } }, 'aws.retention.logs: must be 7d'],
  [{ aws: { encryption: 'none' } }, 'aws.encryption: must be aws, kms or the ARN'],
  [
    { aws: { encryption: 'arn:aws:kms:eu-west-1:111122223333:key/mine' } },
    'aws.encryption: must be aws, kms or the ARN',
  ],
  [
    {
      aws: {
        region: 'us-east-1',
        encryption: 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-1111-2222-333344445555',
      },
    },
    'aws.encryption: a key of eu-west-1 cannot encrypt in us-east-1',
  ],
  [{ aws: { name: 'primary' } }, 'neither default nor primary'],
  [{ aws: { names: { workgroup: 'primary' } } }, 'not primary, which every account has'],
  [{ aws: { names: { database: 'default' } } }, 'not default'],
  [{ aws: { names: { bucket: 'my..lake' } } }, 'aws.names.bucket: must be 3 to 63 of a-z, 0-9 and -'],
  [{ aws: { tags: { 'aws:team': 'quant' } } }, 'aws.tags.aws:team: must be 1 to 128 letters'],
  [{ aws: { tags: { nightdesk: 'mine' } } }, 'aws.tags.nightdesk: must be 1 to 128 letters'],
  [{ aws: { tags: { team: 'a<b' } } }, 'aws.tags.team: must be letters'],
  [{ aws: { alarms: { email: ['nobody'] } } }, 'aws.alarms.email.0: must be an e-mail address'],
  [{ aws: { budget: { monthlyUsd: 0 } } }, 'aws.budget.monthlyUsd: must be a number above 0'],
  [{ aws: { reservedConcurrency: { lifecycle: 1 } } }, 'aws.reservedConcurrency.lifecycle'],
  [{ aws: { maxEventAge: '30d' } }, 'aws.maxEventAge: must be a duration from 1d to 14d'],
  [[], 'the file'],
])('settings %j are refused by name', (settings, message) => {
  expect(() => parse(settings)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
  );
});

test('lateness on AWS is at least 1.5 buffers and a minute: by default just that, less is refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 60, max: 900 }), fc.integer({ min: 1, max: 1800 }), (intervalS, latenessS) => {
      const buffer = { interval: `${intervalS}s` };
      const least = 1.5 * intervalS + 60;

      expect(latenessOf(parse({ aws: { buffer } }))).toBe(least * 1000);
      const given = () => latenessOf(parse({ aws: { buffer, lateness: `${latenessS}s` } }));
      if (latenessS < least) expect(given).toThrow('aws.lateness: must be at least');
      else expect(given()).toBe(latenessS * 1000);
    }),
  );
});

test('the functions of a stack get the lateness of AWS, and instruments of the markets file below those of the settings', () => {
  const config = parse({
    zone: 'Asia/Kolkata',
    hash: ['account_id'],
    ledger: { instruments: { 'BTC-PERP': { kind: 'linear', lot: 0.1 } }, markets: 'markets.json' },
  });
  const settings = functionSettings(config, {
    'BTC-PERP': { kind: 'inverse', multiplier: 100 },
    ETH: { kind: 'spot' },
  });

  expect(settings).toMatchObject({ zone: 'Asia/Kolkata', hash: ['account_id'], maxEventAgeMs: 7 * 86_400_000 });
  expect(settings.ledger.latenessMs).toBe(150_000);
  expect(settings.ledger.instruments).toEqual({
    'BTC-PERP': { kind: 'linear', multiplier: 100, lot: 0.1 },
    ETH: { kind: 'spot' },
  });
  expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
});

test('the partitions that bots may keep open stay below the budget for every age that is accepted', () => {
  expect(activePartitions(parse({}))).toBeGreaterThan(100);
  expect(activePartitions(parse({ aws: { maxEventAge: '14d' } }))).toBeLessThanOrEqual(MOST_PARTITIONS);
});

test('every option says what it is, in the schema for editors too', () => {
  const paths = configOptions().map(({ path }) => path);

  expect(paths).toContain('aws.buffer.interval');
  expect(leavesOf(configJsonSchema() as Schema, '').filter((path) => !paths.includes(path))).toEqual([]);
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
}

function leavesOf({ properties = {}, additionalProperties: any }: Schema, path: string): string[] {
  const inner = [...Object.entries(properties), ...(typeof any === 'object' ? [['*', any] as const] : [])];
  if (inner.length === 0) return path === '' || path === 'aws.tags.*' ? [] : [path];
  return inner.flatMap(([name, schema]) => leavesOf(schema, path === '' ? name : `${path}.${name}`));
}

test('what the schema for editors gives as default is what is read without it', () => {
  const defaults = configOptions().filter(({ path, default: value }) => value !== undefined && !path.includes('*'));

  for (const { path, default: value } of defaults) {
    const given = path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), JSON.parse(value ?? ''));
    expect(configSchema.parse(given), path).toEqual(configSchema.parse({}));
  }
  expect(defaults.length).toBeGreaterThan(20);
});

test('durations and sizes have units, and nothing else is one', () => {
  expect(['90s', '1.5h', '7d', '2w', '7y', '100ms'].map(readDuration)).toEqual([
    90_000,
    5_400_000,
    604_800_000,
    1_209_600_000,
    7 * 365 * 86_400_000,
    100,
  ]);
  expect(['500MB', '1.5 GiB', '0'].map(readSize)).toEqual([500e6, 1.5 * 1024 ** 3, 0]);
  for (const text of ['', '90', 's', '-1s', '1e3s', '1 fortnight', 'constructor', `${'9'.repeat(40)}d`])
    expect(readDuration(text), text).toBeUndefined();
});
