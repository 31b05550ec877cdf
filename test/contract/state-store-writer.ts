// A writer in a process of its own: adds one to a counter so many times.
import { createFolderStateStore } from '../../lib/adapters/local/state-store.ts';

const [, , folder = '', times = '0'] = process.argv;
const store = createFolderStateStore(folder);
for (let n = 0; n < Number(times); n++) {
  for (;;) {
    const found = await store.get('state/counter');
    const next = Number(found === undefined ? '0' : Buffer.from(found.body).toString()) + 1;
    if ((await store.put('state/counter', Buffer.from(String(next)), found?.version)) !== undefined) break;
  }
}
