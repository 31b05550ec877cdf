/** Who has to act when an error occurs. */
export type Owner = 'user' | 'bot' | 'operator' | 'nightdesk';

export interface ErrorEntry {
  readonly owner: Owner;
  /** Whether the same call may succeed later without a change. */
  readonly retry: boolean;
  /** The exit code of a command that ends with this error. */
  readonly exit: number;
  /** What it means and what to do, one sentence each; `docs/errors.md` is checked against it. */
  readonly help: string;
}

/** The one table of errors. A code, once shipped, is never given another meaning. */
export const ERRORS = {
  USAGE: { owner: 'user', retry: false, exit: 2, help: 'The command line is wrong. Run the command with --help.' },
  CONFIG_INVALID: {
    owner: 'user',
    retry: false,
    exit: 2,
    help: 'A setting has a value outside its range. The message names it, the value seen and the range.',
  },
  MAP_INVALID: {
    owner: 'user',
    retry: false,
    exit: 2,
    help: 'A nightdesk.map.json does not follow its schema. The message names the place; `nightdesk init` writes a valid one.',
  },
  VENUE_FILE_INVALID: {
    owner: 'user',
    retry: false,
    exit: 2,
    help: 'An export of a venue cannot be read. The message names row and column; --columns names columns that are not known.',
  },
  PATH_NOT_FOUND: {
    owner: 'user',
    retry: false,
    exit: 2,
    help: 'A file or folder named on the command line is not there or cannot be read.',
  },
  DATA_LOCKED: {
    owner: 'user',
    retry: true,
    exit: 1,
    help: 'Another desk runs on the same data folder. Stop it, or choose another folder with --data.',
  },
  WATCH_RUNNING: {
    owner: 'user',
    retry: true,
    exit: 1,
    help: 'Another watch follows the same folder with the same data folder. Stop it, or let it do the work.',
  },
  DATA_UNREADABLE: {
    owner: 'operator',
    retry: false,
    exit: 1,
    help: 'A file of the data folder is damaged, unreadable or cannot be written. The message names the file and what was kept.',
  },
  LAKE_UNWRITABLE: {
    owner: 'operator',
    retry: true,
    exit: 1,
    help: 'The lake could not be written, for example because the disk is full. What was written stays; run the same again.',
  },
  KEY_INVALID: {
    owner: 'nightdesk',
    retry: false,
    exit: 70,
    help: 'A key of the object store could mean another object, or leads out of its folder. The message names it.',
  },
  ALERT_UNKNOWN: {
    owner: 'user',
    retry: false,
    exit: 1,
    help: 'No rule has that id, or no open alert that key. The message names the nearest; `nightdesk alerts list` shows all.',
  },
  PORT_IN_USE: {
    owner: 'user',
    retry: true,
    exit: 1,
    help: 'Something else listens on the port. Choose another with --port.',
  },
  LISTEN_UNSAFE: {
    owner: 'user',
    retry: false,
    exit: 2,
    help: 'Listening beyond loopback needs --token-file, --allow-host, and TLS or an explicit --insecure.',
  },
  ENDPOINT_UNREACHABLE: {
    owner: 'user',
    retry: true,
    exit: 1,
    help: 'Nothing answers at the endpoint. Start a desk with `nightdesk up`, or check --endpoint.',
  },
  DELIVERY_FAILED: {
    owner: 'operator',
    retry: true,
    exit: 1,
    help: 'Some records were refused to the end of all retries. What was not sent is listed; send it again, duplicates are removed.',
  },
  QUERY_FAILED: {
    owner: 'user',
    retry: false,
    exit: 1,
    help: 'The SQL engine refused the query. The message is its own; `nightdesk query --list` shows the named queries.',
  },
  UNKNOWN_STREAM: {
    owner: 'user',
    retry: false,
    exit: 2,
    help: 'There is no stream of that name. `nightdesk schema` lists them.',
  },
  NOT_FOUND: {
    owner: 'user',
    retry: false,
    exit: 1,
    help: 'What was asked for by its id is not there, or several things have an id that begins so. The message lists those.',
  },
  TOO_MANY_BAD: {
    owner: 'bot',
    retry: false,
    exit: 3,
    help: 'More than 5 % of the lines failed. The report lists file, line and reason.',
  },
  WAIT_TIMED_OUT: {
    owner: 'operator',
    retry: true,
    exit: 1,
    help: 'The events sent were not all queryable before the time given with --wait ended. They may still arrive.',
  },
  STACK_NOT_FOUND: {
    owner: 'user',
    retry: false,
    exit: 2,
    help: 'There is no stack of that name in that account and region. Name it with --stack and --region, or deploy one.',
  },
  STACK_UNUSABLE: {
    owner: 'operator',
    retry: false,
    exit: 1,
    help: 'The stack is there and cannot be used: it is being made or taken down, failed, or is not one of Nightdesk. The message says which.',
  },
  AWS_REFUSED: {
    owner: 'user',
    retry: false,
    exit: 1,
    help: 'AWS refused a call. The message names the permission that is missing, or says what is wrong with the credentials or the region.',
  },
  AWS_UNAVAILABLE: {
    owner: 'operator',
    retry: true,
    exit: 1,
    help: 'AWS did not answer, or throttled a call to the end of all retries. Run the same again.',
  },
  INTERNAL: {
    owner: 'nightdesk',
    retry: false,
    exit: 70,
    help: 'A defect of Nightdesk. Please report the message and the stack.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** Every error that Nightdesk throws on purpose: a code of the table, and a message that says what happened, the value seen and what to do. */
export class NightdeskError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NightdeskError';
    this.code = code;
  }
}

/** What the table says of an error. Apart from the class: functions throw errors, and need none of the table's sentences. */
export const entryOf = ({ code }: NightdeskError): ErrorEntry => ERRORS[code];

/** The text of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
