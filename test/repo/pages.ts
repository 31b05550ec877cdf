import { Command } from 'commander';
import type { ConfigOption } from '../../lib/core/config/json-schema.ts';
import type { ErrorEntry } from '../../lib/core/errors.ts';
import type { Stage } from '../../lib/core/pipeline.ts';
import type { CommandEntry } from '../../lib/desk/commands/index.ts';

// Pages and parts of pages that are made from the code; `npx vitest run test/repo --update` writes them.

/** The way of an event as a picture in text. */
export function pipelinePicture(stages: readonly Stage[]): string {
  const width = Math.max(...stages.map(({ name }) => name.length)) + 4;
  const lines = stages.flatMap(({ name, does, reads }, index) => {
    const label = reads.join(', ');
    const arrow = index === 0 ? [label, '    │', '    ▼'] : [`    │ ${label}`, '    ▼'];
    return [...arrow, `  ${name.padEnd(width)}${does}`];
  });
  return fenced('text', [...lines, '    │', '    ▼', stages.at(-1)?.writes.join(', ') ?? ''].join('\n'));
}

/** The same as a diagram that Mermaid draws: stages as boxes, what passes between them on the arrows. */
export function pipelineDiagram(stages: readonly Stage[]): string {
  const nodes = stages.map(({ name, desk, aws }) => `  ${name}["<b>${name}</b><br/>desk: ${desk}<br/>AWS: ${aws}"]`);
  const arrows = stages.flatMap(({ name, reads }, index) =>
    reads.map((what) => {
      const earlier = stages.slice(0, index).filter(({ writes }) => writes.includes(what));
      if (earlier.length === 0) return [`  source(["${what}"]) --> ${name}`];
      return earlier.map((stage) => `  ${stage.name} -->|"${what}"| ${name}`);
    }),
  );
  const last = stages.at(-1);
  const end = (last?.writes ?? []).map((what) => `  ${last?.name} --> answers(["${what}"])`);
  return fenced('mermaid', ['flowchart TD', ...nodes, ...arrows.flat(), ...end].join('\n'));
}

/** Which part does what, on one machine and on AWS. */
export const pipelineTable = (stages: readonly Stage[]): string =>
  table(
    ['stage', 'does', 'on one machine: the desk', 'on AWS'],
    stages.map(({ name, does, desk, aws }) => [`**${name}**`, does, desk, aws]),
  );

/** Every setting, with default and range. */
export const configTable = (options: readonly ConfigOption[]): string =>
  table(
    ['setting', 'default', 'what it is'],
    options.map(({ path, default: value, description }) => [
      `\`${path}\``,
      value === undefined ? '' : `\`${value}\``,
      description,
    ]),
  );

export const commandTable = (commands: readonly CommandEntry[]): string =>
  table(
    ['command', 'what it does'],
    commands.map(({ name, summary }) => [`[\`nightdesk ${name}\`](docs/cli.md#nightdesk-${name})`, summary]),
  );

export function errorsPage(errors: Readonly<Record<string, ErrorEntry>>): string {
  const rows = Object.entries(errors).map(([code, { owner, retry, exit, help }]) => [
    `\`${code}\``,
    owner,
    retry ? 'yes' : 'no',
    String(exit),
    help,
  ]);
  return `# Errors

Every error that Nightdesk raises on purpose has one of these codes. A command prints it in brackets behind the message
and ends with the exit code; 0 means that all went well. *Who acts* is who can mend it, *retry* whether the same call may
succeed later without a change. A code, once shipped, keeps its meaning.

${table(['code', 'who acts', 'retry', 'exit', 'meaning and remedy'], rows)}

This page is made from \`lib/core/errors.ts\`.
`;
}

/** What `--help` prints, of every command. */
export async function cliPage(commands: readonly CommandEntry[]): Promise<string> {
  const parts = await Promise.all(commands.map(async (entry) => section(entry, await helpOf(entry))));
  return `# The command line

\`npx nightdesk <command> --help\` prints the same. Facts go to standard output, remarks and progress to standard error;
exit codes are those of [errors.md](errors.md). This page is made from the commands themselves.

${parts.join('\n')}`;
}

const section = ({ name }: CommandEntry, help: string): string => `## nightdesk ${name}\n\n${fenced('text', help)}\n`;

async function helpOf(entry: CommandEntry): Promise<string> {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  // Width and colours are the terminal's otherwise.
  const program = new Command('nightdesk').configureOutput({
    writeOut: write,
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  const command = await commandOf(entry, program);
  command.outputHelp();
  for (const subcommand of command.commands) {
    text = `${text.trimEnd()}\n\n`;
    subcommand.outputHelp();
  }
  return text.trimEnd();
}

/** The command with its arguments and options, not run. */
export async function commandOf(entry: CommandEntry, program: Command = new Command('nightdesk')): Promise<Command> {
  const command = program.command(entry.name).description(entry.summary);
  (await entry.load()).configure(command);
  return command;
}

/** The text with the part between `<!-- name:begin -->` and `<!-- name:end -->` replaced. */
export function withBlock(text: string, name: string, body: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the page has no block between ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${body}\n\n${text.slice(to)}`;
}

const fenced = (language: string, body: string): string => `\`\`\`${language}\n${body}\n\`\`\``;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|');
