/** The commands and options of lpx. Each command's own code is loaded only when it runs. */
import { resolve } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { type CommandName, LANGUAGES, type Language, type Messages, messagesIn } from '../messages/messages.js';
import { REGISTER_BATCHES } from '../spec/registers.js';
import { EXCHANGE_REASONS, LEFT_AS, STATUS_CHANGES } from '../spec/status-changes.js';
import { readChoice } from './choices.js';
import { allCommands } from './command-tree.js';
import { commandNames, missingArgument, missingValue, refusedValue, unknownCommand } from './complaints.js';
import type { Context, Outcome } from './context.js';
import { refuseOutputs } from './output-places.js';
import { helpLines, helpPage } from './render/help.js';

/** Global options, as commander hands them over. */
export interface GlobalOptions {
  readonly store?: string;
  readonly json?: boolean;
  readonly jsonLines?: boolean;
  readonly lang?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly color?: boolean;
  readonly yes?: boolean;
}

/** Runs a command once its words are read: makes the context, prints the outcome. */
export type Run = (command: CommandName, options: GlobalOptions, work: (context: Context) => Promise<Outcome>) => Promise<void>;

/** @param width the columns that help takes */
export function buildProgram(language: Language, version: string, run: Run, width = 80): Command {
  const messages = messagesIn(language);
  const { help } = messages;
  const formatHelp = (command: Command): string => `${helpLines(messages, helpPage(language, program, command), width).join('\n')}\n`;
  /** The command that was named. */
  let acting: Command;
  const program: Command = new Command('lpx')
    .description(help.program)
    .version(version, '-V, --version', help.versionOption)
    .helpOption('-h, --help', help.helpOption)
    .helpCommand(false)
    .showSuggestionAfterError(false)
    .configureHelp({ formatHelp })
    .hook('preAction', (_, command) => {
      acting = command;
      const { args, registeredArguments } = command;
      const at = args.findIndex((arg) => arg.trim() === '');
      if (at >= 0) throw missingArgument(messages, registeredArguments[Math.min(at, registeredArguments.length - 1)]?.name() ?? '');
    })
    .on('beforeAllHelp', () => {
      const [name] = program.args;
      if (name !== undefined && !name.startsWith('-') && !commandNames(program).includes(name))
        throw unknownCommand(messages, name, commandNames(program));
    })
    .option('--store <dir>', help.store)
    .option('--json', help.json)
    .addOption(new Option('--lang <language>', help.lang).choices([...LANGUAGES]))
    .option('-q, --quiet', help.quiet)
    .option('--verbose', help.verbose)
    .option('--debug', help.debug)
    .option('--no-color', help.noColor)
    .option('-y, --yes', help.yes);

  const add = (name: string, description: string, parent = program) =>
    parent
      .command(name)
      .description(description)
      .helpOption('-h, --help', help.helpOption)
      .configureHelp(program.configureHelp())
      .copyInheritedSettings(program);
  const start = (name: CommandName, work: (context: Context) => Promise<Outcome>, options: GlobalOptions = {}) =>
    run(name, { ...program.opts<GlobalOptions>(), ...options }, async (context) => {
      refuseOutputs(context, acting);
      return work(context);
    });
  const startBatch = (name: CommandName, { jsonLines }: GlobalOptions, work: (context: Context) => Promise<Outcome>) =>
    start(name, work, { ...(jsonLines && { jsonLines }) });
  /** A command that reads a package, with a helper thread that starts while the command's code is loaded. */
  const startReading = (name: CommandName, zip: string, work: (context: Context) => Promise<Outcome>) =>
    start(name, async (context) => {
      const helper = await (await import('../exchange/start-helper.js')).startHelper(resolve(context.cwd, zip));
      try {
        return await work({ ...context, helper });
      } finally {
        await helper?.close();
      }
    });
  const withPassword = (command: Command) =>
    command.option('--password-file <file>', help.passwordFile).option('--password-stdin', help.passwordStdin);

  const withHtml = (command: Command) => command.option('--html <file>', help.html);

  const withSignature = (command: Command) =>
    command
      .option('--signature <file>', help.signature)
      .option('--no-signature', help.noSignature)
      .option('--md5 <hex>', help.md5)
      .option('--strict', help.strict)
      .option('--accept-foreign-md5', help.acceptForeignMd5);

  /** A command whose result may be a table for other programs. */
  const withTables = (command: Command) =>
    command.option('--csv', help.csv).option('--xlsx <file>', help.xlsx).option('--overwrite', help.replaceFiles);

  add('init', help.init)
    .requiredOption('--school <code>', help.school)
    .option('--name <name>', help.schoolName)
    .option('--shared <group>', help.shared)
    .option('--attachments <place>', help.storeAttachments)
    .action((options) => start('init', async (context) => (await import('./commands/init.js')).init(context, options)));
  add('school', help.showSchool)
    .option('--name <name>', help.schoolName)
    .action((options) => start('school', async (context) => (await import('./commands/school.js')).school(context, options)));
  add('leave', help.leave)
    .addArgument(new Argument('[national-id...]', help.nationalIds))
    .option('--list <file>', help.list)
    .addOption(new Option('--as <state>', help.leftAs).choices([...LEFT_AS, 'here']).makeOptionMandatory())
    .option('--left <date>', help.left)
    .action((ids, options) => start('leave', async (context) => (await import('./commands/leave.js')).leave(context, ids, options)));
  add('undo', help.undo)
    .addArgument(new Argument('<number>', help.undoNumber))
    .option('--dry-run', help.undoDryRun)
    .option('--despite-sent', help.despiteSent)
    .action((number, options) => start('undo', async (context) => (await import('./commands/undo.js')).undo(context, number, options)));
  add('remove', help.removeStudent)
    .addArgument(new Argument('<student>', help.studentWords))
    .option('--reason <reason>', help.removeReason)
    .option('--dry-run', help.removeDryRun)
    .action((who, options) => start('remove', async (context) => (await import('./commands/remove.js')).remove(context, who, options)));
  add('load', help.load)
    .addArgument(new Argument('[path...]', help.paths))
    .addOption(new Option('--course-codes <file>', help.loadCourseCodes).argParser(collectFile).default([]))
    .addOption(new Option('--schools <file>', help.loadSchools).argParser(collectFile).default([]))
    .option('--keep-missing', help.keepMissing)
    .option('--accept-partial', help.acceptPartial)
    .option('--skip-bad-rows', help.skipBadRows)
    .option('--dry-run', help.loadDryRun)
    .option('--attachments <dir>', help.attachments)
    .option('--certified', help.certified)
    .option('--year <year>', help.registerYear)
    .option('--template <file>', help.template)
    .option('--overwrite', help.templateOverwrite)
    .action((paths, options) => start('load', async (context) => (await import('./commands/load.js')).load(context, paths, options)));
  withTables(add('students', help.students))
    .addArgument(new Argument('[words...]', help.studentWords))
    .action((words, options) =>
      start('students', async (context) => (await import('./commands/students.js')).students(context, words, options)),
    );
  withHtml(withPassword(add('export', help.export)))
    .option('--overwrite', help.htmlOverwrite)
    .addArgument(new Argument('[national-id...]', help.nationalIds))
    .option('--list <file>', help.list)
    .option('--all', help.all)
    .option('--include-left', help.includeLeft)
    .addOption(new Option('--reason <reason>', help.reason).choices([...EXCHANGE_REASONS]).makeOptionMandatory())
    .option('--left <date>', help.left)
    .option('--force', help.force)
    .option('--accept-left', help.acceptLeft)
    .option('--accept-partial', help.exportPartial)
    .option('--skip-unfit', help.skipUnfit)
    .option('--dry-run', help.exportDryRun)
    .addOption(new Option('--term <term>', help.term).argParser(collect).default([]))
    .option('--to <school>', help.to)
    .option('--out <dir>', help.out, '.')
    .addOption(new Option('--encryption <method>', help.encryption).choices(['aes256', 'zipcrypto']).default('aes256'))
    .option('--generate-password', help.generatePassword)
    .option('--password-out <file>', help.passwordOut)
    .option('--weak-password', help.weakPassword)
    .action((ids, options) =>
      start('export', async (context) => (await import('./commands/export.js')).exportStudents(context, ids, options)),
    );
  const batch = add('batch', help.batchGroup);
  /** A batch that workers may do. */
  const withWorkers = (command: Command) =>
    command
      .option('--queue', help.queue)
      .addOption(new Option('--workers-recipient <recipient>', help.workersRecipient).argParser(collect).default([]))
      .option('--no-follow', help.noFollow);
  const withLog = (command: Command) =>
    command
      .option('--metrics <address>', help.metrics)
      .addOption(new Option('--log <form>', help.log).choices(['text', 'json']).default('text'))
      .addOption(new Option('--log-level <level>', help.logLevel).choices(['debug', 'info', 'warn', 'error']).default('info'));
  withWorkers(add('export', help.batchExport, batch))
    .addArgument(new Argument('<list>', help.batchList))
    .requiredOption('--out <dir>', help.batchOut)
    .requiredOption('--passwords <dir>', help.batchPasswords)
    .addOption(new Option('--group-by <what>', help.groupBy).choices(['student', 'school']).default('student'))
    .option('--jobs <count>', help.jobs)
    .option('--resume', help.resume)
    .option('--resend', help.resend)
    .option('--json-lines', help.jsonLines)
    .addOption(new Option('--encryption <method>', help.encryption).choices(['aes256', 'zipcrypto']).default('aes256'))
    .option('--force', help.force)
    .option('--accept-left', help.acceptLeft)
    .action((list, options) =>
      startBatch('batch-export', options, async (context) =>
        (await import('./commands/batch-export.js')).batchExport(context, list, options),
      ),
    );
  const withInbox = (command: Command) =>
    withWorkers(withPassword(command))
      .addArgument(new Argument('<folder>', help.batchFolder))
      .option('--passwords <path>', help.inboxPasswords)
      .option('--no-signature', help.noSignature)
      .option('--strict', help.strict)
      .option('--accept-foreign-md5', help.acceptForeignMd5)
      .option('--results <file>', help.results)
      .option('--jobs <count>', help.jobs)
      .option('--json-lines', help.jsonLines);
  withInbox(add('verify', help.batchVerify, batch)).action((folder, options) =>
    startBatch('batch-verify', options, async (context) =>
      (await import('./commands/batch-import.js')).batchVerify(context, folder, options),
    ),
  );
  withLog(withInbox(add('import', help.batchImport, batch)))
    .option('--dry-run', help.dryRun)
    .option('--create-students', help.createStudents)
    .option('--skip-unfit', help.importSkipUnfit)
    .option('--accept-partial', help.acceptPartial)
    .option('--keep-both', help.keepBoth)
    .option('--replace', help.replace)
    .option('--same-person', help.samePerson)
    .option('--accept-own-school', help.acceptOwnSchool)
    .option('--watch', help.watch)
    .option('--every <seconds>', help.every, '2')
    .action((folder, options) =>
      startBatch('batch-import', options, async (context) =>
        (await import('./commands/batch-import.js')).batchImport(context, folder, options),
      ),
    );
  add('status', help.batchStatus, batch)
    .option('--all', help.statusAll)
    .action((options) =>
      start('batch-status', async (context) => (await import('./commands/batch-jobs.js')).batchStatus(context, options)),
    );
  add('retry', help.batchRetry, batch)
    .addArgument(new Argument('[job...]', help.jobIds))
    .option('--all', help.allDead)
    .action((jobs, options) =>
      start('batch-retry', async (context) => (await import('./commands/batch-jobs.js')).batchRetry(context, jobs, options)),
    );
  add('drop', help.batchDrop, batch)
    .addArgument(new Argument('[job...]', help.jobIds))
    .option('--all', help.allDead)
    .action((jobs, options) =>
      start('batch-drop', async (context) => (await import('./commands/batch-jobs.js')).batchDrop(context, jobs, options)),
    );
  withLog(add('worker', help.worker))
    .option('--jobs <count>', help.workerJobs)
    .addOption(new Option('--identity <file>', help.workerIdentity).argParser(collectFile).default([]))
    .option('--passwords <path>', help.workerPasswords)
    .option('--until-empty', help.untilEmpty)
    .action((options) => start('worker', async (context) => (await import('./commands/worker.js')).worker(context, options)));
  withHtml(withSignature(withPassword(add('verify', help.verify))))
    .option('--overwrite', help.htmlOverwrite)
    .addArgument(new Argument('<zip...>', help.zips))
    .action((zips, options) =>
      zips.length === 1
        ? startReading('verify', zips[0], async (context) => (await import('./commands/verify.js')).verify(context, zips[0], options))
        : start('verify', async (context) => (await import('./commands/verify.js')).verifySeveral(context, zips, options)),
    );
  withHtml(withSignature(withPassword(add('import', help.import))))
    .option('--overwrite', help.htmlOverwrite)
    .addArgument(new Argument('<zip>', help.zip))
    .option('--dry-run', help.dryRun)
    .option('--create-students', help.createStudents)
    .addOption(new Option('--only <id>', help.only).argParser(collect).default([]))
    .option('--skip-unfit', help.importSkipUnfit)
    .option('--accept-partial', help.acceptPartial)
    .option('--keep-both', help.keepBoth)
    .option('--replace', help.replace)
    .option('--same-person', help.samePerson)
    .option('--previous-id <id>', help.previousId)
    .option('--accept-own-school', help.acceptOwnSchool)
    .action((zip, options) =>
      startReading('import', zip, async (context) => (await import('./commands/import.js')).importZip(context, zip, options)),
    );
  withHtml(withTables(withSignature(withPassword(add('show', help.show)))))
    .addArgument(new Argument('<zip|student>', help.zipOrId))
    .action((what, options) => start('show', async (context) => (await import('./commands/show.js')).show(context, what, options)));
  withSignature(withPassword(add('files', help.files)))
    .addArgument(new Argument('<zip|student>', help.zipOrId))
    .option('--picked', help.picked)
    .option('--manifest', help.manifest)
    .requiredOption('--out <dir>', help.filesOut)
    .option('--overwrite', help.replaceFiles)
    .action((what, options) => start('files', async (context) => (await import('./commands/files.js')).files(context, what, options)));
  withTables(add('history', help.history))
    .option('--student <national-id>', help.historyStudent)
    .option('--school <code>', help.historySchool)
    .addOption(new Option('--kind <kind>', help.historyKind).argParser(collect).default([]))
    .option('--day <date>', help.historyDay)
    .option('--since <date>', help.historySince)
    .option('--until <date>', help.historyUntil)
    .action((options) => start('history', async (context) => (await import('./commands/history.js')).history(context, options)));
  withHtml(withTables(add('log', help.custodyLog)))
    .option('--verify', help.logVerify)
    .option('--head [head]', help.logHead)
    .option('--student <national-id>', help.logStudent)
    .option('--since <date>', help.historySince)
    .option('--until <date>', help.historyUntil)
    .action((options) => start('log', async (context) => (await import('./commands/log.js')).log(context, options)));
  add('code', help.code)
    .addArgument(new Argument('<course-code...>', help.courseCodes))
    .action((codes) => start('code', async (context) => (await import('./commands/code.js')).code(context, codes)));
  add('advise', help.advise)
    .addOption(new Option('--case <case>', help.case).choices([...STATUS_CHANGES]).makeOptionMandatory())
    .option('--left <date>', help.left)
    .action((options) => start('advise', async (context) => (await import('./commands/advise.js')).advise(context, options)));
  withTables(add('status', help.status))
    .addArgument(new Argument('<student>', help.studentWords))
    .action((id, options) => start('status', async (context) => (await import('./commands/status.js')).status(context, id, options)));
  withTables(add('pick', help.pick))
    .addArgument(new Argument('[national-id]', help.nationalId))
    .addArgument(new Argument('[reference...]', help.references))
    .addOption(new Option('--remove <reference>', help.remove).argParser(collect).default([]))
    .option('--list <file>', help.pickList)
    .option('--extended-years <count>', help.extendedYears)
    .option('--include-left', help.includeLeft)
    .action((id, refs, options) => start('pick', async (context) => (await import('./commands/pick.js')).pick(context, id, refs, options)));
  add('register', help.register)
    .addArgument(new Argument('[national-id...]', help.nationalIds))
    .requiredOption('--year <year>', help.year)
    .addOption(new Option('--batch <batch>', help.batch).choices([...REGISTER_BATCHES]).default('year'))
    .option('--evening', help.evening)
    .option('--include-left', help.includeLeft)
    .addOption(new Option('--format <format>', help.format).choices(['xlsx', 'csv']).default('xlsx'))
    .option('--with-files', help.withFiles)
    .option('--out <dir>', help.registerOut, '.')
    .option('--overwrite', help.overwrite)
    .action((ids, options) =>
      start('register', async (context) => (await import('./commands/register.js')).register(context, ids, options)),
    );
  withHtml(add('receipt', help.receipt))
    .addArgument(new Argument('[import-id]', help.importId))
    .option('--check <file>', help.check)
    .option('--by <name>', help.by)
    .option('--out <dir>', help.receiptOut, '.')
    .option('--overwrite', help.overwrite)
    .action((id, options) => start('receipt', async (context) => (await import('./commands/receipt.js')).receipt(context, id, options)));
  withPassword(add('slip', help.slip))
    .addArgument(new Argument('<number>', help.slipNumber))
    .option('--out <dir>', help.slipOut, '.')
    .option('--password-slip <file>', help.passwordSlip)
    .option('--blank', help.blank)
    .option('--by <name>', help.slipBy)
    .option('--overwrite', help.overwrite)
    .action((number, options) => start('slip', async (context) => (await import('./commands/slip.js')).slip(context, number, options)));
  const withIdentity = (command: Command) =>
    command.addOption(new Option('--identity <file>', help.identity).argParser(collectFile).default([]));
  withIdentity(withPassword(add('recover', help.recover)))
    .addArgument(new Argument('<path...>', help.recoverPaths))
    .option('--passwords <path>', help.recoverPasswords)
    .option('--dry-run', help.recoverDryRun)
    .action((paths, options) =>
      start('recover', async (context) => (await import('./commands/recover.js')).recover(context, paths, options)),
    );
  withIdentity(add('backup', help.backup))
    .addArgument(new Argument('<backup>', help.backupFolder))
    .option('--keep <count>', help.backupKeep)
    .option('--new', help.backupNew)
    .option('--shared', help.backupShared)
    .option('--list', help.backupList)
    .option('--rehearse', help.rehearse)
    .option('--snapshot <name>', help.snapshot)
    .option('--scratch <dir>', help.scratch)
    .addOption(new Option('--recipient <recipient>', help.recipient).argParser(collect).default([]))
    .action((folder, options) =>
      start('backup', async (context) => (await import('./commands/backup.js')).backup(context, folder, options)),
    );
  withIdentity(add('restore', help.restore))
    .addArgument(new Argument('<backup>', help.restoreFrom))
    .addArgument(new Argument('<new-store>', help.restoreTo))
    .option('--attachments <dir>', help.storeAttachments)
    .option('--snapshot <name>', help.snapshot)
    .addOption(new Option('--erasures <file>', help.erasures).argParser(collectFile).default([]))
    .action((folder, target, options) =>
      start('restore', async (context) => (await import('./commands/restore.js')).restore(context, folder, target, options)),
    );
  add('move', help.move)
    .addArgument(new Argument('<store>', help.moveFrom))
    .addArgument(new Argument('<new-store>', help.restoreTo))
    .option('--attachments <place>', help.storeAttachments)
    .option('--dry-run', help.moveDryRun)
    .action((from, to, options) => start('move', async (context) => (await import('./commands/move.js')).move(context, from, to, options)));
  add('doctor', help.doctor)
    .option('--part <part>', help.doctorPart)
    .option('--quick', help.doctorQuick)
    .option('--repair', help.doctorRepair)
    .option('--before-move', help.beforeMove)
    .option('--after-move', help.afterMove)
    .action((options) => start('doctor', async (context) => (await import('./commands/doctor.js')).doctor(context, options)));
  add('erase', help.erase)
    .addArgument(new Argument('[national-id]', help.eraseId))
    .option('--reason <reason>', help.eraseReason)
    .option('--accept-unreceipted', help.acceptUnreceipted)
    .option('--dry-run', help.eraseDryRun)
    .option('--finish', help.eraseFinish)
    .action((id, options) => start('erase', async (context) => (await import('./commands/erase.js')).erase(context, id, options)));
  add('demo', help.demo).action(() => start('demo', async (context) => (await import('./commands/demo.js')).demo(context)));
  add('where', help.where).action(() => start('where', async (context) => (await import('./commands/where.js')).where(context)));
  add('help', help.help)
    .addArgument(new Argument('[topic...]', help.topic))
    .option('--man', help.man)
    .action((words, options) =>
      start('help', async (context) => (await import('./commands/help.js')).help(context, program, words, options)),
    );
  add('completion', help.completion)
    .addArgument(new Argument('<shell>', help.shell))
    .action((shell) =>
      start('completion', async (context) => (await import('./commands/completion.js')).completion(context, program, shell)),
    );
  for (const command of [program, ...allCommands(program)])
    for (const option of command.options) {
      readInWords(language, option);
      refuseEmpty(messages, option);
    }
  return program;
}

/** The values of an option with choices may be written as people write them; one that is none of them is refused with a list. */
function readInWords(language: Language, option: Option): void {
  const { argChoices } = option;
  if (argChoices)
    option.argParser((value: string) => {
      const choice = readChoice(value, argChoices);
      if (choice === undefined) throw refusedValue(language, option.long ?? '', value, argChoices);
      return choice;
    });
}

/** An empty text, as of a shell variable that is not set, is no value: no list of students, no folder. Only a name may be set to none. */
function refuseEmpty(messages: Messages, option: Option): void {
  if (!option.required || option.long === '--name') return;
  const { parseArg } = option;
  option.argParser((value: string, before: unknown) => {
    if (parseArg === collect ? collect(value, []).length === 0 : value.trim() === '') throw missingValue(messages, option);
    return parseArg ? parseArg(value, before as never) : value;
  });
}

/** Repeated options add up; commas part values too. */
const collect = (value: string, before: readonly string[]): string[] => [
  ...before,
  ...value
    .split(/[,，、]/)
    .map((part) => part.trim())
    .filter((part) => part !== ''),
];

/** The same for files, whose names may hold commas. */
const collectFile = (value: string, before: readonly string[]): string[] => [...before, value];
