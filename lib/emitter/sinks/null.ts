import type { Sink } from '../sink.ts';

/** Takes everything and keeps nothing: telemetry that is switched off. */
export const nullSink = ({ name = 'null' }: { readonly name?: string } = {}): Sink => ({
  name,
  send: async () => undefined,
  sendSync: () => undefined,
});
