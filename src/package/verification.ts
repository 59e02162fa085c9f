/** A verification under way: what each step came to, and the report they add up to. */
import { EXIT, errorOf, type Finding, LpxError } from '../errors.js';
import { BoundedFindings } from '../spec/findings.js';

export const CHECKS = ['signature', 'directory', 'password', 'structure', 'schema', 'rules', 'attachments'] as const;
export type CheckName = (typeof CHECKS)[number];
export type CheckStatus = 'passed' | 'failed' | 'skipped';

export interface CheckResult {
  readonly name: CheckName;
  readonly status: CheckStatus;
}

/** The result of a step: a value for the next ones, and findings. */
export interface StepResult<T> {
  readonly value: T;
  readonly findings?: readonly Finding[];
}

interface Step {
  readonly status: CheckStatus;
  readonly findings: readonly Finding[];
  readonly value?: unknown;
}

/** The exit codes that blame the package. Other errors are about the machine, or the command. */
const PACKAGE_FAULTS: ReadonlySet<number> = new Set([EXIT.signature, EXIT.password, EXIT.damaged, EXIT.invalidData]);

/**
 * Steps may run in any order, or two at a time. The report has them in the order of `CHECKS`, and ends with the first
 * that failed: findings of a step after a failed one are not reported.
 * @typeParam V what each step hands on
 */
export class Verification<V extends Record<CheckName, unknown>> {
  readonly #strict: boolean;
  readonly #steps = new Map<CheckName, Step>();
  readonly #verdicts = new Set<unknown>();

  /** @param strict count a repair as an error */
  constructor(strict: boolean) {
    this.#strict = strict;
  }

  /** Runs one step. @throws what `work` throws; the first error among its findings */
  async step<N extends CheckName>(name: N, work: () => Promise<StepResult<V[N]>>): Promise<V[N]> {
    const { value, findings = [] } = await work().catch((error) => {
      if (error instanceof LpxError && PACKAGE_FAULTS.has(error.exitCode)) this.#fail(name, [faultFinding(error)], error);
      throw error;
    });
    const judged = new BoundedFindings().add(this.#strict ? findings.map(strictly) : findings).list();
    const error = errorOf(judged);
    if (error) {
      this.#fail(name, judged, error);
      throw error;
    }
    this.#steps.set(name, { status: 'passed', findings: judged, value });
    return value;
  }

  #fail(name: CheckName, findings: readonly Finding[], error: LpxError): void {
    this.#steps.set(name, { status: 'failed', findings });
    this.#verdicts.add(error);
  }

  /** Skips a step, with findings about that. */
  skip(name: CheckName, findings: readonly Finding[]): void {
    this.#steps.set(name, { status: 'skipped', findings });
  }

  /** Whether an error is a step's verdict on the package, and so in the report. */
  isVerdict(error: unknown): boolean {
    return this.#verdicts.has(error);
  }

  /** The value of a step; undefined unless the report says that it passed. */
  valueOf<N extends CheckName>(name: N): V[N] | undefined {
    return this.#reported().get(name)?.value as V[N] | undefined;
  }

  get checks(): readonly CheckResult[] {
    const reported = this.#reported();
    return CHECKS.map((name) => ({ name, status: reported.get(name)?.status ?? 'skipped' }));
  }

  get findings(): readonly Finding[] {
    return [...this.#reported().values()].flatMap(({ findings }) => findings);
  }

  #reported(): ReadonlyMap<CheckName, Step> {
    const reported = new Map<CheckName, Step>();
    for (const name of CHECKS) {
      const step = this.#steps.get(name);
      if (step) reported.set(name, step);
      if (step?.status === 'failed') break;
    }
    return reported;
  }
}

/** The finding that an error about a package amounts to. */
const faultFinding = ({ code, facts, place }: LpxError): Finding => ({ code, severity: 'error', place, facts }) as Finding;

const strictly = (finding: Finding): Finding => (finding.code === 'LPX_REPAIRED' ? { ...finding, severity: 'error' } : finding);
