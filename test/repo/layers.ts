import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { sources } from './checkout.ts';
import { type Import, importsOf } from './imports.ts';

interface Layer {
  readonly rule: string;
  /** Which files it is about. */
  readonly files: RegExp;
  /** What they may import: files relative to the root, and modules by name. */
  readonly may: RegExp;
  /** Of what it may import the types beside. @default - nothing */
  readonly mayTypes?: RegExp;
}

const OWN_ADAPTER = /^lib\/adapters\/([^/]+)\//;

/** Who may import whom. A file must satisfy every layer it is in. */
export const LAYERS: readonly Layer[] = [
  { rule: 'core imports only itself and zod', files: /^lib\/core\//, may: /^(lib\/core\/|zod$)/ },
  {
    rule: 'core’s types, limits, redact and ids import nothing: the emitter uses them too',
    files: /^lib\/core\/(types|limits|redact|ids)\.ts$/,
    may: /^$/,
  },
  {
    rule: 'an adapter imports core and modules, never the desk',
    files: /^lib\/adapters\//,
    may: /^(?!lib\/(?!core\/|adapters\/)|bin\/|lambdas\/)/,
  },
  {
    rule: 'channels import themselves, core and node: the desk and the functions use them',
    files: /^lib\/adapters\/channels\//,
    may: /^(lib\/adapters\/channels\/|lib\/core\/|node:)/,
    mayTypes: /^@slack\/types$/,
  },
  {
    rule: 'the desk imports itself, core, the local adapters and the channels',
    files: /^lib\/desk\/(?!commands\/)/,
    may: /^(?!lib\/(?!core\/|desk\/|console\/|adapters\/(?:local|channels)\/)|bin\/|lambdas\/)/,
  },
  {
    rule: 'a command imports the desk, core, the local adapters, the channels, and what asks a stack',
    files: /^lib\/desk\/commands\//,
    may: /^(?!lib\/(?!core\/|desk\/|console\/|cloud\/|adapters\/(?:local|channels)\/)|bin\/|lambdas\/)/,
  },
  {
    rule: 'what asks a stack imports itself, core, the adapters of AWS, the channels and tools of the local adapters, never the desk',
    files: /^lib\/cloud\//,
    may: /^(?!lib\/(?!core\/|cloud\/|adapters\/(?:aws|channels|local)\/)|bin\/|lambdas\/)/,
  },
  {
    rule: 'the emitter imports itself, node and what core keeps free of imports',
    files: /^lib\/emitter\//,
    may: /^(lib\/emitter\/|lib\/core\/(types|limits|redact|ids)\.ts$|node:)/,
    mayTypes: /^lib\/core\/catalog\/index\.ts$/,
  },
  {
    rule: 'infrastructure imports neither adapters nor an SDK',
    files: /^lib\/infra\//,
    may: /^(?!lib\/(?:adapters|desk|emitter)\/|@aws-sdk\/)/,
  },
  {
    rule: 'a lambda imports core, adapters and itself, never the desk or infrastructure',
    files: /^lambdas\//,
    may: /^(?!lib\/(?:desk|infra)\/|bin\/)/,
  },
  { rule: 'nothing that ships imports tests', files: /./, may: /^(?!test\/)/ },
];

/** What would make core depend on when or where it runs. */
const IMPURE =
  /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bprocess\.\w|\bperformance\.\w|\bglobalThis\b|\b(?:fetch|require|setTimeout|setInterval|setImmediate|queueMicrotask)\(|\b(?:console|crypto|Buffer)\.\w/;

/** Every breach of the layers in a tree, as one sentence each. */
export async function breaches(root: string): Promise<string[]> {
  const files = sources(root, ['bin', 'lib', 'lambdas']);
  const imports = await importsOf(root, files);
  const impure = await Promise.all(
    files.filter((file) => file.startsWith('lib/core/')).map((file) => impurity(root, file)),
  );
  return [...imports.flatMap(breachesOf), ...impure.flat()].sort();
}

function breachesOf({ from, to, types }: Import): string[] {
  const broken = LAYERS.filter(
    ({ files, may, mayTypes }) => files.test(from) && !may.test(to) && !(types && mayTypes?.test(to)),
  ).map(({ rule }) => rule);
  const [own, other] = [OWN_ADAPTER.exec(from)?.[1], OWN_ADAPTER.exec(to)?.[1]];
  if (own !== undefined && other !== undefined && own !== other) broken.push('an adapter never imports another');
  return broken.map((rule) => `${from} imports ${to}: ${rule}`);
}

async function impurity(root: string, file: string): Promise<string[]> {
  // esbuild takes the comments out, which may speak of anything.
  const { code } = await transform(readFileSync(join(root, file), 'utf8'), { loader: 'ts', legalComments: 'none' });
  const found = IMPURE.exec(code);
  return found === null ? [] : [`${file} mentions ${found[0]}: core takes time, randomness and settings as arguments`];
}
