import { REDACTED, redactText } from '../core/redact.ts';
import { isRaw, type Raw, rawOf, textIn } from './instrument-read.ts';

// What an exception of an exchange means, by the names of ccxt's classes; ccxt itself is not needed for that.

export interface Failure {
  /** Name of its class. */
  readonly type: string;
  /**
   * `refused`: the venue, or the library before it, said no. `unknown`: nobody knows whether it was done, as after a
   * timeout.
   */
  readonly kind: 'refused' | 'unknown';
  readonly isNetwork: boolean;
  /** Code of the venue's own. */
  readonly code?: string;
  /** The venue's own words where they could be told, without secrets. */
  readonly message: string;
  readonly stack?: string;
}

/** Decided by the nearest class that is named here; so a venue's own class counts as what it extends. */
const REFUSED = new Set(
  (
    'ExchangeError AuthenticationError PermissionDenied AccountNotEnabled AccountSuspended ArgumentsRequired BadRequest ' +
    'BadSymbol OperationRejected NoChange MarginModeAlreadySet MarketClosed ManualInteractionNeeded RestrictedLocation ' +
    'InsufficientFunds InvalidAddress AddressPending InvalidOrder OrderNotFound OrderNotCached OrderImmediatelyFillable ' +
    'OrderNotFillable ContractUnavailable NotSupported InvalidProxySettings RateLimitExceeded DDoSProtection ' +
    'OnMaintenance InvalidNonce'
  ).split(' '),
);

/** A second order of the same id was refused because the first has arrived: of that one nothing is said. */
const UNKNOWN = new Set(
  (
    'DuplicateOrderId OperationFailed NetworkError RequestTimeout ExchangeNotAvailable BadResponse NullResponse ' +
    'CancelPending ChecksumError UnsubscribeError ExchangeClosedByUser BaseError'
  ).split(' '),
);

const NETWORK = new Set(
  'NetworkError RequestTimeout ExchangeNotAvailable OnMaintenance DDoSProtection RateLimitExceeded InvalidNonce'.split(
    ' ',
  ),
);

const MOST_MESSAGE = 1_000;
const MOST_STACK = 4_000;
const MOST_DEPTH = 20;

export function failureOf(error: unknown, exchange: object): Failure {
  const secrets = secretsOf(exchange);
  const { message, stack } = (error instanceof Error ? error : {}) as { message?: unknown; stack?: unknown };
  const said = typeof message === 'string' ? message : typeof error === 'string' ? error : 'no message';
  const names = namesOf(error);
  const decisive = names.find((name) => REFUSED.has(name) || UNKNOWN.has(name));
  const answer = answerIn(said) ?? lastAnswer(exchange, said);
  const code = answer && codeIn(answer);
  const words = answer && wordsIn(answer);
  return {
    type: clean(names[0] ?? typeof error, secrets, 128),
    kind: decisive !== undefined && REFUSED.has(decisive) ? 'refused' : 'unknown',
    isNetwork: names.some((name) => NETWORK.has(name)),
    ...(code !== undefined && { code: clean(code, secrets, 128) }),
    message: clean(words ?? withoutId(said, exchange), secrets, MOST_MESSAGE),
    ...(typeof stack === 'string' && { stack: clean(stack, secrets, MOST_STACK) }),
  };
}

/** Its own name, then those of its classes: a minified library keeps only the first. */
function namesOf(error: unknown): string[] {
  if (!isRaw(error)) return [];
  const names = [error.name];
  let prototype: unknown = Object.getPrototypeOf(error);
  for (let depth = 0; isRaw(prototype) && depth < MOST_DEPTH; depth++) {
    const made = prototype.constructor;
    if (typeof made === 'function') names.push(made.name);
    prototype = Object.getPrototypeOf(prototype);
  }
  return names.filter((name) => typeof name === 'string').filter((name) => name !== '');
}

/** ccxt writes the venue's answer behind its id: `binance {"code":-2010,"msg":"..."}`. */
function answerIn(message: string): Raw | undefined {
  const start = message.indexOf('{');
  if (start < 0 || message.length > 20_000) return undefined;
  try {
    const answer: unknown = JSON.parse(message.slice(start));
    return isRaw(answer) ? innermost(answer) : undefined;
  } catch {
    return undefined;
  }
}

/** Of some venues ccxt tells the words only. The exchange keeps the last answer, which may be another call's: it must hold them. */
function lastAnswer(exchange: object, said: string): Raw | undefined {
  const text = readOf(exchange, 'last_http_response');
  const answer = typeof text === 'string' && text.startsWith('{') ? answerIn(text) : undefined;
  const words = answer && wordsIn(answer);
  return words !== undefined && said.includes(words) ? answer : undefined;
}

/** ccxt writes the exchange's id before everything. */
function withoutId(said: string, exchange: object): string {
  const id = readOf(exchange, 'id');
  return typeof id === 'string' && said.startsWith(`${id} `) ? said.slice(id.length + 1) : said;
}

function readOf(exchange: object, name: string): unknown {
  try {
    return rawOf(exchange)[name];
  } catch {
    return undefined; // a getter of the bot's own
  }
}

/** OKX says per order what was wrong, and above it only that something was. */
function innermost(answer: Raw): Raw {
  const [first] = Array.isArray(answer.data) ? answer.data : [];
  if (isRaw(first) && (textIn(first.sCode) ?? '0') !== '0') return first;
  const { error } = answer;
  return isRaw(error) && !Array.isArray(error) ? error : answer;
}

const CODES = ['code', 'sCode', 'retCode', 'ret_code', 'err-code', 'error_code', 'errorCode', 'label', 'status'];
const WORDS = ['msg', 'sMsg', 'retMsg', 'ret_msg', 'err-msg', 'error_message', 'errorMessage', 'message', 'error'];

function codeIn(answer: Raw): string | undefined {
  for (const name of CODES) {
    const code = textIn(answer[name]);
    if (code !== undefined) return code;
  }
  return undefined;
}

function wordsIn(answer: Raw): string | undefined {
  for (const name of WORDS) {
    const value = answer[name];
    const words = Array.isArray(value) ? value.filter((one) => typeof one === 'string').join('; ') : value;
    if (typeof words === 'string' && words.trim() !== '') return words;
  }
  return undefined;
}

/** A query may hold the key and the signature, and is of no use without them. */
const QUERY = /(https?:\/\/[^\s?"']*)\?[^\s"']*/g;

function clean(text: string, secrets: readonly string[], most: number): string {
  let cleaned = text.slice(0, 4 * most);
  for (const secret of secrets)
    for (const form of [secret, encodeURIComponent(secret)]) cleaned = cleaned.replaceAll(form, REDACTED);
  return redactText(cleaned.replace(QUERY, '$1')).slice(0, most);
}

/** ccxt's names for what opens an account. */
const CREDENTIALS = ['apiKey', 'secret', 'password', 'token', 'privateKey', 'twofa', 'login', 'uid'];

/** Shorter values stand in a text by chance. */
const SHORTEST_SECRET = 6;

/** What the exchange holds of credentials now; read each time, for a bot may set them late. */
const secretsOf = (exchange: object): string[] =>
  CREDENTIALS.map((name) => readOf(exchange, name))
    .filter((value) => typeof value === 'string')
    .filter((value) => value.length >= SHORTEST_SECRET);
