/** An error in the words of AWS, so that every SDK knows what it is and whether to try again. */
export class AwsError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

export const serialization = (message: string): AwsError => new AwsError('SerializationException', message);
export const invalidArgument = (message: string): AwsError => new AwsError('InvalidArgumentException', message);
export const unavailable = (message: string): AwsError => new AwsError('ServiceUnavailableException', message, 503);

/** As AWS words a broken constraint of the model. */
export const validation = (member: string, constraint: string): AwsError =>
  new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
  );
