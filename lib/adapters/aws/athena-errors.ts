import type { QueryExecution } from '@aws-sdk/client-athena';
import { CATALOG } from '../../core/catalog/index.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { hintOf } from '../../core/query/hints.ts';

/** Codes of a call that may succeed when it is made again. */
const THROTTLED = /^(TooManyRequestsException|Throttling.*|RequestLimitExceeded|SlowDown)$/;
const CREDENTIALS =
  /^(CredentialsProviderError|ExpiredToken.*|TokenRefreshRequired|UnrecognizedClientException|InvalidSignatureException|InvalidClientTokenId)$/;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');

export const isThrottled = (error: unknown): boolean => THROTTLED.test(nameOf(error));

/** Whether the same call may succeed later: throttled, a fault of the service, or no answer at all. */
export function isForLater(error: unknown): boolean {
  const { $metadata, code } = error as { $metadata?: { httpStatusCode?: number }; code?: unknown };
  if (isThrottled(error) || nameOf(error) === 'TimeoutError') return true;
  const status = $metadata?.httpStatusCode;
  return status === undefined ? typeof code === 'string' : status >= 500;
}

/** The error that a refused call of Athena ends with. */
export function refused(error: unknown, { todo, sql }: { todo: string; sql: string }): NightdeskError {
  if (error instanceof NightdeskError) return error;
  const options = { cause: error };
  const name = nameOf(error);
  const message = messageOf(error);
  if (isForLater(error))
    return new NightdeskError(
      'AWS_UNAVAILABLE',
      `Athena could not ${todo} after all tries (${name}: ${message}); try again later`,
      options,
    );
  if (name === 'InvalidRequestException') return new NightdeskError('QUERY_FAILED', hinted(message, sql), options);
  if (CREDENTIALS.test(name))
    return new NightdeskError('AWS_REFUSED', `Athena does not accept the credentials (${name}); renew them`, options);
  return new NightdeskError('AWS_REFUSED', `Athena would not ${todo}: ${name}: ${message}`, options);
}

export interface Cancelled {
  readonly sql: string;
  readonly workgroup: string;
  /** Most bytes that one query of the workgroup may scan; undefined where it is not known. */
  readonly scanLimitBytes: number | undefined;
}

/** The error of an execution that ended without a result. */
export function unsuccessful({ Status, Statistics }: QueryExecution, context: Cancelled): NightdeskError {
  const reason = Status?.StateChangeReason ?? Status?.AthenaError?.ErrorMessage ?? 'Athena gave no reason';
  if (/bytes scanned limit/i.test(reason))
    return new NightdeskError('QUERY_FAILED', beyondLimit(Statistics?.DataScannedInBytes, context));
  if (Status?.State === 'CANCELLED')
    return new NightdeskError('QUERY_FAILED', `the query was cancelled in Athena: ${reason}`);
  const retry =
    Status?.AthenaError?.Retryable === true ? '\nAthena says that it may succeed when it is run again.' : '';
  return new NightdeskError('QUERY_FAILED', `${hinted(reason, context.sql)}${retry}`);
}

function beyondLimit(scanned: number | undefined, { workgroup, scanLimitBytes }: Cancelled): string {
  const limit = scanLimitBytes === undefined ? 'its limit' : `its limit of ${bytesOf(scanLimitBytes)}`;
  return (
    `Athena cancelled the query: workgroup ${workgroup} lets one scan no more than ${limit}` +
    `${scanned === undefined ? '' : `, and it had scanned ${bytesOf(scanned)}, which are billed`}.\n` +
    'Ask for fewer days (`where date between …`; --param from and to of a named query), or raise aws.query.scanLimit.'
  );
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

function bytesOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${Number((bytes / 1000 ** power).toPrecision(4))} ${UNITS[power]}`;
}

function hinted(message: string, sql: string): string {
  const hint = hintOf(message, { sql, streams: Object.keys(CATALOG) });
  return hint === undefined ? message : `${message}\n${hint}`;
}
