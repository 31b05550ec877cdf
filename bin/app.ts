import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { namedQueries } from '../lib/adapters/local/named-queries.ts';
import { packageRoot } from '../lib/adapters/local/package-root.ts';
import { CONFIG_FILE } from '../lib/core/config/index.ts';
import { NightdeskError } from '../lib/core/errors.ts';
import { loadConfig } from '../lib/infra/load-config.ts';
import { NightdeskStack } from '../lib/infra/stack.ts';

/** The CDK app: one stack, as `nightdesk.json` says, or the file that `-c config=FILE` names. @returns the exit code */
export async function main(): Promise<number> {
  try {
    const app = new App();
    const named: unknown = app.node.tryGetContext('config');
    const { config, markets } = loadConfig(typeof named === 'string' ? named : CONFIG_FILE, {
      optional: named === undefined,
    });
    const { name, account, region } = config.aws;
    new NightdeskStack(app, name, {
      description: 'Nightdesk: the observability stack for trading bots',
      root: packageRoot(),
      queries: await namedQueries(),
      config,
      markets,
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
    return error.entry.exit;
  }
}

const withDefault = (key: 'account' | 'region', value: string | undefined) =>
  value === undefined ? {} : { [key]: value };
