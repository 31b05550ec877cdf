import { promisify } from 'node:util';
import { constants, createGunzip, gunzip as gunzipWhole, gzip as gzipWhole } from 'node:zlib';
import { messageOf } from '../../core/errors.ts';
import type { Gunzip } from '../../core/lake/read.ts';

const compress = promisify(gzipWhole);
const decompress = promisify(gunzipWhole);

/** Compresses bytes into one gzip member: the same bytes for the same bytes, as long as zlib stays the same. */
export const gzip = (bytes: Uint8Array): Promise<Uint8Array> => compress(bytes, { level: constants.Z_BEST_SPEED });

/** Unpacks gzip, also of several members; of a damaged object as much as can be read. */
export const gunzip: Gunzip = async (body) => {
  try {
    return { bytes: await decompress(body) };
  } catch (error) {
    return { bytes: await salvage(body), damage: messageOf(error) };
  }
};

// zlib gives up the output buffer in which an error falls: a small one loses little.
const SALVAGE = { chunkSize: 1024, finishFlush: constants.Z_SYNC_FLUSH };

function salvage(body: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const stream = createGunzip(SALVAGE);
    const out: Buffer[] = [];
    const end = (): void => resolve(Buffer.concat(out));
    stream.on('data', (chunk: Buffer) => out.push(chunk));
    stream.on('end', end);
    stream.on('error', end);
    stream.end(body);
  });
}
