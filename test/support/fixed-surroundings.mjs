/** For `node --import`: a clock that stands still, and one user, so that what lpx prints is the same everywhere. */
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const NOW = Date.parse('2021-02-01T09:00:00+08:00');

globalThis.Date = class extends Date {
  constructor(...parts) {
    super(...(parts.length === 0 ? [NOW] : parts));
  }
  static now() {
    return NOW;
  }
};

os.userInfo = () => ({ username: 'clerk' });
syncBuiltinESMExports();
