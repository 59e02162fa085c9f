import { describe, expect, it } from 'vitest';
import type { Finding } from '#lpx/errors.js';
import { BoundedFindings } from '#lpx/spec/findings.js';

const finding = (student: number, property = 'p', severity: Finding['severity'] = 'error'): Finding => ({
  code: 'LPX_SCHEMA',
  severity,
  place: { student: `A${student}`, property },
  facts: { value: '', expected: 'string', detail: '' },
});
const total = (findings: readonly Finding[]) => findings.reduce((sum, { more = 0 }) => sum + 1 + more, 0);
const bounded = (findings: Iterable<Finding>) => new BoundedFindings().add(findings).list();

describe('findings of many', () => {
  it('are a few examples of each kind, and the number of the others', () => {
    const found = bounded([...Array(1000).fill(finding(1)), ...Array(50).fill(finding(1, 'q', 'warning')), finding(1, 'r')]);
    expect(found).toHaveLength(41);
    expect(total(found)).toBe(1051);
    expect(found[19]).toMatchObject({ place: { property: 'p' }, more: 980 });
    expect(found[39]).toMatchObject({ place: { property: 'q' }, more: 30 });
    expect(found[40]).not.toHaveProperty('more');
  });

  it('keep an error of each student, and one of the worst severity, however late it comes', () => {
    const students = bounded(Array.from({ length: 10_000 }, (_, i) => finding(i % 500)));
    expect(new Set(students.map(({ place }) => place.student)).size).toBe(500);
    const late = bounded([...Array(1000).fill(finding(1, 'p', 'warning')), finding(1)]);
    expect(late.filter(({ severity }) => severity === 'error')).toHaveLength(1);
  });

  it('bounded again are as many', () => {
    expect(total(bounded(bounded([...Array(100).fill(finding(1)), ...Array(100).fill(finding(2))])))).toBe(200);
  });

  it('of countless properties are finally distinguished by code alone', () => {
    const found = bounded(Array.from({ length: 50_000 }, (_, i) => finding(1, `p${i}`, 'warning')));
    expect(found.length).toBeLessThan(1100);
    expect(total(found)).toBe(50_000);
  });
});
