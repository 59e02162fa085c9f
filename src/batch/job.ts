/** Jobs of the queue, as they are submitted, taken, listed and settled. */
import type { Facts } from '../errors.js';

export const JOB_KINDS = ['import', 'verify', 'export'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** Of a job as it is listed: `other` is none that this version of lpx put into the queue. */
export type ListedKind = JobKind | 'other';

/** What a job is, as the database keeps it: no password is in it, unless it is encrypted to the workers. */
export interface JobData {
  readonly kind: JobKind;
  /** What all jobs have in common that were submitted together. */
  readonly batch: string;
  /** The run of the command that submitted it, for logs and the history. */
  readonly request: string;
  /** What it is about, for people; without a whole national id. */
  readonly about: string;
  /** See `queued-jobs.ts`. */
  readonly payload: object;
}

export interface NewJob extends JobData {
  /** A UUID: the same for what is the same job. */
  readonly id: string;
}

/** A job that this process has taken and is to run. */
export interface TakenJob extends Omit<NewJob, 'kind'> {
  readonly kind: ListedKind;
  /** How often it was begun before. */
  readonly retries: number;
  /** How long it was in the queue, in ms. */
  readonly waitedMs: number;
}

/** How a job ended. */
export interface JobOutput {
  /** `imported`, `refused`, `done`…: one of the words that results have. */
  readonly outcome: string;
  /** Of the error, if any. */
  readonly code?: string | undefined;
  /** Of an error that kept the job from being run: what its sentence is filled with, without whole ids. */
  readonly facts?: Facts | undefined;
  /** What the submitter is to know, as `encoded` made it. It is forgotten once it has been read. */
  readonly result?: string | undefined;
}

export const JOB_STATES = ['queued', 'retry', 'running', 'done', 'dead', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface ListedJob extends Omit<NewJob, 'kind' | 'payload' | 'request'> {
  readonly kind: ListedKind;
  readonly state: JobState;
  readonly retries: number;
  readonly submittedAt: Date;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly outcome: string;
  readonly code: string;
  /** With the code. */
  readonly facts: Facts;
  /** Of one that is to be tried again: when, at the earliest. */
  readonly nextTryAt: Date | undefined;
}

/** A job that has come to its end; `gone` when somebody dropped it. */
export interface SettledJob {
  readonly id: string;
  readonly state: 'done' | 'dead' | 'gone';
  readonly output: JobOutput;
}

export interface QueueCount {
  readonly kind: ListedKind;
  readonly state: JobState;
  readonly count: number;
}
