import type { Panel } from './types.ts';

/** The command that answers a panel from the lake. */
export const commandOf = ({ question: { query, parameters = {} } }: Panel, target = ''): string =>
  [
    `nightdesk query ${query}`,
    target,
    '--param from=YYYY-MM-DD',
    ...Object.entries(parameters).map(([name, value]) => `--param ${name}=${value}`),
  ]
    .filter((part) => part !== '')
    .join(' ');

/**
 * What a panel answers and what to mind, as Markdown.
 * @param options.drawn - whether a chart of its series is there too
 * @param options.target - what to add to the command, such as `--aws`
 */
export function describe(
  panel: Panel,
  { drawn, target = '' }: { readonly drawn: boolean; readonly target?: string },
): string {
  const { answers, mind, live, truth } = panel;
  return [
    answers,
    ...(mind === undefined ? [] : [mind]),
    ...(live === undefined || !drawn ? [] : [`The chart: ${live}`]),
    `${truth === 'lake' ? 'The truth is in the lake' : 'The same from the lake'}: \`${commandOf(panel, target)}\``,
  ].join('\n\n');
}
