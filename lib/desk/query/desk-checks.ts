import { bytes } from '../commands/output.ts';
import { type Check, check, type DoctorFacts, LIMITS } from './check.ts';

export function deskCheck({ desk, data }: DoctorFacts): Check {
  const { note, alive, health, unreachable, url } = desk;
  const value = { pid: note?.pid ?? null, url: url ?? note?.url ?? null, started_at: note?.startedAt ?? null };
  if (unreachable !== undefined)
    return check(
      'desk',
      'critical',
      `no answer from ${url}: ${unreachable}; look at what the desk printed, and start it again with \`nightdesk up\``,
      value,
    );
  // Another desk may have taken the port of one that was killed. One that asks for tokens does not tell strangers.
  if (
    note !== undefined &&
    url === note.url &&
    typeof health?.startedAt === 'string' &&
    health.startedAt !== note.startedAt
  )
    return check(
      'desk',
      'critical',
      `another desk answers at ${url}; that of ${data} is gone without a goodbye: start it again with \`nightdesk up --data ${data}\``,
      value,
    );
  if (health !== undefined)
    return health.status === 'ok'
      ? check('desk', 'ok', `the desk at ${url} takes events`, value)
      : check(
          'desk',
          'critical',
          `the desk at ${url} refuses events: ${health.reason ?? health.status ?? 'it does not say why'}`,
          value,
        );
  if (note !== undefined && alive === false)
    return check(
      'desk',
      'critical',
      `the desk of process ${note.pid} is gone without a goodbye; \`nightdesk up --data ${data}\` takes up what it had not written yet`,
      value,
    );
  return check('desk', 'warn', `no desk runs on ${data}; start one with \`nightdesk up --data ${data}\``, value);
}

export function diskCheck({ disk, data }: DoctorFacts): Check {
  if (disk === undefined)
    return check('disk', 'warn', `${data} is not there, or its file system does not say how much space is left`);
  const value = { free_bytes: disk.freeBytes, total_bytes: disk.totalBytes };
  const free = `${bytes(disk.freeBytes)} of ${bytes(disk.totalBytes)} are free`;
  if (disk.freeBytes < LIMITS.freeBytes)
    return check(
      'disk',
      'critical',
      `${free}; below ${bytes(LIMITS.freeBytes)} the desk takes nothing in: make room`,
      value,
    );
  if (disk.freeBytes < LIMITS.freeSoonBytes)
    return check('disk', 'warn', `${free}; below ${bytes(LIMITS.freeBytes)} the desk takes nothing in`, value);
  return check('disk', 'ok', free, value);
}

export function backlogCheck({ desk, disk, data }: DoctorFacts): Check {
  const backlog = desk.health?.backlogBytes;
  const wal = typeof desk.health?.walBytes === 'number' ? desk.health.walBytes : (disk?.walBytes ?? 0);
  const value = { backlog_bytes: typeof backlog === 'number' ? backlog : null, wal_bytes: wal };
  if (typeof backlog !== 'number')
    return wal > 0 && desk.alive !== true
      ? check(
          'backlog',
          'warn',
          `the write-ahead log holds ${bytes(wal)} and no desk runs; \`nightdesk up --data ${data}\` takes up what is not in the lake yet`,
          value,
        )
      : check('backlog', 'ok', `the write-ahead log holds ${bytes(wal)}`, value);
  const message = `${bytes(backlog)} wait to be transformed, the write-ahead log holds ${bytes(wal)}`;
  if (backlog >= LIMITS.mostBytes)
    return check('backlog', 'critical', `${message}; intake is refused until there is less: send slower`, value);
  if (backlog >= LIMITS.slowBytes) return check('backlog', 'warn', `${message}; answers are slowed down`, value);
  return check('backlog', 'ok', message, value);
}
