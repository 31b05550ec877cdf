import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { entryOf, NightdeskError } from '../lib/core/errors.ts';
import { NightdeskStack, nightdeskProps } from './infra.ts';

/** The CDK app: one stack, as `nightdesk.json` says, or the file that `-c config=FILE` names. @returns the exit code */
export async function main(): Promise<number> {
  try {
    const app = new App();
    const named: unknown = app.node.tryGetContext('config');
    const props = await nightdeskProps(typeof named === 'string' ? named : undefined);
    const { name, account, region } = props.config.aws;
    new NightdeskStack(app, name, {
      ...props,
      description: 'Nightdesk: the observability stack for trading bots',
      env: {
        ...withDefault('account', account ?? process.env.CDK_DEFAULT_ACCOUNT),
        ...withDefault('region', region ?? process.env.CDK_DEFAULT_REGION),
      },
    });
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    app.synth();
    return 0;
  } catch (error) {
    if (!(error instanceof NightdeskError)) throw error;
    console.error(`${error.code}: ${error.message}`);
    return entryOf(error).exit;
  }
}

const withDefault = (key: 'account' | 'region', value: string | undefined) =>
  value === undefined ? {} : { [key]: value };
