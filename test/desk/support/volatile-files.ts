import type { Files, FolderEntry } from '../../../lib/adapters/local/files.ts';

/** A file: what was written, and how much of it a power failure leaves for sure. */
interface FileNode {
  readonly kind: 'file';
  data: Buffer;
  syncedBytes: number;
}

/** A folder: its entries now, and those that a power failure leaves for sure. */
interface FolderNode {
  readonly kind: 'folder';
  readonly entries: Map<string, FileNode | FolderNode>;
  durable: Map<string, FileNode | FolderNode>;
}

const errno = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });
const newFolder = (): FolderNode => ({ kind: 'folder', entries: new Map(), durable: new Map() });
const never = (): Promise<never> => new Promise(() => undefined);

function append(file: FileNode, bytes: Uint8Array): void {
  file.data = Buffer.concat([file.data, bytes]);
}

/** What a power failure leaves of a file: all that was synced, and of the rest all, nothing, a part, or its length in zeros. */
function tear({ data, syncedBytes }: FileNode, coin: () => boolean): Buffer {
  if (coin()) return Buffer.from(coin() ? data : data.subarray(0, syncedBytes));
  const torn = Buffer.from(coin() ? data : data.subarray(0, (syncedBytes + data.length) >> 1));
  return torn.fill(0, Math.max(syncedBytes, torn.length - 7));
}

/**
 * A file system in memory that forgets, at a power failure, everything that was not synced: written bytes without
 * fdatasync, and new, renamed and removed names without a sync of their folder.
 */
export class VolatileFiles implements Files {
  /** Every operation that changes something, in order. */
  readonly operations: string[] = [];
  readonly #root: FolderNode;
  readonly #failAt: number;

  /** @param failAt number of the changing operation before which the power fails: from then on nothing returns. */
  constructor(failAt = Number.POSITIVE_INFINITY, root = newFolder()) {
    this.#failAt = failAt;
    this.#root = root;
  }

  /**
   * The file system as the next start finds it.
   * @param coin says of each thing that was not synced whether it reached the disk anyway.
   */
  afterPowerFailure(coin: () => boolean, failAt = Number.POSITIVE_INFINITY): VolatileFiles {
    const survive = (node: FileNode | FolderNode): FileNode | FolderNode => {
      if (node.kind === 'file') {
        const data = tear(node, coin);
        return { kind: 'file', data, syncedBytes: data.length };
      }
      const names = new Map(node.durable);
      for (const [name, child] of node.entries) if (node.durable.get(name) !== child && coin()) names.set(name, child);
      for (const name of node.durable.keys()) if (!node.entries.has(name) && coin()) names.delete(name);
      const entries = new Map([...names].map(([name, child]) => [name, survive(child)] as const));
      return { kind: 'folder', entries, durable: new Map(entries) };
    };
    return new VolatileFiles(failAt, survive(this.#root) as FolderNode);
  }

  async create(path: string): ReturnType<Files['create']> {
    await this.#change('create', path);
    const { folder, name } = this.#parent(path);
    if (folder.entries.has(name)) throw errno('EEXIST', path);
    const file: FileNode = { kind: 'file', data: Buffer.alloc(0), syncedBytes: 0 };
    folder.entries.set(name, file);
    return {
      write: async (chunks) => {
        const bytes = Buffer.concat(chunks);
        await this.#change('write', path, () => append(file, bytes.subarray(0, bytes.length >> 1)));
        append(file, bytes);
      },
      datasync: async () => {
        await this.#change('datasync', path);
        file.syncedBytes = file.data.length;
      },
      close: async () => undefined,
    };
  }

  async read(path: string): Promise<Buffer | undefined> {
    const node = this.#find(path);
    return node?.kind === 'file' ? Buffer.from(node.data) : undefined;
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#change('rename', to);
    const source = this.#parent(from);
    const node = source.folder.entries.get(source.name);
    if (node === undefined) throw errno('ENOENT', from);
    const target = this.#parent(to);
    source.folder.entries.delete(source.name);
    target.folder.entries.set(target.name, node);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#change('link', to);
    const node = this.#find(from);
    if (node === undefined) throw errno('ENOENT', from);
    const target = this.#parent(to);
    if (target.folder.entries.has(target.name)) throw errno('EEXIST', to);
    target.folder.entries.set(target.name, node);
  }

  async remove(path: string): Promise<void> {
    await this.#change('remove', path);
    const { folder, name } = this.#parent(path);
    folder.entries.delete(name);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#change('makeFolder', path);
    const { folder, name } = this.#parent(path);
    if (!folder.entries.has(name)) folder.entries.set(name, newFolder());
  }

  async syncFolder(path: string): Promise<void> {
    await this.#change('syncFolder', path);
    const node = this.#find(path);
    if (node?.kind !== 'folder') throw errno('ENOENT', path);
    node.durable = new Map(node.entries);
  }

  async list(path: string): Promise<readonly FolderEntry[]> {
    const node = this.#find(path);
    if (node?.kind !== 'folder') return [];
    return [...node.entries].map(([name, { kind }]) => ({ name, kind }));
  }

  async stat(path: string): ReturnType<Files['stat']> {
    const node = this.#find(path);
    return node?.kind === 'file' ? { bytes: node.data.length, changedMs: 0 } : undefined;
  }

  async realPath(path: string): Promise<string | undefined> {
    return this.#find(path) && path;
  }

  async freeBytes(): Promise<number> {
    return Number.MAX_SAFE_INTEGER;
  }

  /** Notes an operation; if the power fails before it, `partly` happens and nothing ever returns. */
  async #change(operation: string, path: string, partly?: () => void): Promise<void> {
    if (this.operations.length + 1 >= this.#failAt) {
      if (this.operations.length + 1 === this.#failAt) partly?.();
      this.operations.push('power failure');
      return never();
    }
    this.operations.push(`${operation} ${path}`);
  }

  #find(path: string): FileNode | FolderNode | undefined {
    let node: FileNode | FolderNode | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== ''))
      node = node?.kind === 'folder' ? node.entries.get(name) : undefined;
    return node;
  }

  #parent(path: string): { folder: FolderNode; name: string } {
    const end = path.lastIndexOf('/');
    const folder = this.#find(path.slice(0, end));
    if (folder?.kind !== 'folder') throw errno('ENOENT', path);
    return { folder, name: path.slice(end + 1) };
  }
}
