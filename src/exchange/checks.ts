/** The checks of a verification, and what each of them came to. */
import { EXIT, type Finding, LpxError } from '../errors.js';

export const CHECKS = ['signature', 'directory', 'password', 'structure', 'schema', 'rules', 'attachments'] as const;
export type CheckName = (typeof CHECKS)[number];
export type CheckStatus = 'passed' | 'failed' | 'skipped';

export interface CheckResult {
  readonly name: CheckName;
  readonly status: CheckStatus;
}

/** Ends a verification: the package is at fault, and the findings say how. */
export class Refused extends Error {}

/** The exit codes that speak of the package; any other error is not the package's. */
const PACKAGE_FAULTS: ReadonlySet<number> = new Set([EXIT.signature, EXIT.password, EXIT.damaged, EXIT.invalidData]);

export class CheckList {
  readonly #strict: boolean;
  readonly findings: Finding[] = [];
  readonly #status = new Map<CheckName, CheckStatus>();

  /** @param strict take what had to be repaired for an error */
  constructor(strict: boolean) {
    this.#strict = strict;
  }

  get failed(): boolean {
    return [...this.#status.values()].includes('failed');
  }

  statusOf(name: CheckName): CheckStatus {
    return this.#status.get(name) ?? 'skipped';
  }

  /** Runs one check. @throws Refused when it fails, and as it is what is no fault of the package */
  async run<T>(name: CheckName, check: () => Promise<{ readonly value: T; readonly findings?: readonly Finding[] }>): Promise<T> {
    try {
      const { value, findings: found = [] } = await check();
      const findings = this.#strict ? found.map(strictly) : found;
      this.findings.push(...findings);
      const failed = findings.some((finding) => finding.severity === 'error');
      this.#status.set(name, failed ? 'failed' : 'passed');
      if (failed) throw new Refused();
      return value;
    } catch (error) {
      if (!(error instanceof LpxError) || !PACKAGE_FAULTS.has(error.exitCode)) throw error;
      this.findings.push(faultFinding(error));
      this.#status.set(name, 'failed');
      throw new Refused();
    }
  }
}

/** The finding that an error about a package amounts to: its place is the entry, or else the file. */
export const faultFinding = ({ code, facts: { entry: _, file: __, ...facts }, place }: LpxError): Finding => ({
  code,
  severity: 'error',
  place,
  facts,
});

const strictly = (finding: Finding): Finding => (finding.code === 'LPX_REPAIRED' ? { ...finding, severity: 'error' } : finding);
