import { dirname, resolve } from 'node:path';
import { type RegisterRequest, writeRegisters } from '../../exchange/register.js';
import { withStore } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import { nationalIdsFrom, schoolYearFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { findingOutput } from '../render/findings.js';
import { columns } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface RegisterOptions extends Pick<RegisterRequest, 'batch' | 'format'> {
  readonly year: string;
  readonly evening?: boolean;
  readonly includeLeft?: boolean;
  readonly withFiles?: boolean;
  readonly out: string;
  readonly overwrite?: boolean;
}

/** `lpx register`: writes the registers of the picks of a school year. */
export async function register(context: Context, nationalIds: readonly string[], options: RegisterOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const result = await withStore(storeFolder(context), (store) =>
    writeRegisters(store, {
      academicYear: schoolYearFrom(context, options.year),
      nationalIds: nationalIdsFrom(context, nationalIds),
      batch: options.batch,
      evening: options.evening === true,
      includeLeft: options.includeLeft === true,
      format: options.format,
      withFiles: options.withFiles === true,
      outFolder: resolve(context.cwd, options.out),
      existing: options.overwrite ? 'replace' : 'keep',
      now: context.now(),
      operator: context.operator(),
    }),
  );
  const { academicYear, students, registers, findings } = result;
  const rows = registers.flatMap(({ number, name, items, files, attached }) => [
    ...files.map((file, i) =>
      i === 0 ? [fill(messages.register.row, { number, name }), items, messages.register.items, file] : ['', '', '', file],
    ),
    ...(attached[0] === undefined ? [] : [['', attached.length, messages.register.files, dirname(dirname(attached[0]))]]),
  ]);
  return {
    json: { academicYear, students, registers, findings: findings.map((finding) => findingOutput(messages, finding)) },
    text: [`${paint.green('✔')} ${fill(messages.register.done, { year: academicYear, students })}`, ...columns(rows, '  ')],
    findings,
  };
}
