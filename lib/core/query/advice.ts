import type { Reason } from '../transform/types.ts';

/** What to do about lines in quarantine, by reason. */
export const ADVICE: Readonly<Record<Reason, string>> = {
  invalid_utf8: 'write the log as UTF-8, or convert the file and send it again',
  damaged: 'the gzip file is damaged there: find an intact copy, or look at the line before it is believed',
  invalid_json:
    'look at the raw line in stream quarantine; a line cut in the middle means the writer stopped while writing',
  not_an_object: 'send one JSON object per line; an array of events must be split into lines',
  too_deep: 'flatten the event, or send the deep part as JSON text',
  too_large: 'send less in one event; the limit is that of a Firehose record',
  unknown_shape:
    '`nightdesk init` looks at the logs and writes a map for formats of your own; send them again with --map, then run `nightdesk redrive`',
  unknown_stream: '`nightdesk schema` lists the streams; name one that bots send with --stream, or in the map',
  unknown_version: 'update Nightdesk, or send the version of the stream that `nightdesk schema` shows',
  clock_skew: 'set the clock or the time zone of the bot; what it sends from then on is stored',
  too_old: 'bring history in with `nightdesk import`, then run `nightdesk redrive`',
  deaggregation_limit: 'pack at most 400 lines into a record; `nightdesk redrive` stores the lines of this one',
  map_failed:
    '`nightdesk validate --map` names the line and the field; mend the map, send the file again, then run `nightdesk redrive`',
};
