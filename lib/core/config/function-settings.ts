import type { AlertSettings } from '../alerts/types.ts';
import type { LedgerConfig } from '../lifecycle/types.ts';
import type { MetricSettings } from './metrics.ts';

/**
 * What the functions of a stack need at run time: a file `settings.json` beside each bundle, for an environment holds
 * 4 KB, and in the template's metadata, so that the command line gives the verdicts that the stack gives.
 */
export interface FunctionSettings {
  /** Zone of times that carry none: an IANA name. */
  readonly zone: string;
  /** Keys, beside the built-in ones, whose values are removed. */
  readonly redact: readonly string[];
  /** Keys whose values are salted and hashed. */
  readonly hash: readonly string[];
  /** Events older than this when they come in go to quarantine, ms. */
  readonly maxEventAgeMs: number;
  /** How the ledger is kept; its lateness is that of AWS. */
  readonly ledger: LedgerConfig;
  /** Rules, channels, and what differs per strategy. */
  readonly alerts: AlertSettings;
  /** What is published to CloudWatch. */
  readonly metrics: MetricSettings;
}

/** Name of the file beside a bundle. */
export const SETTINGS_FILE = 'settings.json';

/** Key of the template's metadata. */
export const METADATA_KEY = 'Nightdesk';

/** What stands in the template's metadata under METADATA_KEY. */
export interface StackMetadata {
  readonly settings: FunctionSettings;
}

/** Modules that Lambda's runtime brings, and that no bundle carries. */
export const RUNTIME_MODULES: readonly string[] = ['@aws-sdk/*', '@smithy/*'];
