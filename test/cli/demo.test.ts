import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tryIt } from '#lpx/cli/commands/demo.js';

describe('what the demonstration says to try', () => {
  it('is called as it was: from a clone by its file, installed by its name', () => {
    const clone = { cwd: '/x/clone', home: '/x/clone' };
    expect(tryIt({ ...clone, script: '/x/clone/bin/lpx.js' })[0]).toBe(`node ${join('bin', 'lpx.js')} init --school 990001`);
    expect(tryIt({ ...clone, script: '/usr/local/bin/lpx' })[0]).toBe('lpx init --school 990001');
    expect(tryIt({ ...clone, script: '/x/node_modules/lpx/bin/lpx.js' })[0]).toBe('lpx init --school 990001');
    expect(tryIt(clone)[0]).toBe('lpx init --school 990001');
  });

  it('names the samples where they are, quoted where a shell needs it', () => {
    expect(tryIt({ cwd: '/x', home: '/x/clone' })[1]).toBe(`lpx load ${join('clone', 'samples', 'transfer')}`);
    expect(tryIt({ cwd: '/other', home: '/x/my clone' })[1]).toBe(`lpx load "${join('/x/my clone', 'samples', 'transfer')}"`);
  });

  it('names no samples where none lie on the disk', () => {
    expect(tryIt({ cwd: '/x', home: undefined })).toEqual(['lpx init --school 990001']);
  });
});
