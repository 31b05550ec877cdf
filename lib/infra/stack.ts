import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Nightdesk, type NightdeskProps } from './nightdesk.ts';

/** Nightdesk as a stack of its own: what `cdk deploy` deploys. */
export class NightdeskStack extends Stack {
  readonly nightdesk: Nightdesk;

  constructor(scope: Construct, id: string, props: NightdeskProps & StackProps) {
    const { root, queries, config, markets, ...stack } = props;
    super(scope, id, stack);
    this.nightdesk = new Nightdesk(this, 'Nightdesk', {
      root,
      queries,
      ...(config === undefined ? {} : { config }),
      ...(markets === undefined ? {} : { markets }),
    });
  }
}
