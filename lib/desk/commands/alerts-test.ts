import { type Command, Option } from 'commander';
import { slackPayload } from '../../adapters/channels/slack-payload.ts';
import { webhookPayload } from '../../adapters/channels/webhook-payload.ts';
import type { AlertSettings, Severity } from '../../core/alerts/types.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import { alertsOf } from '../../core/config/index.ts';
import { NightdeskError } from '../../core/errors.ts';
import { type OpenedChannel, openChannels } from '../alerts/channels.ts';
import { currentUser } from '../alerts/operate.ts';
import { type ChannelAnswer, testChannels, testMessageFor } from '../alerts/test-channels.ts';
import { readSettings } from '../settings.ts';
import { dataOption, jsonOption } from './options.ts';
import { print, printJson } from './output.ts';

interface Options {
  readonly data: string;
  readonly channel?: string;
  readonly severity: Severity;
  readonly dryRun?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  SLACK_WEBHOOK_URL=https://hooks.slack.com/services/... nightdesk alerts test
  nightdesk alerts test --channel slack --severity critical
  nightdesk alerts test --dry-run                      what would be sent, as JSON

Sends one message to every channel that has an address. Ends with 0 where each took it, with 1 where one did not, and with 2
where no channel has an address.`;

export function configureTest(command: Command): void {
  command
    .addOption(dataOption())
    .option('--channel <name>', 'only this channel (default: all that have an address)')
    .addOption(
      new Option('--severity <severity>', 'severity of the message')
        .choices(['info', 'warning', 'critical'])
        .default('warning'),
    )
    .option('--dry-run', 'print the payload, and send nothing')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(test);
}

async function test({ data, channel, severity, dryRun, json }: Options): Promise<void> {
  const settings = alertsOf(await readSettings(data));
  const operator = currentUser();
  const facts = { severity, atMs: Date.now(), ...(operator === undefined ? {} : { operator }) };
  const chosen = chosenOf(openChannels(settings, process.env), channel);
  if (dryRun) {
    const payloads = chosen.map(({ settings: { name, kind } }) => {
      const message = testMessageFor(name, facts, settings);
      return { channel: name, kind, payload: kind === 'slack' ? slackPayload(message) : webhookPayload(message) };
    });
    printJson(payloads.length === 1 ? payloads[0] : payloads);
    return;
  }
  if (chosen.every(({ notifier }) => notifier === undefined)) throw unaddressed(chosen, settings);
  const answers = await testChannels(chosen, facts, settings);
  if (json) printJson(answers);
  else print(answers.map(line).join(''));
  // A channel that was named has to answer; of all, those without an address are left out as they are live.
  const failed = answers.some(({ outcome }) => outcome !== 'sent' && outcome !== 'skipped');
  if (failed || answers.every(({ outcome }) => outcome !== 'sent')) process.exitCode = 1;
}

function chosenOf(channels: readonly OpenedChannel[], name: string | undefined): readonly OpenedChannel[] {
  if (name === undefined) return channels;
  const found = channels.filter(({ settings }) => settings.name === name);
  if (found.length > 0) return found;
  const names = channels.map(({ settings }) => settings.name);
  const nearest = nearestName(name, names);
  throw new NightdeskError(
    'CONFIG_INVALID',
    `--channel must be one of ${names.join(', ') || 'none: nightdesk.json has no channel'}, got ${name}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
  );
}

const unaddressed = (channels: readonly OpenedChannel[], { channels: all }: AlertSettings): NightdeskError =>
  new NightdeskError(
    'CONFIG_INVALID',
    all.length === 0
      ? 'nightdesk.json sets no channel: alerts.channels names them'
      : `no channel has an address: ${channels.map(({ settings, missing }) => `${settings.name} (${missing})`).join(', ')}`,
  );

const WORDS: Readonly<Record<ChannelAnswer['outcome'], string>> = {
  sent: 'sent',
  retry: 'not sent now',
  unsure: 'perhaps sent',
  refused: 'refused',
  skipped: 'left out',
};

const line = ({ channel, kind, outcome, reason }: ChannelAnswer): string =>
  `${channel.padEnd(12)} ${kind.padEnd(8)} ${WORDS[outcome]}${reason === null ? '' : `: ${reason}`}\n`;
