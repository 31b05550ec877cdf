import type { Files, WritableFile } from '../../../lib/adapters/local/files.ts';

export type Operation = 'create' | 'write' | 'datasync' | 'rename' | 'link' | 'remove' | 'makeFolder' | 'syncFolder';

/** Files whose changing operations are first shown to `before`, which may throw in their place. */
export function alteredFiles(files: Files, before: (operation: Operation, path: string) => void): Files {
  const open = (file: WritableFile, path: string): WritableFile => ({
    async write(chunks) {
      try {
        before('write', path);
      } catch (error) {
        const all = Buffer.concat(chunks);
        await file.write([all.subarray(0, all.length >> 1)]); // a disk that fills up takes what still fits
        throw error;
      }
      await file.write(chunks);
    },
    async datasync() {
      before('datasync', path);
      await file.datasync();
    },
    close: () => file.close(),
  });
  return {
    read: (path) => files.read(path),
    list: (path) => files.list(path),
    stat: (path) => files.stat(path),
    realPath: (path) => files.realPath(path),
    freeBytes: (path) => files.freeBytes(path),
    async create(path) {
      before('create', path);
      return open(await files.create(path), path);
    },
    async rename(from, to) {
      before('rename', to);
      await files.rename(from, to);
    },
    async link(from, to) {
      before('link', to);
      await files.link(from, to);
    },
    async remove(path) {
      before('remove', path);
      await files.remove(path);
    },
    async makeFolder(path) {
      before('makeFolder', path);
      await files.makeFolder(path);
    },
    async syncFolder(path) {
      before('syncFolder', path);
      await files.syncFolder(path);
    },
  };
}

export const diskFull = (): Error => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
