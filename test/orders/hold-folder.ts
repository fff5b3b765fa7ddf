/** A process of its own that locks the folder it is given, says so, and holds it until it is killed. */
import { lockFolder } from '../../src/orders/store/folder-lock.ts';

const folder = process.argv[2] ?? '';
await lockFolder(folder);
process.stdout.write('locked\n');
setInterval(() => {}, 60_000);
