/** Findings and errors, for people and as the output schemas have them. */
import type { ChalkInstance } from 'chalk';
import { EXIT_CODE_OF, type Facts, type Finding, type LpxError, maskIds } from '../../errors.js';
import { cutFact, type Messages, sentenceOf } from '../../messages/messages.js';
import type { Failure, Finding as FindingOutput } from '../generated/outputs.js';

/** What a person may see of a finding: ids masked, whatever a file or a link is called. */
function seen({ where, facts }: { readonly where: string; readonly facts: Facts }): { where: string; facts: Facts } {
  const masked = Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? maskIds(value) : value]),
  );
  // Masked first: half an id would not be known for one.
  const place = cutFact(maskIds(where));
  return { where: place, facts: { ...masked, where: place } };
}

export function findingOutput(messages: Messages, finding: Finding): FindingOutput {
  const { where, facts } = seen(finding);
  const { what, next } = sentenceOf(messages, finding.code, facts);
  return { code: finding.code, severity: finding.severity, where, message: what, hint: next };
}

export type CommandName = keyof Messages['consequence'];

/** What happened, what it means for the data, what to do next. */
export function failureOutput(messages: Messages, command: CommandName, error: LpxError): Failure {
  const { facts } = seen({ where: String(error.facts.where ?? error.facts.entry ?? error.facts.file ?? ''), facts: error.facts });
  const { what, means = messages.consequence[command], next } = sentenceOf(messages, error.code, facts);
  return { code: error.code, exitCode: EXIT_CODE_OF[error.code], message: what, consequence: means, hint: next };
}

const LINES = { error: 20, warning: 10, note: 5 } as const;
const MARK = { error: '✘', warning: '!', note: '·' } as const;

/** Findings as lines, worst first; the same advice is given once. Long lists are cut, and say so. */
export function findingLines(messages: Messages, paint: ChalkInstance, findings: readonly Finding[]): string[] {
  const colour = { error: paint.red, warning: paint.yellow, note: paint.dim };
  const lines = (['error', 'warning', 'note'] as const).flatMap((severity) => {
    const of = findings.filter((finding) => finding.severity === severity).map((finding) => findingOutput(messages, finding));
    const shown = of
      .slice(0, LINES[severity])
      .flatMap((finding, i, all) => [
        `${colour[severity](`${MARK[severity]} ${messages.severity[severity]}`)}  ${finding.where ? `${finding.where}: ` : ''}${finding.message}  ${paint.dim(finding.code)}`,
        ...(all[i + 1]?.hint === finding.hint ? [] : [`    → ${finding.hint}`]),
      ]);
    const rest = of.length - LINES[severity];
    return rest > 0 ? [...shown, paint.dim(`  ${messages.labels.more.replace('{count}', String(rest))}`)] : shown;
  });
  const counted = findings.some((finding) => /\[\d+\]/.test(finding.where));
  return counted ? [...lines, paint.dim(`  ${messages.labels.brackets}`)] : lines;
}

/** An error as lines for stderr. */
export function errorLines(messages: Messages, paint: ChalkInstance, command: CommandName, error: LpxError): string[] {
  const failure = failureOutput(messages, command, error);
  return [`${paint.red('✘')} ${failure.message}  ${paint.dim(failure.code)}`, `  ${failure.consequence}`, `  → ${failure.hint}`];
}
