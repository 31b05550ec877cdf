import type { Command } from 'commander';
import { type DerivedFacts, type Inventory, type StreamFacts, takeInventory } from '../query/inventory.ts';
import { addStackOptions, dataOption, jsonOption, type StackOptions } from './options.ts';
import { bytes, count, print, printJson, printRows, say } from './output.ts';
import { openTarget } from './target.ts';

interface Options extends StackOptions {
  readonly data: string;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk streams
  nightdesk streams --data .nightdesk --json
  nightdesk streams --aws --stack nightdesk-prod      what a stack holds; Athena reads all of it for that

Every stored line is an event, a repeat of one, quarantined, redriven since, or unreadable; the last line adds them up.
What Nightdesk derives from them is listed apart: rows as of their newest revisions, and the lines that hold all of them.`;

export function configure(command: Command): void {
  addStackOptions(command.addOption(dataOption()), { apart: ['data'] })
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const target = await openTarget(options);
      try {
        const inventory = await takeInventory(target);
        if (options.json) printJson(inventory);
        else printInventory(inventory);
        target.sayCost();
      } finally {
        await target.close();
      }
    });
}

const COLUMNS = ['stream', 'events', 'duplicates', 'quarantined', 'first', 'last', 'objects', 'bytes'];

function printInventory({ streams, derived, quarantine, totals }: Inventory): void {
  const seen = streams.filter(({ stored, quarantined }) => stored + quarantined > 0);
  const never = streams.filter((facts) => !seen.includes(facts));
  printRows('table', COLUMNS, [...seen, ...(quarantine.stored > 0 ? [quarantine] : [])].map(rowOf));
  if (seen.length === 0) say('The lake is empty: send logs with `nightdesk send`, or import them.');
  else if (never.length > 0) say(`never seen: ${never.map(({ stream }) => stream).join(', ')}`);
  const parts = [
    `${count(totals.events)} events`,
    `${count(totals.duplicates)} duplicates`,
    `${count(totals.quarantined)} quarantined`,
    ...(totals.redriven > 0 ? [`${count(totals.redriven)} redriven`] : []),
    ...(totals.unreadable > 0 ? [`${count(totals.unreadable)} unreadable`] : []),
  ];
  say(`${count(totals.lines)} lines in the lake = ${parts.join(' + ')}`);
  const made = derived.filter(({ objects }) => objects > 0);
  if (made.length === 0) return;
  print('\n');
  printRows('table', DERIVED_COLUMNS, made.map(derivedRowOf));
}

const DERIVED_COLUMNS = ['derived', 'rows', 'retracted', 'lines', 'first', 'last', 'objects', 'bytes'];

const derivedRowOf = (facts: DerivedFacts): (string | null)[] => [
  facts.stream,
  count(facts.rows),
  count(facts.retracted),
  count(facts.stored + facts.unreadable),
  facts.first_ts,
  facts.last_ts,
  count(facts.objects),
  bytes(facts.bytes),
];

const rowOf = (facts: StreamFacts): (string | null)[] => [
  facts.stream,
  count(facts.events),
  count(facts.duplicates),
  facts.stream === 'quarantine' ? '' : count(facts.quarantined),
  facts.first_ts,
  facts.last_ts,
  count(facts.objects),
  bytes(facts.bytes),
];
