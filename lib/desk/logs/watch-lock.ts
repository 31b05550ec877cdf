import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NightdeskError } from '../../core/errors.ts';
import { type DataFolder, dataFolder } from '../data-folder.ts';
import { type DataLock, lockData } from '../lock.ts';
import { hashBytes } from './point.ts';

/**
 * Keeps a second watch of one folder with one data folder out, as a desk keeps a second desk out.
 * @throws WATCH_RUNNING where there is one already
 */
export async function lockWatch(folder: DataFolder, root: string): Promise<DataLock> {
  const place = dataFolder(join(folder.cursors, `${hashBytes(Buffer.from(root))}.lock`));
  await mkdir(place.root, { recursive: true, mode: 0o700 });
  try {
    return await lockData(place);
  } catch (error) {
    if (!(error instanceof NightdeskError) || error.code !== 'DATA_LOCKED') throw error;
    throw new NightdeskError(
      'WATCH_RUNNING',
      `another watch follows ${root} with ${folder.root} already; stop it, or let it do the work`,
      { cause: error },
    );
  }
}
