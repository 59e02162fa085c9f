/** Other people's tools. CI has them all (`LPX_TOOLS=required`); elsewhere a missing one skips its tests. */
import { execaSync } from 'execa';
import { describe } from 'vitest';

/** Debian's, as a path: Playwright does not look for one. */
export const CHROMIUM = '/usr/bin/chromium';

const PROBES = {
  '7zz': ['7zz', 'i'],
  unzip: ['unzip', '-v'],
  zip: ['zip', '-v'],
  bsdtar: ['bsdtar', '--version'],
  python3: ['python3', '--version'],
  php: ['php', '-r', 'exit(class_exists("ZipArchive") ? 0 : 1);'],
  zip4j: ['javap', '-cp', '/usr/share/java/zip4j.jar', 'net.lingala.zip4j.ZipFile'],
  sharpzip: ['sh', '-c', 'command -v mono && mcs --version && test -e /usr/lib/mono/4.5/ICSharpCode.SharpZipLib.dll'],
  ziptool: ['ziptool', '-h'],
  unar: ['unar', '--version'],
  age: ['age', '--version'],
  openssl: ['openssl', 'version'],
  'systemd-analyze': ['systemd-analyze', '--version'],
  groff: ['groff', '--version'],
  soffice: ['soffice', '--version'],
  chromium: [CHROMIUM, '--version'],
  swift: ['sh', '-c', 'for part in account container object proxy; do command -v swift-$part-server || exit 1; done'],
  // Debian's Python, which has Debian's openpyxl.
  openpyxl: ['/usr/bin/python3', '-c', 'import openpyxl'],
} as const;
export type Tool = keyof typeof PROBES;

/** A group of tests that needs tools. Where they are required, a missing one fails in it. */
export function describeWith(tools: readonly Tool[], name: string, tests: () => void): void {
  const missing = tools.filter((tool) => execaSync(PROBES[tool][0], PROBES[tool].slice(1), { reject: false }).failed);
  describe.skipIf(missing.length > 0 && process.env.LPX_TOOLS !== 'required')(name, tests);
}
