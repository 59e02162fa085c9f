import { type Advice, advise as adviseOn } from '../../exchange/advise.js';
import { fill, type Messages } from '../../messages/messages.js';
import { type Actor, GUIDE_PAGES, PORTFOLIO_ITEMS, type StatusChange } from '../../spec/status-changes.js';
import { dayFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { columns } from '../render/text.js';

export interface AdviseOptions {
  readonly case: StatusChange;
  readonly left?: string;
}

/** `lpx advise`: the guide's part FOUR on a change of status. */
export async function advise(context: Context, options: AdviseOptions): Promise<Outcome> {
  const advice = adviseOn(options.case, dayFrom(context, options.left));
  const { messages } = context;
  const { change, left, term, exchange, why, exporter, importer, terms, duties, steps, sources } = advice;
  return {
    json: {
      case: change,
      left,
      academicYear: term.academicYear,
      semester: term.semester,
      exchange,
      why: { code: why, text: messages.advise.why[why] },
      exporter,
      importer,
      terms,
      duties: PORTFOLIO_ITEMS.map((item) => ({ item, ...duties[item] })),
      steps: steps.map((step) => ({ code: step, text: messages.advise.steps[step] })),
      sources: sources.map((source) => GUIDE_PAGES[source]),
    },
    text: adviceLines(context, advice),
  };
}

function adviceLines({ messages, paint }: Context, advice: Advice): string[] {
  const { advise: words } = messages;
  const { change, left, term, exchange, why, exporter, importer, terms, steps, sources } = advice;
  const facts = { case: words.cases[change], left, year: term.academicYear, semester: term.semester };
  const answer = exchange
    ? columns(
        [
          [words.exporter, actor(messages, exporter)],
          [words.importer, actor(messages, importer)],
          [words.contents, fill(words.goes, { terms: terms.join(', ') })],
        ].map(([label = '', value = '']) => [paint.dim(label), value]),
        '  ',
      )
    : [];
  return [
    paint.bold(fill(words.head, facts)),
    '',
    exchange ? paint.green(`✔ ${words.needed}`) : paint.yellow(`· ${words.notNeeded}`),
    `  ${words.why[why]}`,
    ...answer,
    '',
    paint.cyan(words.next),
    ...steps.map((step, i) => `  ${i + 1}. ${words.steps[step]}`),
    '',
    paint.cyan(words.who),
    ...dutyLines(messages, paint, advice),
    '',
    paint.dim(`${words.source} ${words.guide}`),
    ...sources.map((source) => paint.dim(`  ${GUIDE_PAGES[source]}`)),
  ];
}

function dutyLines(messages: Messages, paint: Context['paint'], { duties }: Advice): string[] {
  const { columns: titles, items } = messages.advise;
  const duty = ['records', 'certifies', 'exports', 'imports', 'submits'] as const;
  const header = ['', ...duty.map((task) => titles[task])].map((text) => paint.dim(text));
  return columns(
    [header, ...PORTFOLIO_ITEMS.map((item) => [items[item], ...duty.map((task) => actor(messages, duties[item][task]))])],
    '  ',
  );
}

const actor = (messages: Messages, who: Actor): string => messages.advise.actors[who];
