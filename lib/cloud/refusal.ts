import { messageOf, NightdeskError } from '../core/errors.ts';
import { redactLine } from '../core/redact.ts';

/** What was asked of AWS, for the message where it is refused. */
export interface Asked {
  /** What could not be done, after "cannot": `read the stack nightdesk`. */
  readonly todo: string;
  /** The IAM action that the call needs; AWS's own answer wins where it names one. */
  readonly permission: string;
  /** @default - not named */
  readonly region?: string | undefined;
}

const NO_CREDENTIALS = /^CredentialsProviderError$|^TokenProviderError$/;
const BAD_CREDENTIALS =
  /^(?:InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature|AuthFailure|MissingAuthenticationToken|IncompleteSignature|InvalidToken)(?:Exception)?$/;
const EXPIRED = /^(?:ExpiredToken|ExpiredTokenException|TokenRefreshRequired)$/;
const SKEWED = /^(?:RequestTimeTooSkewed|RequestExpired)$/;
const DENIED = /^(?:AccessDenied|UnauthorizedOperation|Authorization|NotAuthorized|Forbidden)(?:Exception|Error)?$/;
const BUSY =
  /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalFailure|InternalServer|InternalError|RequestTimeout|TimeoutError/;
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);
/** As every service words it: "… is not authorized to perform: cloudformation:DescribeStacks on resource: …". */
const ACTION = /not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)/;

/**
 * What AWS answered, as an error that says who has to do what. An error of Nightdesk stays what it is, and an abort too.
 * The text of a service is cut to one line without anything that looks secret: it may quote the request.
 */
export function refusal(error: unknown, { todo, permission, region }: Asked): Error {
  if (error instanceof NightdeskError) return error;
  if (error instanceof Error && error.name === 'AbortError') return error;
  const { name, code, status, message } = factsOf(error);
  const fails = (ofCode: 'AWS_REFUSED' | 'AWS_UNAVAILABLE', why: string): NightdeskError =>
    new NightdeskError(ofCode, `cannot ${todo}: ${why}`, { cause: error });
  if (NO_CREDENTIALS.test(name))
    return fails(
      'AWS_REFUSED',
      `no AWS credentials (${message}); set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with \`aws sso login\``,
    );
  if (/^Region (?:is missing|not accepted: region="")/.test(message))
    return fails('AWS_REFUSED', 'no region is known; name one with --region, AWS_REGION or in your AWS profile');
  if (EXPIRED.test(name)) return fails('AWS_REFUSED', 'the AWS credentials have expired; sign in again');
  if (SKEWED.test(name))
    return fails('AWS_REFUSED', 'the clock of this machine differs too much from that of AWS; set it');
  if (BAD_CREDENTIALS.test(name)) return fails('AWS_REFUSED', `AWS does not take the credentials (${name})`);
  if (DENIED.test(name) || status === 403)
    return fails(
      'AWS_REFUSED',
      `AWS denies it: these credentials need the permission ${ACTION.exec(message)?.[1] ?? permission}`,
    );
  if (code === 'ENOTFOUND')
    return fails(
      'AWS_UNAVAILABLE',
      `no such host (${message}); ${region === undefined ? 'is' : `is ${region} a region, and`} the network up?`,
    );
  if (NETWORK.has(code) || BUSY.test(name) || status === 429 || (status ?? 0) >= 500)
    return fails('AWS_UNAVAILABLE', `${code || name}: ${message}; try again`);
  return fails('AWS_REFUSED', `${name}: ${message}`);
}

function factsOf(error: unknown): { name: string; code: string; status: number | undefined; message: string } {
  const { name, code, $metadata } = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown;
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  return {
    name: typeof name === 'string' ? name : 'Error',
    code: typeof code === 'string' ? code : '',
    status: $metadata?.httpStatusCode,
    message: (redactLine(messageOf(error)).split('\n')[0] ?? '').slice(0, 300),
  };
}
