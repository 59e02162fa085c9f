/** Writes the manual pages, from the text of the help: the last step of the build, since it runs the finished command. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

for (const [language, folder] of Object.entries({ en: 'man1', 'zh-TW': 'zh_TW/man1' })) {
  mkdirSync(at(`dist/man/${folder}`), { recursive: true });
  const page = execFileSync(process.execPath, [at('bin/lpx.js'), '--lang', language, 'help', '--man']);
  writeFileSync(at(`dist/man/${folder}/lpx.1`), page);
}
