import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { namedQueries } from '../../../lib/adapters/local/named-queries.ts';
import { parseConfig } from '../../../lib/core/config/index.ts';
import { NightdeskStack } from '../../../lib/infra/stack.ts';
import type { FunctionStage } from '../../../lib/infra/stage-function.ts';
import { ROOT } from '../../repo/checkout.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: readonly string[];
}

export interface TemplateJson {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Metadata: Readonly<Record<string, unknown>>;
}

const STAGES: readonly FunctionStage[] = ['transform', 'lifecycle', 'alerts', 'snapshots', 'reconcile', 'query'];

/** The flags of cdk.json: what `cdk synth` runs with. */
const { context: FLAGS } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8')) as { context: object };

const queries = await namedQueries();
const root = standIn();

/** Synthesises the stack of some settings with all checks on, in this process. Throws where a check finds something. */
export function synth(settings: object = {}): TemplateJson {
  const app = new App({
    outdir: mkdtempSync(join(tmpdir(), 'nightdesk-synth-')),
    context: {
      ...FLAGS,
      '@aws-cdk/core:strictCfnValidateErrors': true,
      'aws:cdk:bundling-stacks': [], // the code of the functions is bundled by `cdk synth`, and by tests of the bundles
    },
  });
  const config = parseConfig(settings, 'test');
  const stack = new NightdeskStack(app, config.aws.name, { root, queries, config });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return Template.fromStack(stack).toJSON() as TemplateJson;
}

/** A folder with the entries that the stack looks for, so that its own files need not be read. */
function standIn(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-root-'));
  for (const stage of STAGES) {
    mkdirSync(join(folder, 'lambdas', stage), { recursive: true });
    writeFileSync(join(folder, 'lambdas', stage, 'handler.ts'), '');
  }
  writeFileSync(join(folder, 'package.json'), '{}');
  return folder;
}

export const resourcesOf = (template: TemplateJson, type: string): Resource[] =>
  Object.values(template.Resources).filter((resource) => resource.Type === type);

export function only(template: TemplateJson, type: string): Resource {
  const [found, ...others] = resourcesOf(template, type);
  if (found === undefined || others.length > 0) throw new Error(`${others.length + 1} of ${type}`);
  return found;
}
