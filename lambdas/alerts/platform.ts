import { changeIdOf } from '../../lib/core/alerts/identity.ts';
import type { Alerts } from '../../lib/core/alerts/runtime.ts';
import type { AlertChange } from '../../lib/core/alerts/types.ts';
import { wholeView } from '../../lib/core/alerts/whole-view.ts';
import { messageOf } from '../../lib/core/errors.ts';
import type { Log, StateStore } from '../../lib/core/ports/index.ts';
import type { Notification } from './alarms.ts';

export interface PlatformOptions {
  readonly alerts: Pick<Alerts, 'raise'>;
  readonly state: StateStore;
  /** The alarms of the platform that are in ALARM, without the one over all of them. */
  readonly ringing: () => Promise<readonly Notification[]>;
  /** Name of the alarm over all others, of which nobody needs to be told beside them. */
  readonly over: string;
  readonly sha256: (text: string) => string;
  readonly log: Log;
}

/** Tells people of the alarms of the platform, each once when it rings and once when it ends. */
export interface Platform {
  /** A notification came: it says that something changed, and CloudWatch is asked what. */
  told(notification: Notification): Promise<void>;
  /** While anything rings: an alarm that joins others does not change the one over all of them, so nobody would say. */
  tick(): Promise<void>;
}

const KEY = 'state/alerts-platform.json';
const TRIES = 5;

/** Alarms that people were told of, by name. */
type Open = Readonly<Record<string, Notification>>;

interface Kept {
  readonly open: Open;
  readonly version: string | undefined;
}

export function createPlatform({ alerts, state, ringing, over, sha256, log }: PlatformOptions): Platform {
  async function read(): Promise<Kept> {
    const found = await state.get(KEY);
    return { open: found === undefined ? {} : openIn(found.body), version: found?.version };
  }

  /** Tells what differs, then keeps it: who fails in between tells it again under the same id, which counts once. */
  async function settle(ring: (open: Open) => readonly Notification[]): Promise<void> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const { open, version } = await read();
      const now = Object.fromEntries(ring(open).map((one) => [one.alarm, open[one.alarm] ?? one]));
      const begun = Object.values(now).filter(({ alarm }) => !Object.hasOwn(open, alarm));
      const ended = Object.values(open).filter(({ alarm }) => !Object.hasOwn(now, alarm));
      if (begun.length === 0 && ended.length === 0) return;
      for (const one of begun) await alerts.raise(changeOf(one, { state: 'ALARM', sha256 }));
      for (const one of ended) await alerts.raise(changeOf(one, { state: 'OK', sha256 }));
      const body = new TextEncoder().encode(JSON.stringify({ format: 1, open: now }));
      if ((await state.put(KEY, body, version)) !== undefined) return;
    }
    log.warn('the alarms that people were told of could not be kept; they are told again');
  }

  async function look(): Promise<readonly Notification[] | undefined> {
    try {
      return await ringing();
    } catch (error) {
      log.warn('CloudWatch could not be asked for its alarms; what the notification says counts', {
        reason: messageOf(error),
      });
      return undefined;
    }
  }

  return {
    async told(notification) {
      if (notification.region === '') return alerts.raise(changeOf(notification, { state: 'ALARM', sha256 })); // of no alarm
      const now = await look();
      // Of an alarm that is over already, or that CloudWatch does not name yet, at least what was said is told.
      if (now !== undefined && (now.length > 0 || notification.state === 'OK')) return settle(() => now);
      await settle((open) => {
        const { [notification.alarm]: _, ...others } = open;
        if (notification.state === 'OK') return notification.alarm === over ? [] : Object.values(others);
        return [...Object.values(others), notification];
      });
    },
    async tick() {
      const { open } = await read();
      if (Object.keys(open).length === 0) return;
      const now = await look();
      if (now !== undefined) await settle(() => now);
    },
  };
}

function openIn(body: Uint8Array): Open {
  try {
    const { open } = JSON.parse(new TextDecoder().decode(body)) as { readonly open?: Open };
    return typeof open === 'object' && open !== null ? open : {};
  } catch {
    return {};
  }
}

const ENDS = { ALARM: 1, OK: 2 } as const;

/** An alarm is known by its name and by when it began. */
function changeOf(
  { alarm, reason, region, atMs, advice }: Notification,
  { state, sha256 }: { readonly state: keyof typeof ENDS; readonly sha256: (text: string) => string },
): AlertChange {
  const alert = wholeView(
    {
      ruleId: 'platform',
      title: alarm,
      advice,
      severity: 'critical',
      status: state === 'OK' ? 'resolved' : 'firing',
      group: alarm,
      value: state,
      reason,
    },
    atMs,
    sha256,
  );
  return {
    id: changeIdOf(alert.alertId, ENDS[state]),
    kind: 'platform',
    atMs,
    notify: true,
    platform: { alarm, state, reason, region, atMs },
    alert,
  };
}
