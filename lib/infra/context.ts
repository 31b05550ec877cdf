import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Config } from '../core/config/index.ts';

/** What every construct of a stack shares. */
export interface StackContext {
  readonly config: Config;
  /** Folder of the package, which holds `lambdas/` and `lib/`. */
  readonly root: string;
  /** The file settings.json, as text, that every function gets beside its code. */
  readonly settings: string;
  /** Key at rest. @default - keys that AWS owns */
  readonly key: IKey | undefined;
}
