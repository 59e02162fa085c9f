/** Draws what the benchmark measured: a bar for each job, as long as lpx took, next to what 7-Zip and md5sum took. */

const WIDTH = 720;
const LEFT = 220;
const RIGHT = 70;
const ROW = 34;
const TOP = 54;
const BAR = 16;

/** @returns an SVG that reads on a light and on a dark page */
export function barChart(machine, results) {
  const longest = Math.max(1, ...results.map((one) => one.ratio));
  const x = (ratio) => LEFT + ((WIDTH - LEFT - RIGHT) * ratio) / longest;
  const height = TOP + ROW * results.length + 24;
  const rows = results.map(({ label, ratio }, i) => {
    const y = TOP + ROW * i;
    return `  <text x="${LEFT - 10}" y="${y + BAR - 3}" text-anchor="end">${label}</text>
  <rect x="${LEFT}" y="${y}" width="${(x(ratio) - LEFT).toFixed(1)}" height="${BAR}" rx="3" fill="${ratio <= 1 ? '#2a9d6f' : '#4a7fb5'}"/>
  <text x="${(x(ratio) + 8).toFixed(1)}" y="${y + BAR - 3}">${ratio.toFixed(2)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">
  <title>lpx: time as a multiple of 7-Zip and other tools</title>
  <rect width="${WIDTH}" height="${height}" rx="8" fill="#f6f8fa"/>
  <text x="20" y="24" font-weight="bold">lpx: time as a multiple of 7-Zip and md5sum, or of all tools for the same work (134 MB, 60 files)</text>
  <text x="20" y="42" font-size="11" fill="#57606a">${machine.cores} cores, Node ${machine.node}, ${machine.sevenZip}; medians of ${machine.runs} alternating runs; shorter is better</text>
${rows.join('\n')}
  <line x1="${x(1).toFixed(1)}" y1="${TOP - 6}" x2="${x(1).toFixed(1)}" y2="${height - 22}" stroke="#57606a" stroke-dasharray="4 3"/>
  <text x="${x(1).toFixed(1)}" y="${height - 8}" text-anchor="middle" font-size="11" fill="#57606a">the tools = 1</text>
</svg>
`;
}
