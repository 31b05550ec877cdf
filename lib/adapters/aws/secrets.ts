import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { NightdeskError } from '../../core/errors.ts';
import { patience } from './patience.ts';

export interface SecretOptions {
  readonly client: SecretsManagerClient;
  /** ARN or name. */
  readonly secretId: string;
  /** Fewest characters that it must have. @default 16 */
  readonly least?: number;
  /** Longest time that reading it may take with all tries, ms. @default 10000 */
  readonly deadlineMs?: number;
}

/** Reads a secret: the first time from AWS, then from memory. */
export type SecretReader = () => Promise<string>;

/** The client for secrets: little patience, for a function waits for it before it does anything. */
export const secretsClient = (): SecretsManagerClient =>
  new SecretsManagerClient(patience({ tries: 4, connectMs: 2_000, requestMs: 3_000 }));

/**
 * A secret's text. Kept for as long as the process lives, failures never. Neither errors nor logs hold any of it.
 * @throws AWS_REFUSED where waiting will not help (no such secret, no permission, no text), AWS_UNAVAILABLE where it may
 */
export function secretReader({ client, secretId, least = 16, deadlineMs = 10_000 }: SecretOptions): SecretReader {
  let known: Promise<string> | undefined;
  const read = async (): Promise<string> => {
    const command = new GetSecretValueCommand({ SecretId: secretId });
    const { SecretString: text } = await client
      .send(command, { abortSignal: AbortSignal.timeout(deadlineMs) })
      .catch((error: unknown) => {
        throw explained(error, secretId);
      });
    if (text === undefined || text.length < least)
      throw new NightdeskError(
        'AWS_REFUSED',
        `secret ${secretId}: ${text === undefined ? 'it holds no text' : `it is shorter than ${least} characters`}; write a random text into it`,
      );
    return text;
  };
  return () => {
    known ??= read().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

const FOR_GOOD = /AccessDenied|ResourceNotFound|InvalidParameter|InvalidRequest|DecryptionFailure|UnrecognizedClient/;

/** What failed and what to do, by the name of the error alone: its message may quote what was asked. */
function explained(error: unknown, secretId: string): NightdeskError {
  const { name = 'Error', $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const options = { cause: error };
  if (FOR_GOOD.test(name) || $metadata?.httpStatusCode === 403)
    return new NightdeskError(
      'AWS_REFUSED',
      `secret ${secretId}: ${name}; it must be there, and the role needs secretsmanager:GetSecretValue and its key's kms:Decrypt`,
      options,
    );
  return new NightdeskError('AWS_UNAVAILABLE', `secret ${secretId}: no answer (${name}); try again later`, options);
}
