import * as z from 'zod';
import type { AlertSettings } from '../alerts/types.ts';
import { CATALOG } from '../catalog/index.ts';
import { NightdeskError } from '../errors.ts';
import type { LedgerConfig } from '../lifecycle/types.ts';
import { alertSettings, alertsSchema, WrongAlerts } from './alerts.ts';
import { awsSchema, regionOfKey } from './aws.ts';
import type { FunctionSettings } from './function-settings.ts';
import { ledgerSchema } from './ledger.ts';
import { metricSettings, metricsSchema } from './metrics.ts';
import { zone } from './values.ts';

/** Name of the file, in a data folder and in the folder of a stack. */
export const CONFIG_FILE = 'nightdesk.json';

const names = z.array(z.string().min(1)).prefault([]);

/** The one file of settings: of a data folder, and with section `aws` of a stack. Unknown keys are refused by name. */
export const configSchema = z.strictObject({
  $schema: z
    .string()
    .describe('For editors: the path of a file that `nightdesk schema --config` printed.')
    .exactOptional(),
  zone: zone.prefault('UTC').describe('Zone of times that carry none: an IANA name.'),
  redact: names.describe('Keys whose values are removed, beside the built-in secrets.'),
  hash: names.describe('Keys whose values are salted and hashed, such as account_id.'),
  ledger: ledgerSchema.prefault({}).describe('How fills become trades.'),
  alerts: alertsSchema.prefault({}).describe('Who is told of what; docs/alerts.md lists the rules.'),
  metrics: metricsSchema.prefault({}).describe('Metrics of a stack. A desk serves all of its own at /metrics.'),
  aws: awsSchema.prefault({}).describe('The stack. A desk does not read it.'),
});

export type Config = Readonly<z.infer<typeof configSchema>>;

/**
 * Settings as parsed JSON says them, with all defaults.
 * @param source - name of the file, for the message
 * @throws CONFIG_INVALID names key, value and range
 */
export function parseConfig(json: unknown, source: string): Config {
  const parsed = configSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) {
    const what = parsed.error.issues.map((issue) => {
      const { path, input, code } = issue;
      const { message } = code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
      const seen = code === 'unrecognized_keys' || input === undefined ? '' : `, got ${shortened(input)}`;
      return `${path.join('.') || 'the file'}: ${message}${seen}`;
    });
    const known = Object.keys(configSchema.shape).filter((key) => key !== '$schema');
    throw invalid(source, `${what.join('; ')}; it knows ${known.slice(0, -1).join(', ')} and ${known.at(-1)}`);
  }
  const { aws } = parsed.data;
  const least = leastLatenessMs(aws.buffer.interval);
  if (aws.lateness !== undefined && aws.lateness < least)
    throw invalid(
      source,
      `aws.lateness: must be at least ${least / 1000}s (1.5 × buffer.interval + 60 s), or an event would often come in after its successors were folded; got ${aws.lateness / 1000}s`,
    );
  const keyRegion = regionOfKey(aws.encryption);
  if (keyRegion !== undefined && aws.region !== undefined && keyRegion !== aws.region)
    throw invalid(
      source,
      `aws.encryption: a key of ${keyRegion} cannot encrypt in ${aws.region}; name one of ${aws.region}`,
    );
  checkAlerts(parsed.data, source);
  return parsed.data;
}

function checkAlerts(config: Config, source: string): void {
  try {
    alertsOf(config);
  } catch (error) {
    if (error instanceof WrongAlerts) throw invalid(source, `alerts.${error.path}: ${error.message}`);
    throw error;
  }
}

/** What the alerts run with. */
export const alertsOf = ({ alerts, zone: local }: Config): AlertSettings => alertSettings(alerts, local);

/** Least lateness of a stack, ms: Firehose delivers after up to 1.5 intervals, and the queue gathers for a minute (semantics 2). */
const leastLatenessMs = (intervalMs: number): number => 1.5 * intervalMs + 60_000;

/** Lateness of the stack's ledger, ms. */
export const latenessOf = ({ aws }: Config): number => aws.lateness ?? leastLatenessMs(aws.buffer.interval);

/** Most partitions that Firehose may have open at once: its quota is 500 (semantics 1). */
export const MOST_PARTITIONS = 400;

const DAY_MS = 86_400_000;

/**
 * Partitions that bots can keep open at once: a day each of every live version of every stream, for as many days as an
 * event may be old, today and tomorrow.
 */
export function activePartitions({ aws }: Config): number {
  const sent = Object.values(CATALOG).filter(({ origin }) => origin !== 'derived'); // quarantine is one of them
  const versions = sent.reduce((sum, stream) => sum + stream.versions.length, 0);
  return versions * (Math.ceil(aws.maxEventAge / DAY_MS) + 2);
}

/** The ledger's settings; instruments of a markets file where the settings say nothing of them. */
export function ledgerConfig(
  { ledger }: Config,
  { markets = {}, latenessMs = ledger.lateness }: { markets?: LedgerConfig['instruments']; latenessMs?: number } = {},
): LedgerConfig {
  const { sessionTimeout, memory, stableCoins, instruments, strategies } = ledger;
  const own = Object.entries(instruments).map(([symbol, said]) => [symbol, { ...markets[symbol], ...said }]);
  return {
    latenessMs,
    sessionTimeoutMs: sessionTimeout,
    memoryMs: memory,
    stableCoins,
    instruments: { ...markets, ...Object.fromEntries(own) },
    strategies,
  };
}

/** What the functions of the stack run with. */
export const functionSettings = (config: Config, markets: LedgerConfig['instruments'] = {}): FunctionSettings => ({
  zone: config.zone,
  redact: config.redact,
  hash: config.hash,
  maxEventAgeMs: config.aws.maxEventAge,
  ledger: ledgerConfig(config, { markets, latenessMs: latenessOf(config) }),
  alerts: alertsOf(config),
  metrics: metricSettings(config.metrics),
});

const shortened = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
};

const invalid = (source: string, what: string): NightdeskError =>
  new NightdeskError('CONFIG_INVALID', `${source}: ${what}`);
