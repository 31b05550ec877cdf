import { RemovalPolicy } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Config } from '../core/config/index.ts';

/** The key that a config names: none where AWS owns the keys, one of the stack's own, or one that is there already. */
export function keyOf(scope: Construct, { aws: { encryption, name, removal } }: Config): IKey | undefined {
  if (encryption === 'aws') return undefined;
  if (encryption !== 'kms') return Key.fromKeyArn(scope, 'Key', encryption);
  const key = new Key(scope, 'Key', {
    description: `Everything that Nightdesk (${name}) keeps`,
    enableKeyRotation: true,
    // A lake that survives the stack is worth nothing without its key.
    removalPolicy: removal === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  // Alarms tell a topic that this key encrypts; S3 and Firehose work through the roles that use them.
  key.grantEncryptDecrypt(new ServicePrincipal('cloudwatch.amazonaws.com'));
  key.grantEncryptDecrypt(new ServicePrincipal('budgets.amazonaws.com'));
  return key;
}
