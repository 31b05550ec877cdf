import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

// A process owns the folder it writes to. Whoever finds a folder whose owner is dead takes it over by renaming it, which
// only one can do. Node has no file locks, so that an owner is known by what the kernel says about its process.

const OWNER = 'owner.json';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the kernel counts it; tells a process from a later one with the same id. */
  readonly started: string | null;
}

/** A folder of another host is an orphan when nobody has touched it for so long. */
const FOREIGN_SILENCE_MS = 10 * 60_000;

const self = (): Owner => ({ pid: process.pid, host: hostname(), started: startedAt(process.pid) });

/** Makes a folder of this process; it appears with its owner in it. @throws where it cannot be made */
export function makeOwned(parent: string): string {
  const id = `${Date.now().toString(36)}-${randomBytes(5).toString('hex')}`;
  const unfinished = join(parent, `.new-${id}`);
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(join(unfinished, OWNER), JSON.stringify(self()));
  renameSync(unfinished, join(parent, id));
  return join(parent, id);
}

export const ownerPath = (folder: string): string => join(folder, OWNER);

/** Whether nobody will write to the folder any more: its owner has let go of it, or is dead. */
export function isOrphan(folder: string, nowMs: number): boolean {
  let owner: Partial<Owner>;
  try {
    owner = JSON.parse(readFileSync(join(folder, OWNER), 'utf8'));
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT'; // its owner has let go of it
  }
  const { pid, host, started } = owner;
  if (typeof pid !== 'number') return true;
  if (host !== hostname()) return silentFor(folder, nowMs) > FOREIGN_SILENCE_MS;
  if (!isAlive(pid)) return true;
  const now = startedAt(pid);
  return typeof started === 'string' && now !== null && now !== started; // the id is somebody else's by now
}

function silentFor(folder: string, nowMs: number): number {
  try {
    return nowMs - statSync(join(folder, OWNER)).mtimeMs;
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'; // there, and somebody else's
  }
}

/** Start of a process in ticks since the machine started, and which start of the machine; null where the system does not tell. */
function startedAt(pid: number): string | null {
  try {
    // Field 22 of proc(5), counted behind the name, which may hold anything.
    const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return ticks === undefined ? null : `${boot}/${ticks}`;
  } catch {
    return null;
  }
}
