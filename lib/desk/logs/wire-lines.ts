import type { WireFacts, WireLine } from '../../core/transform/wire.ts';
import type { LogLine } from './lines.ts';

/** What all lines of one log share on the wire. */
export type WireLog = Pick<WireLine, 'source' | 'path' | 'file'> & {
  readonly stream?: string;
  readonly set?: WireFacts;
};

/**
 * Makes the wire form of a log's lines. Its head and middle are the same for every line and are made once: this is the
 * hot path of `send`. The result is what `wireLine` of the core gives, byte for byte.
 */
export function wireLines(log: WireLog): (line: LogLine, mapError?: string) => string {
  const head = `{"nd":1,"source":${JSON.stringify(log.source)},"path":${JSON.stringify(log.path)},"file":${JSON.stringify(log.file)},"line":`;
  const stream = log.stream === undefined ? '' : `,"stream":${JSON.stringify(log.stream)}`;
  const set = log.set === undefined ? '' : `,"set":${JSON.stringify(log.set)}`;
  const middle = stream + set;
  return (line, mapError) => {
    const bad = line.flaw === 'utf8' || line.flaw === 'gzip' ? `,"bad":"${line.flaw}"` : '';
    const failed = mapError === undefined ? '' : `,"map_error":${JSON.stringify(mapError)}`;
    return `${head}${line.number}${middle}${bad}${failed},"raw":${JSON.stringify(line.text)}}`;
  };
}
