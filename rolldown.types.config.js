/** The types of the library in one file: of all sources, what `src/index.ts` exports and what that needs. */
import { dts } from 'rolldown-plugin-dts';

export default {
  input: { index: 'src/index.ts' },
  platform: 'node',
  plugins: [dts({ emitDtsOnly: true, compilerOptions: { incremental: false, tsBuildInfoFile: null, stripInternal: true } })],
  output: { dir: 'dist/lib', format: 'esm' },
};
