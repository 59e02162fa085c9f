/** The stack of an error, for `--debug`: where in the sources it happened. */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { maskIds } from '../../masking.js';

/**
 * The stack of an error and of its causes, a line each: a message from outside is one line, whatever stands in it. A place
 * in the bundle is given as one in the sources, by the source map that lies with the bundle and is read only now.
 * @param home the folder of lpx, which paths of sources are relative to
 */
export function stackLines(error: Error, home: string): string[] {
  const toSource = sourcePlaces(home);
  const lines = ({ name, message, stack = '', cause }: Error): string[] => {
    const frames = stack.slice(stack.indexOf(message) + message.length).split('\n');
    const ofCause = cause instanceof Error ? lines(cause) : [];
    return [maskIds(`${name}: ${message}`), ...frames.filter((line) => line.startsWith('    at ')).map(toSource), ...ofCause];
  };
  return lines(error);
}

/** Turns a line of a stack, `    at name (/path/bundle.js:1:2345)`, into one of the sources. */
function sourcePlaces(home: string): (frame: string) => string {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (file: string) => {
    if (!maps.has(file)) maps.set(file, readMap(file));
    return maps.get(file);
  };
  return (frame) =>
    frame.replace(/(file:\/\/[^()]+|(?:\/|[A-Za-z]:\\)[^()]+):(\d+):(\d+)/, (place, path: string, line: string, column: string) => {
      const file = path.startsWith('file:') ? fileURLToPath(path) : path;
      // Lines and columns count from 1 in a stack, from 0 in a map.
      const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
      if (!entry || !('originalSource' in entry)) return place;
      const source = relative(home, resolve(dirname(file), entry.originalSource)).replaceAll('\\', '/');
      return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    });
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
  } catch {
    return undefined;
  }
}
