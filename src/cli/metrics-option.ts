/** `--metrics`: what a process that runs for long lets others see of it. */
import type { Metrics } from '../batch/metrics.js';
import { isLoopback, listenAddress, type MetricsServer, serveMetrics } from '../batch/metrics-server.js';
import { LpxError } from '../errors.js';
import { fill } from '../messages/messages.js';
import type { Context } from './context.js';
import type { Log } from './log.js';

export interface Measured {
  readonly metrics: Metrics;
  readonly refresh: () => Promise<void>;
  readonly notReady: () => Promise<'draining' | 'database' | undefined>;
}

/**
 * Listens where the option says, if it is given. Whoever types the address of more than this computer wants it: a warning says what that means.
 * @throws LPX_USAGE for what is no address, LPX_METRICS_ADDRESS
 */
export async function openMetrics(
  context: Context,
  option: string | undefined,
  log: Log,
  measured: Measured,
): Promise<MetricsServer | undefined> {
  if (option === undefined) return undefined;
  const { usage, worker: words } = context.messages;
  const address = listenAddress(option);
  if (address === undefined) throw new LpxError('LPX_USAGE', { problem: fill(usage.metricsAddress, { value: option }) });
  const { metrics } = measured;
  metrics.set('lpx_build_info', { version: context.version }, 1);
  metrics.set('process_start_time_seconds', {}, Math.round(Date.now() / 1000 - process.uptime()));
  const refresh = async () => {
    metrics.set('process_resident_memory_bytes', {}, process.memoryUsage.rss());
    await measured.refresh();
  };
  const server = await serveMetrics(address, { metrics, refresh, notReady: () => measured.notReady() });
  log('info', 'metrics', { address: server.address }, [fill(words.metrics, { address: server.address })]);
  if (!isLoopback(address)) log('warn', 'metrics-open', { address: server.address }, [words.metricsOpen]);
  return server;
}
