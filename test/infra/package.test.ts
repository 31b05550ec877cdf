import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../repo/checkout.ts';

const BUILD_MS = 240_000;

/** An app that has Nightdesk as a package beside its own CDK. */
let app = '';
beforeAll(() => {
  app = mkdtempSync(join(tmpdir(), 'nightdesk-app-'));
  const own = join(app, 'node_modules');
  const nightdesk = join(own, 'nightdesk');
  mkdirSync(nightdesk, { recursive: true });
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', ...files.filter((file) => file !== 'dist' && file !== 'docs')])
    cpSync(join(ROOT, name), join(nightdesk, name), { recursive: true });
  execFileSync(process.execPath, [join(ROOT, 'bin', 'build-infra.js'), join(nightdesk, 'dist', 'infra')]);
  for (const name of ['aws-cdk-lib', 'constructs', 'zod', 'esbuild', '@esbuild', '@types', 'luxon'])
    symlinkSync(join(ROOT, 'node_modules', name), join(own, name));
  writeFileSync(join(app, 'package.json'), '{"type":"module"}');
}, BUILD_MS);

afterAll(() => rmSync(app, { recursive: true, force: true }));

const APP = `
import { App, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Nightdesk, nightdeskProps } from 'nightdesk/infra';

const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
const stack = new Stack(app, 'Bots');
const role = new Role(stack, 'Bot', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
const nightdesk = new Nightdesk(stack, 'Nightdesk', await nightdeskProps());
role.addManagedPolicy(nightdesk.access.producer);
`;

test(
  'the construct goes into a stack that is there already, with the CDK of that app',
  () => {
    writeFileSync(
      join(app, 'app.mjs'),
      `${APP}
const { Resources } = app.synth().getStackByName('Bots').template;
const bot = Object.values(Resources).find(({ Type, Properties }) => Type === 'AWS::IAM::Role' && Properties.ManagedPolicyArns);
console.log(JSON.stringify({ streams: Object.values(Resources).filter(({ Type }) => Type === 'AWS::KinesisFirehose::DeliveryStream').length, policies: bot.Properties.ManagedPolicyArns.length }));`,
    );

    const printed = execFileSync(process.execPath, ['app.mjs'], {
      cwd: app,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });

    expect(JSON.parse(printed.trim().split('\n').at(-1) ?? '')).toEqual({ streams: 1, policies: 1 });
  },
  BUILD_MS,
);

test(
  'its types are those of the app’s compiler',
  () => {
    writeFileSync(join(app, 'app.ts'), APP);
    const options = {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
    };
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['app.ts'] }));
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

    expect(execFileSync(process.execPath, [tsc, '-p', '.'], { cwd: app, encoding: 'utf8' })).toBe('');
  },
  BUILD_MS,
);
