import { readFile } from 'node:fs/promises';
import { localTime } from '../../adapters/local/time.ts';
import { type CompiledMap, compileMap } from '../../core/dialects/map.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { printable } from '../printable.ts';

/** What a map is called where nobody says otherwise. */
export const MAP_FILE = 'nightdesk.map.json';

/** Reads and compiles a map. @throws PATH_NOT_FOUND, MAP_INVALID */
export async function loadMap(path: string): Promise<CompiledMap> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new NightdeskError('PATH_NOT_FOUND', `cannot read the map ${path}: ${messageOf(error)}`, { cause: error });
  }
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new NightdeskError('MAP_INVALID', `${path} is not JSON: ${wrongJson(error)}`, {
      cause: error,
    });
  }
  try {
    return compileMap(json, localTime);
  } catch (error) {
    if (error instanceof NightdeskError)
      throw new NightdeskError(error.code, `${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** What is wrong with the JSON, without the piece of it that the parser quotes: the file may be anything, secrets included. */
const wrongJson = (error: unknown): string =>
  printable(messageOf(error).replace(/(?:, )?(?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, ''));
