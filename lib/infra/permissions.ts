import { Stack } from 'aws-cdk-lib';
import { type ManagedPolicy, PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { acknowledge } from './acknowledge.ts';

export interface Permission {
  readonly sid?: string;
  readonly actions: readonly string[];
  /** ARNs; where one holds a `*`, `why` says why. */
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Why the resources cannot be named one by one. */
  readonly why?: string;
}

/** Allows what is listed and nothing else. A `*` without a reason is an error at synth. */
export function permit(holder: Role | ManagedPolicy, permissions: readonly Permission[]): void {
  for (const { sid, actions, resources, conditions, why } of permissions) {
    const statement = new PolicyStatement({
      ...(sid === undefined ? {} : { sid }),
      actions: [...actions],
      resources: [...resources],
      ...(conditions === undefined ? {} : { conditions }),
    });
    if ('addToPolicy' in holder) holder.addToPolicy(statement);
    else holder.addStatements(statement);
    const wild = resources.map((arn) => textOf(Stack.of(holder).resolve(arn))).filter((text) => text.includes('*'));
    if (wild.length > 0 && why === undefined)
      throw new Error(`${holder.node.path}: ${actions.join(', ')} on ${wild.join(', ')} needs a reason`);
    explainWildcards(holder, wild, why ?? '');
  }
}

/** Accepts the findings about ARNs with a `*`, as `textOf` spells them. */
export function explainWildcards(holder: Role | ManagedPolicy, arns: readonly string[], why: string): void {
  acknowledge(holder, Object.fromEntries(arns.map((arn) => [`AwsSolutions-IAM5[Resource::${arn}]`, why])));
}

/** A resolved ARN as the checks spell it: `<LogicalId.Arn>/events/*`. */
export function textOf(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const found = resolved as { Ref?: string; 'Fn::GetAtt'?: string[]; 'Fn::Join'?: [string, unknown[]] };
  if (found.Ref !== undefined) return `<${found.Ref}>`;
  if (found['Fn::GetAtt'] !== undefined) return `<${found['Fn::GetAtt'].join('.')}>`;
  if (found['Fn::Join'] !== undefined) return found['Fn::Join'][1].map(textOf).join(found['Fn::Join'][0]);
  throw new Error(`not an ARN: ${JSON.stringify(resolved)}`);
}
