/** What a bot writes when it ends. */
const ENDS: ReadonlySet<string> = new Set([
  'session_end',
  'session_ended',
  'session_stop',
  'session_stopped',
  'shutdown',
  'stopped',
  'bot_stopped',
  'process_exit',
  'exit',
]);

/** Whether the name of a system event says that the run ends. */
export const isSessionEnd = (event: unknown): boolean =>
  typeof event === 'string' && ENDS.has(event.trim().toLowerCase());
