import { Option } from 'commander';

/** Where a desk keeps everything unless told otherwise. */
export const DEFAULT_DATA = '.nightdesk';
export const DEFAULT_PORT = 4573;
export const DEFAULT_ENDPOINT = `http://127.0.0.1:${DEFAULT_PORT}`;
/** The one delivery stream of a desk. */
export const DEFAULT_DELIVERY_STREAM = 'nightdesk';

export const dataOption = (): Option => new Option('--data <folder>', 'the data folder').default(DEFAULT_DATA);
export const jsonOption = (): Option => new Option('--json', 'print JSON for programs');
