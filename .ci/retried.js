/** A reporter for vitest: appends each test that passed only at a second try to the file `LPX_RETRIED`, with what went wrong at the first. */
import { appendFileSync } from 'node:fs';
import process from 'node:process';

export default class Retried {
  onTestCaseResult(test) {
    if (!test.diagnostic()?.flaky) return;
    const lines = [
      `${test.module.relativeModuleId} > ${test.fullName}`,
      ...(test.result().errors ?? []).map(({ stack, message }) => stack ?? message),
    ];
    appendFileSync(process.env.LPX_RETRIED, `${process.version} ${lines.join('\n')}\n`);
  }
}
