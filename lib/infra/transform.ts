import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { Alerts } from './alerts.ts';
import type { StackContext } from './context.ts';
import { namesOf } from './names.ts';
import { StageFunction } from './stage-function.ts';

/** Firehose gives up a call after five minutes and tries it again: the function answers well before. */
const TIMEOUT_S = 120;

export interface TransformProps {
  readonly context: StackContext;
  readonly alerts: Alerts;
}

/** The function that Firehose asks about every event, and the salt of what it hashes. */
export class Transform extends Construct {
  readonly function: StageFunction;
  /** Undefined where nothing is hashed. */
  readonly salt: Secret | undefined;

  constructor(scope: Construct, id: string, { context, alerts }: TransformProps) {
    super(scope, id);
    const { config, key } = context;
    const { deliveryStream } = namesOf(config);
    this.salt = config.hash.length === 0 ? undefined : this.#salt(context);
    this.function = new StageFunction(this, 'Transform', {
      stage: 'transform',
      context,
      description: 'Gives every event its verdict: stored where, or quarantined why',
      timeout: Duration.seconds(TIMEOUT_S),
      memoryMb: 1024,
      environment: {
        NIGHTDESK_DELIVERY_STREAM: deliveryStream,
        NIGHTDESK_ALERT_QUEUE: alerts.queue.queueUrl,
        ...(this.salt === undefined ? {} : { NIGHTDESK_HASH_SECRET: this.salt.secretArn }),
      },
    });
    alerts.takesFrom(this.function);
    // By its name: the stream itself refers to this function.
    const stream = Stack.of(this).formatArn({
      service: 'firehose',
      resource: 'deliverystream',
      resourceName: deliveryStream,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    this.function.allow({ actions: ['firehose:PutRecordBatch'], resources: [stream] });
    if (this.salt !== undefined) {
      this.function.allow({ actions: ['secretsmanager:GetSecretValue'], resources: [this.salt.secretArn] });
      if (key !== undefined) this.function.allow({ actions: ['kms:Decrypt'], resources: [key.keyArn] });
    }
  }

  #salt({ config, key }: StackContext): Secret {
    const salt = new Secret(this, 'Salt', {
      description: `Salt of the values that Nightdesk (${config.aws.name}) hashes`,
      // Without it the accounts of a lake that survives the stack could never be told again.
      removalPolicy: config.aws.removal === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      generateSecretString: { passwordLength: 32, excludePunctuation: true },
      ...(key === undefined ? {} : { encryptionKey: key }),
    });
    acknowledge(salt, {
      'AwsSolutions-SMG4':
        'A new salt would give every account a new name: the same account would be two in the lake. It opens nothing.',
    });
    return salt;
  }
}
