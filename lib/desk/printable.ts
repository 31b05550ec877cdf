/** Text for a terminal: control characters of a foreign log or file name must not move its cursor or turn its writing. */
export const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '·');

/** The same, line ends kept. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');
