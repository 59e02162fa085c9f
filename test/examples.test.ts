import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildProgram } from '#lpx/cli/program.js';
import { postgresLocation } from '#lpx/store/location.js';
import { tempFolder } from './support/temp.js';
import { describeWith } from './support/tools.js';

const CENTRAL = fileURLToPath(new URL('../examples/central', import.meta.url));
const textOf = (name: string) => readFileSync(join(CENTRAL, name), 'utf8');

/** The options of `lpx worker`. */
const OPTIONS = new Set(
  buildProgram('en', '', async () => {})
    .commands.find((command) => command.name() === 'worker')
    ?.options.map(({ long }) => long),
);
const unknownOptions = (words: readonly string[]) => words.filter((word) => word.startsWith('--') && !OPTIONS.has(word));

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly depends_on?: object;
}

describe('the compose file of a central cloud', () => {
  const file: { services: Record<string, Service>; volumes: object; secrets: object } = parse(textOf('compose.yaml'), { merge: true });
  const services = Object.entries(file.services);

  it('has what its services name: volumes, secrets and each other', () => {
    for (const [name, { image, volumes = [], secrets = [], depends_on = {} }] of services) {
      expect([name, typeof image]).toEqual([name, 'string']);
      expect(volumes.map((volume) => volume.split(':')[0]).filter((volume) => !Object.hasOwn(file.volumes, volume as string))).toEqual([]);
      expect(secrets.filter((secret) => !Object.hasOwn(file.secrets, secret))).toEqual([]);
      expect(Object.keys(depends_on).filter((other) => !Object.hasOwn(file.services, other))).toEqual([]);
    }
  });

  it('starts workers with options that there are, each on the store of its own school, without a password', () => {
    const workers = services.filter(([name]) => name.startsWith('worker-'));
    expect(workers.length).toBeGreaterThan(1);
    for (const [name, { command = [], environment = {} }] of workers) {
      expect([command[0], unknownOptions(command)]).toEqual(['worker', []]);
      expect(name).toBe(`worker-${postgresLocation(environment.LPX_STORE as string).school}`);
    }
  });
});

const UNIT = 'lpx-worker@.service';

describe('the unit of a worker', () => {
  it('starts it with options that there are', () => {
    const [, words = ''] = /^ExecStart=\/usr\/bin\/env lpx (.+)$/m.exec(textOf(UNIT)) ?? [];
    expect([words.split(' ')[0], unknownOptions(words.split(' '))]).toEqual(['worker', []]);
  });
});

describeWith(['systemd-analyze'], 'systemd', () => {
  it('finds nothing wrong with the unit', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'lpx-worker@190406.service'), textOf(UNIT));
    const { exitCode, all } = execaSync('systemd-analyze', ['verify', join(folder, 'lpx-worker@190406.service')], {
      all: true,
      reject: false,
    });
    expect([exitCode, all]).toEqual([0, '']);
  });
});
