/** Preloaded into a measured process: leaves its peak memory, in KiB, where the benchmark looks for it. */
import { writeFileSync } from 'node:fs';

process.on('exit', () => writeFileSync(process.env.LPX_BENCH_RSS, String(process.resourceUsage().maxRSS)));
