/** Ports for servers of tests. */
import { createServer } from 'node:net';

/**
 * A port that nobody has. It is none of those that systems give to the near ends of connections (from 32768 on Linux, from 49152
 * elsewhere): any process could get one of them before the server begins, or while it is stopped.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const probe = createServer()
      .on('error', () => resolve(freePort()))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}
