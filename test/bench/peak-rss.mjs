/**
 * Preloaded into a measured process: leaves its peak memory, in KiB, where the benchmark looks for it. What Linux says of
 * the process's own memory: `maxRSS` counts the memory of the process that started it too.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const peak = () => {
  try {
    return /^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
};

process.on('exit', () => writeFileSync(process.env.LPX_BENCH_RSS, peak() ?? String(process.resourceUsage().maxRSS)));
