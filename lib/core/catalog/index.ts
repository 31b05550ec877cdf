import type { Stream } from './stream.ts';
import { signals } from './streams/signals.ts';

/** Every stream by name. */
export const CATALOG: Readonly<Record<string, Stream>> = { signals };
