/**
 * Counts of what has been done, in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). Labels are
 * words of lpx's own: no name, file or national id gets into one.
 */

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

/** What there is; names stay, since dashboards and alerts know them. */
const FAMILIES = {
  lpx_build_info: { type: 'gauge', help: 'The version of lpx that runs.' },
  lpx_jobs_total: { type: 'counter', help: 'Jobs that came to an end, by kind and outcome.' },
  lpx_job_duration_seconds: { type: 'histogram', help: 'How long jobs took, by kind.' },
  lpx_job_wait_seconds: { type: 'histogram', help: 'How long jobs were in the queue before they began, by kind.' },
  lpx_jobs_running: { type: 'gauge', help: 'Jobs that run in this process.' },
  lpx_jobs_returned_total: { type: 'counter', help: 'Jobs of workers that were gone, which this process put back into the queue.' },
  lpx_package_bytes_total: { type: 'counter', help: 'Bytes of the packages that were read or made, by kind of job.' },
  lpx_attachments_total: { type: 'counter', help: 'Attachments in the packages that were read or made, by kind of job.' },
  lpx_queue_jobs: { type: 'gauge', help: 'Jobs in the queue of the school, by kind and state.' },
  lpx_database_up: { type: 'gauge', help: 'Whether the database can be reached.' },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of this process.' },
  process_start_time_seconds: { type: 'gauge', help: 'When this process began, in seconds since 1970.' },
} as const satisfies Record<string, Family>;
type Name = keyof typeof FAMILIES;

/** Upper bounds of the durations, in seconds: from a small package to the largest there may be. */
const BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];

interface Histogram {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Metrics {
  readonly #values = new Map<Name, Map<string, { readonly labels: Labels; value: number }>>();
  readonly #histograms = new Map<Name, Map<string, Histogram>>();

  add(name: Name, labels: Labels = {}, amount = 1): void {
    const values = this.#valuesOf(name);
    const key = labelText(labels);
    const known = values.get(key);
    if (known) known.value += amount;
    else values.set(key, { labels, value: amount });
  }

  set(name: Name, labels: Labels, value: number): void {
    this.#valuesOf(name).set(labelText(labels), { labels, value });
  }

  /** Forgets what a gauge said, before it says all of it again. */
  clear(name: Name): void {
    this.#values.delete(name);
  }

  observe(name: Name, labels: Labels, seconds: number): void {
    const all = this.#histograms.get(name) ?? new Map<string, Histogram>();
    this.#histograms.set(name, all);
    const key = labelText(labels);
    const histogram = all.get(key) ?? { labels, counts: BOUNDS.map(() => 0), sum: 0, count: 0 };
    all.set(key, histogram);
    histogram.sum += seconds;
    histogram.count++;
    BOUNDS.forEach((bound, i) => {
      if (seconds <= bound) histogram.counts[i] = (histogram.counts[i] ?? 0) + 1;
    });
  }

  /** All of it, as a scrape is answered. */
  text(): string {
    const lines: string[] = [];
    for (const name of Object.keys(FAMILIES) as Name[]) {
      const samples = [...this.#samples(name)];
      if (samples.length > 0) lines.push(`# HELP ${name} ${FAMILIES[name].help}`, `# TYPE ${name} ${FAMILIES[name].type}`, ...samples);
    }
    return `${lines.join('\n')}\n`;
  }

  *#samples(name: Name): Generator<string> {
    for (const { labels, value } of this.#values.get(name)?.values() ?? []) yield `${name}${labelText(labels)} ${value}`;
    for (const { labels, counts, sum, count } of this.#histograms.get(name)?.values() ?? []) {
      for (const [i, bound] of BOUNDS.entries()) yield `${name}_bucket${labelText({ ...labels, le: String(bound) })} ${counts[i]}`;
      yield `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`;
      yield `${name}_sum${labelText(labels)} ${sum}`;
      yield `${name}_count${labelText(labels)} ${count}`;
    }
  }

  #valuesOf(name: Name) {
    const values = this.#values.get(name) ?? new Map<string, { readonly labels: Labels; value: number }>();
    this.#values.set(name, values);
    return values;
  }
}

function labelText(labels: Labels): string {
  const escaped = (value: string) => value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
