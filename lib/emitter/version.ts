/**
 * Version of the emitter, as every event carries it in `emitter_version`. Its spelling must not resemble a credential: a
 * name that holds `sk-` would have every line of every bot read twice on its way.
 */
export const EMITTER_VERSION = 'js/0.1.0';
