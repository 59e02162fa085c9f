import { describe, expect, it, onTestFinished } from 'vitest';
import { Metrics } from '#lpx/batch/metrics.js';
import { isLoopback, listenAddress, serveMetrics, type Watched } from '#lpx/batch/metrics-server.js';

/** A line of a sample, as the format says: a name, labels, a number. */
const SAMPLE =
  /^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)|\+Inf)$/i;

/** Reads an exposition as promtool does. @returns samples by name and labels */
function parsed(text: string): Map<string, number> {
  expect(text.endsWith('\n')).toBe(true);
  const samples = new Map<string, number>();
  const declared = new Map<string, string>();
  for (const line of text.trimEnd().split('\n')) {
    const [, declaredName = '', type = ''] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (declaredName) {
      expect(declared.has(declaredName)).toBe(false);
      declared.set(declaredName, type);
    } else if (!/^# HELP \S+ \S/.test(line)) {
      const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      const family =
        declared.get(name) ?? (declared.get(name.replace(/_(?:bucket|sum|count)$/, '')) === 'histogram' ? 'histogram' : undefined);
      expect([line, family]).toEqual([line, expect.any(String)]);
      expect([line, samples.has(`${name}{${labels}}`)]).toEqual([line, false]);
      if (family === 'counter') expect([line, /_total$/.test(name)]).toEqual([line, true]);
      samples.set(`${name}{${labels}}`, Number(value));
    }
  }
  return samples;
}

function filled(): Metrics {
  const metrics = new Metrics();
  metrics.add('lpx_jobs_total', { kind: 'import', outcome: 'imported' });
  metrics.add('lpx_jobs_total', { kind: 'import', outcome: 'imported' }, 2);
  metrics.add('lpx_jobs_total', { kind: 'import', outcome: 'refused' });
  for (const seconds of [0.05, 0.2, 45, 7200]) metrics.observe('lpx_job_duration_seconds', { kind: 'import' }, seconds);
  metrics.set('lpx_build_info', { version: 'a"b\\c\nd' }, 1);
  return metrics;
}

describe('metrics', () => {
  it('are what Prometheus reads: each family declared once, buckets that only grow, values escaped', () => {
    const samples = parsed(filled().text());
    expect(samples.get('lpx_jobs_total{kind="import",outcome="imported"}')).toBe(3);
    expect(samples.get('lpx_build_info{version="a\\"b\\\\c\\nd"}')).toBe(1);
    const buckets = [...samples].filter(([name]) => name.startsWith('lpx_job_duration_seconds_bucket'));
    const counts = buckets.map(([, count]) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect([counts[0], counts.at(-2), counts.at(-1)]).toEqual([1, 3, 4]);
    expect(samples.get('lpx_job_duration_seconds_count{kind="import"}')).toBe(4);
  });

  it.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }, true],
    ['9464', { host: '127.0.0.1', port: 9464 }, true],
    [':9464', { host: '127.0.0.1', port: 9464 }, true],
    ['[::1]:9464', { host: '::1', port: 9464 }, true],
    ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }, false],
    ['worker-1.example:80', { host: 'worker-1.example', port: 80 }, false],
  ])('are served at %s', (text, address, isOwn) => {
    expect(listenAddress(text)).toEqual(address);
    expect(isLoopback(address)).toBe(isOwn);
  });

  it.each(['', 'localhost', '127.0.0.1:', '127.0.0.1:70000', 'http://127.0.0.1:9464'])('are not served at %j', (text) => {
    expect(listenAddress(text)).toBeUndefined();
  });

  it('say when a process takes no work, and go on when the database cannot be asked', async () => {
    let why: 'draining' | 'database' | undefined;
    const watched: Watched = { metrics: filled(), refresh: () => Promise.reject(new Error('away')), notReady: async () => why };
    const server = await serveMetrics({ host: '127.0.0.1', port: 0 }, watched);
    onTestFinished(() => server.close());
    const ask = async (path: string, method = 'GET') => {
      const answer = await fetch(`http://${server.address}${path}`, { method });
      return [answer.status, await answer.text()];
    };
    expect(await ask('/readyz')).toEqual([200, 'ok\n']);
    for (why of ['draining', 'database'] as const) expect(await ask('/readyz')).toEqual([503, `${why}\n`]);
    expect(await ask('/healthz')).toEqual([200, 'ok\n']);
    expect(await ask('/metrics?x=1')).toEqual([200, filled().text()]);
    expect([await ask('/other'), await ask('/metrics', 'POST')]).toEqual([
      [404, 'not found\n'],
      [405, 'method not allowed\n'],
    ]);
    const [host = '', port = ''] = server.address.split(':');
    await expect(serveMetrics({ host, port: Number(port) }, watched)).rejects.toMatchObject({
      code: 'LPX_METRICS_ADDRESS',
      facts: { reason: 'EADDRINUSE' },
    });
  });
});
