/** Answers what watches over a process: `/metrics` for Prometheus, `/healthz` and `/readyz` for systemd, Docker or Kubernetes. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LpxError } from '../errors.js';
import type { Metrics } from './metrics.js';

export interface Watched {
  readonly metrics: Metrics;
  /** Brings up to date what is only known when it is asked for. It may fail: then that is left as it was. */
  readonly refresh: () => Promise<void>;
  /** Why no work is taken on for now; undefined when it is. */
  readonly notReady: () => Promise<'draining' | 'database' | undefined>;
}

export interface MetricsServer {
  /** Where it listens: `127.0.0.1:9464`. */
  readonly address: string;
  readonly close: () => Promise<void>;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Where no host is named, nobody else is to ask. */
const LOOPBACK = '127.0.0.1';

/** `127.0.0.1:9464`, `[::1]:9464`, `:9464` and `9464`, which are of this computer alone; undefined for anything else. */
export function listenAddress(text: string): ListenAddress | undefined {
  const [, six, four = '', digits = ''] = /^(?:(?:\[([0-9a-f:.]+)\]|([\w.-]*)):)?(\d{1,5})$/i.exec(text.trim()) ?? [];
  const port = Number(digits);
  return digits === '' || port > 65_535 ? undefined : { host: six ?? (four === '' ? LOOPBACK : four), port };
}

/** Whether only this computer can ask. */
export const isLoopback = ({ host }: ListenAddress): boolean => /^(?:127\.|::1$|localhost$)/i.test(host);

/** @throws LPX_METRICS_ADDRESS when the address is taken, or not one of this computer */
export async function serveMetrics({ host, port }: ListenAddress, watched: Watched): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(request.method ?? '', (request.url ?? '').replace(/\?.*$/, ''), watched)
      .catch(() => ({ status: 500, text: 'error\n', type: PLAIN }))
      .then(({ status, text, type }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? '' : text);
      });
  });
  await listening(server, host, port).catch((cause) => {
    throw new LpxError('LPX_METRICS_ADDRESS', { address: `${host}:${port}`, reason: cause.code ?? 'unknown' }, { cause });
  });
  const { address, port: given, family } = server.address() as AddressInfo;
  return {
    address: family === 'IPv6' ? `[${address}]:${given}` : `${address}:${given}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const listening = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type: string;
}

const PLAIN = 'text/plain; charset=utf-8';
const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8';

async function answer(method: string, path: string, { metrics, refresh, notReady }: Watched): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'method not allowed\n', type: PLAIN };
  if (path === '/healthz') return { status: 200, text: 'ok\n', type: PLAIN };
  if (path === '/readyz') {
    const why = await notReady();
    return why === undefined ? { status: 200, text: 'ok\n', type: PLAIN } : { status: 503, text: `${why}\n`, type: PLAIN };
  }
  if (path !== '/metrics') return { status: 404, text: 'not found\n', type: PLAIN };
  await refresh().catch(() => {});
  return { status: 200, text: metrics.text(), type: EXPOSITION };
}
