import type { TransformLine } from '../../core/transform/types.ts';
import type { Target } from '../delivery-client.ts';
import { type LogOptions, namesStack, targetOf } from '../logs/options.ts';
import { transformOf } from '../settings.ts';
import { stackOf } from './options.ts';

/** Where lines go, and what is done with them there. */
export interface Destination {
  readonly target: Target;
  /** The verdicts to expect: those of the stack's settings, else of the data folder's. */
  forecast(): Promise<TransformLine>;
}

/** @throws CONFIG_INVALID, and what `openStack` throws */
export async function destinationOf(options: LogOptions): Promise<Destination> {
  if (!namesStack(options)) return { target: targetOf(options), forecast: () => transformOf(options.data) };
  const [{ openStack, stackSettings }, { forecastTransform }] = await Promise.all([
    import('../../cloud/open-stack.ts'),
    import('../../cloud/stack-transform.ts'),
  ]);
  const deployed = await openStack(stackOf(options));
  return {
    target: { region: deployed.region, deliveryStream: options.deliveryStream ?? deployed.deliveryStream },
    forecast: async () => forecastTransform(await stackSettings(deployed)),
  };
}
