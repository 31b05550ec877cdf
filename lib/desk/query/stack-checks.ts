import { CATALOG } from '../../core/catalog/index.ts';
import type { FunctionSettings } from '../../core/config/function-settings.ts';
import { storedView } from '../../core/query/lake-views.ts';
import type { StackFacts } from '../../core/query/stack-facts.ts';
import { EVENTS_VIEW } from '../../core/query/views.ts';
import { bytes, count } from '../commands/output.ts';
import { type Check, type CheckStatus, check, LIMITS, span } from './check.ts';
import { quarantineCheckOf } from './lake-checks.ts';

/** All checks of a stack, in the order a person would ask. Pure: the same facts give the same verdicts. */
export const stackChecksOf = (facts: StackFacts): readonly Check[] => [
  stateCheck(facts),
  deliveryCheck(facts),
  alarmsCheck(facts),
  errorsCheck(facts),
  arrivalCheck(facts),
  quarantineCheck(facts),
  viewsCheck(facts),
  settingsCheck(facts),
  clockCheck(facts),
];

/** The one check of a stack that cannot be opened. */
export const unopened = (problem: string): readonly Check[] => [check('stack', 'critical', problem)];

function stateCheck({ stack, region, status }: StackFacts): Check {
  const value = { stack, region, status };
  const name = `the stack ${stack} in ${region}`;
  if (/FAILED$/.test(status))
    return check(
      'stack',
      'critical',
      `${name} is in state ${status}; the events of its last deployment say why`,
      value,
    );
  if (/IN_PROGRESS$/.test(status)) return check('stack', 'warn', `${name} is being changed (${status})`, value);
  if (/ROLLBACK/.test(status))
    return check('stack', 'warn', `${name} is as it was: its last deployment failed and was undone (${status})`, value);
  return check('stack', 'ok', `${name} stands (${status})`, value);
}

function deliveryCheck({ delivery }: StackFacts): Check {
  if ('problem' in delivery) return check('delivery', 'critical', delivery.problem);
  const { name, status, failure } = delivery;
  return status === 'ACTIVE'
    ? check('delivery', 'ok', `the delivery stream ${name} takes events`, delivery)
    : check(
        'delivery',
        'critical',
        `the delivery stream ${name} is ${status}${failure === undefined ? '' : `: ${failure}`}; bots keep what they cannot send only for so long`,
        delivery,
      );
}

const MOST_SHOWN = 3;

function alarmsCheck({ alarms, nowMs }: StackFacts): Check {
  if ('problem' in alarms) return check('alarms', 'warn', alarms.problem);
  const { watched, ringing } = alarms;
  if (watched === 0) return check('alarms', 'warn', 'the stack has no alarms: nobody is told when it fails', alarms);
  if (ringing.length === 0) return check('alarms', 'ok', `none of ${count(watched)} rings`, alarms);
  const shown = ringing
    .slice(0, MOST_SHOWN)
    .map(
      ({ name, reason, sinceMs }) =>
        `${name}${sinceMs === undefined ? '' : ` (for ${span(Math.max(0, nowMs - sinceMs))})`}: ${reason}`,
    );
  const more = ringing.length > MOST_SHOWN ? `; and ${ringing.length - MOST_SHOWN} more` : '';
  return check(
    'alarms',
    'critical',
    `${count(ringing.length)} of ${count(watched)} ring: ${shown.join('; ')}${more}`,
    alarms,
  );
}

/** What failed within this time is failing now. */
const FAILING_MS = 3_600_000;

function errorsCheck({ errors, nowMs }: StackFacts): Check {
  if ('problem' in errors) return check('errors', 'warn', errors.problem);
  const { objects, newestMs, oldestMs } = errors;
  if (objects === 0) return check('errors', 'ok', 'Firehose delivered all that it took, or it was redriven', errors);
  const age = (ms: number | undefined): string =>
    ms === undefined ? 'an unknown time' : span(Math.max(0, nowMs - ms));
  const failing = newestMs !== undefined && nowMs - newestMs < FAILING_MS;
  return check(
    'errors',
    failing ? 'critical' : 'warn',
    `Firehose left ${count(objects)} ${objects === 1 ? 'object' : 'objects'} (${bytes(errors.bytes)}) below errors/, the oldest ${age(oldestMs)} ago, the newest ${age(newestMs)} ago; ` +
      `${failing ? 'see the log of the transform, then ' : ''}\`nightdesk redrive --aws\` brings them to the lake`,
    errors,
  );
}

function arrivalCheck({ newest, settings, nowMs }: StackFacts): Check {
  if ('problem' in newest) return check('arrival', 'warn', newest.problem);
  const { key, writtenMs } = newest;
  if (writtenMs === undefined)
    return check(
      'arrival',
      'warn',
      'no event is dated today or yesterday; does a bot send to the delivery stream?',
      newest,
    );
  const ageMs = Math.max(0, nowMs - writtenMs);
  const message = `the newest object was written ${span(ageMs)} ago`;
  const value = { key, age_s: Math.round(ageMs / 1000) };
  // What waits in Firehose is as old as the lateness of the ledger allows for.
  const latenessMs = 'problem' in settings ? 0 : settings.ledger.latenessMs;
  return ageMs > LIMITS.silentMs + latenessMs
    ? check('arrival', 'warn', `${message}; does a bot run, and does it send to the delivery stream?`, value)
    : check('arrival', 'ok', message, value);
}

function quarantineCheck({ quarantine }: StackFacts): Check {
  if ('problem' in quarantine) return check('quarantine', 'warn', quarantine.problem);
  const { events, reasons } = quarantine;
  const lines = events + reasons.reduce((sum, one) => sum + one.lines, 0);
  return quarantineCheckOf({ reasons, lines, which: 'lines of today and yesterday' });
}

function viewsCheck({ relations }: StackFacts): Check {
  if ('problem' in relations) return check('views', 'warn', relations.problem);
  const streams = Object.values(CATALOG);
  const wanted = [...streams.flatMap(({ name }) => [name, storedView(name)]), EVENTS_VIEW];
  const missing = wanted.filter((name) => !relations.has(name));
  const old = streams.flatMap(({ name, columns }) => {
    const lacks = Object.keys(columns).filter((column) => relations.has(name) && !relations.get(name)?.has(column));
    return lacks.length === 0 ? [] : [{ view: name, lacks }];
  });
  const value = { missing, old };
  const again = 'deploy the stack again, which writes them';
  if (missing.length > 0)
    return check(
      'views',
      'critical',
      `${count(missing.length)} of ${count(wanted.length)} views are not there: ${listed(missing)}; ${again}`,
      value,
    );
  if (old.length > 0)
    return check(
      'views',
      'warn',
      `views are older than this version: ${listed(old.map(({ view, lacks }) => `${view} lacks ${listed(lacks)}`))}; ${again}`,
      value,
    );
  return check('views', 'ok', `${count(wanted.length)} views are there, with all columns`, value);
}

const listed = (items: readonly string[]): string =>
  items.length > MOST_SHOWN
    ? `${items.slice(0, MOST_SHOWN).join(', ')} and ${items.length - MOST_SHOWN} more`
    : items.join(', ');

function settingsCheck({ settings, local }: StackFacts): Check {
  if ('problem' in settings) return check('settings', 'warn', settings.problem);
  if (local === undefined) return check('settings', 'ok', 'no nightdesk.json here to compare the stack with');
  if ('problem' in local) return check('settings', 'warn', local.problem);
  const differ = differences(settings, local.settings);
  return differ.length === 0
    ? check('settings', 'ok', `the stack runs with the settings of ${local.path}`)
    : check(
        'settings',
        'warn',
        `the stack runs with other settings than ${local.path}: ${differ.join(', ')}; deploy it again`,
        {
          differ,
        },
      );
}

/** Names of the settings that differ; values may be names of accounts, and are nobody's business here. */
function differences(
  { ledger, alerts, ...rest }: FunctionSettings,
  { ledger: ourLedger, alerts: ourAlerts, ...ours }: FunctionSettings,
): string[] {
  const differ = (prefix: string, a: object, b: object): string[] =>
    Object.keys({ ...a, ...b })
      .filter((key) => canonical(Reflect.get(a, key)) !== canonical(Reflect.get(b, key)))
      .map((key) => `${prefix}${key}`);
  // The zone of the digest is that of all else.
  const ofAlerts = differ('alerts.', { ...alerts, zone: ourAlerts.zone }, ourAlerts);
  return [...differ('', rest, ours), ...differ('ledger.', ledger, ourLedger), ...ofAlerts];
}

/** JSON with keys in order, so that order makes no difference. */
const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

function clockCheck({ clockMs }: StackFacts): Check {
  if (clockMs === undefined) return check('clock', 'ok', 'AWS did not say what time it is', { clock_ms: null });
  const value = { clock_ms: clockMs };
  const status: CheckStatus = Math.abs(clockMs) > LIMITS.clockMs ? 'warn' : 'ok';
  return check(
    'clock',
    status,
    status === 'ok'
      ? 'the clock of this machine agrees with that of AWS'
      : `the clock of this machine is ${span(Math.abs(clockMs))} ${clockMs > 0 ? 'behind' : 'ahead of'} that of AWS; set it, or what it sends is misdated`,
    value,
  );
}
