/** Runs the script that writes `vectors/`, as tests run: on the sources. */
import { mergeConfig } from 'vitest/config';
import tests from '../../vitest.config.js';

const config = mergeConfig(tests, {});
config.test.projects = undefined;
config.test.include = ['test/vectors/write.ts'];
export default config;
