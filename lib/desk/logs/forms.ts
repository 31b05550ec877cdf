import type { LogFile } from './discover.ts';
import { begins, headOf, holds, mayBegin } from './glance.ts';
import { fileId, splitFileId } from './identity.ts';
import type { KnownLog, Ledger } from './ledger.ts';
import { compareAge } from './names.ts';
import { START } from './point.ts';
import type { Place } from './sources.ts';

/** A file on disk that has at least one line: some form of a log, live, rotated, copied or compressed. */
export interface Form {
  readonly file: LogFile;
  readonly place: Place;
  /** `hashLine` of its first line. */
  readonly first: string;
}

/** The log that a form is, or the form of which it is but a copy. */
export type Resolution = { readonly log: KnownLog } | { readonly copyOf: Form };

/** Says which log each form is (the rules stand in identity.ts). All forms are of the ledger's source. New logs are added to the ledger. */
export async function resolveForms(forms: readonly Form[], ledger: Ledger): Promise<Map<Form, Resolution>> {
  const resolved = new Map<Form, Resolution>();
  const taken = new Set<KnownLog>();
  const take = (form: Form, log: KnownLog): void => {
    taken.add(log);
    resolved.set(form, { log });
    log.seenAs = form.place.path;
    log.dev = form.file.dev;
    log.ino = form.file.ino;
    ledger.touch(log);
  };
  const byInode = indexByInode(ledger);
  for (const form of forms)
    for (const log of byInode.get(inodeOf(form.file)) ?? [])
      if (!resolved.has(form) && !taken.has(log) && log.first === form.first && (await isLog(form, log)))
        take(form, log);

  for (const group of groups(forms)) {
    const canonical = await withoutCopies(group, resolved);
    for (const form of canonical) {
      if (resolved.has(form)) continue;
      const log = (await longestHeld(form, candidates(form, ledger, taken))) ?? newLog(form, ledger);
      take(form, log);
    }
  }
  return resolved;
}

/** Sorts out the copies of a group, oldest form first, and returns the others in that order. */
async function withoutCopies(group: readonly Form[], resolved: Map<Form, Resolution>): Promise<Form[]> {
  const others: Form[] = [];
  const heads = new Map<Form, Buffer>();
  for (const [index, form] of group.entries()) {
    const newer = resolved.has(form) ? [] : group.slice(index + 1);
    // Bots that begin every log with the same line make groups of thousands: each is opened once, not once per pair.
    if (newer.length > 0 && !heads.has(form))
      for (const one of [form, ...newer]) heads.set(one, await headOf(one.file.path));
    const longer = newer.filter((one) => mayBegin(heads.get(form), heads.get(one)));
    const copyOf = await firstWhere(longer, (one) => begins(form.file.path, one.file.path));
    if (copyOf === undefined) others.push(form);
    else resolved.set(form, { copyOf });
  }
  return others;
}

/** Forms of one path and first line, oldest first. */
function groups(forms: readonly Form[]): Form[][] {
  const byBase = new Map<string, Form[]>();
  for (const form of forms) {
    const key = JSON.stringify([form.place.path, form.first]);
    const group = byBase.get(key);
    if (group === undefined) byBase.set(key, [form]);
    else group.push(form);
  }
  return [...byBase.values()].map((group) => group.sort((a, b) => compareAge(a.file, b.file)));
}

/** Known logs that the form may be, the furthest read first: several may be beginnings of it. */
const candidates = ({ place, first }: Form, ledger: Ledger, taken: ReadonlySet<KnownLog>): KnownLog[] =>
  ledger
    .beginningWith(first)
    .filter((log) => (log.path === place.path || log.seenAs === place.path) && !taken.has(log))
    .sort((a, b) => b.known.bytes - a.known.bytes);

const longestHeld = (form: Form, logs: readonly KnownLog[]): Promise<KnownLog | undefined> =>
  firstWhere(logs, (log) => isLog(form, log));

async function isLog({ file }: Form, log: KnownLog): Promise<boolean> {
  const untouched =
    log.dev === file.dev && log.ino === file.ino && log.bytes === file.bytes && log.mtimeMs === file.mtimeMs;
  return untouched || holds(file.path, log.known);
}

function newLog({ file, place, first }: Form, ledger: Ledger): KnownLog {
  const base = splitFileId(fileId({ ...place, first }, 0)).base;
  let generation = 0;
  while (ledger.get(`${base}.${generation}`) !== undefined) generation++;
  const log: KnownLog = {
    file: `${base}.${generation}`,
    path: place.path,
    first,
    seenAs: place.path,
    dev: file.dev,
    ino: file.ino,
    bytes: -1,
    mtimeMs: -1,
    heldBytes: 0,
    known: START,
    delivered: {},
  };
  ledger.add(log);
  return log;
}

const inodeOf = (of: { readonly dev: number; readonly ino: number }): string => `${of.dev}:${of.ino}`;

function indexByInode(ledger: Ledger): Map<string, KnownLog[]> {
  const index = new Map<string, KnownLog[]>();
  for (const log of ledger.all()) {
    const key = inodeOf(log);
    index.set(key, [...(index.get(key) ?? []), log]);
  }
  // An inode may have been used again: the log that was read furthest is tried first.
  for (const logs of index.values()) logs.sort((a, b) => b.known.bytes - a.known.bytes);
  return index;
}

async function firstWhere<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<T | undefined> {
  for (const item of items) if (await test(item)) return item;
  return undefined;
}
