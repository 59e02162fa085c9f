/** Days, moments and terms as the readers of a language write them: in ROC years in Taiwan, in Western ones elsewhere. */
import { fill, type Messages } from '../messages/messages.js';
import { parseTerm, ROC_EPOCH, taipeiTime } from '../spec/terms.js';

const DATE = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{2}:\d{2}))?/;

/** `民國109年1月20日`, or `20 Jan 2020`, with the time where there is one; what is no date stays as it is. */
export function dateText({ report: { dates } }: Messages, text: string): string {
  const [, year, month, day, time] = DATE.exec(text) ?? [];
  const monthName = dates.months[Number(month) - 1];
  if (year === undefined || day === undefined || monthName === undefined) return text;
  const isBefore = Number(year) <= ROC_EPOCH;
  const shownYear = dates.isRoc && !isBefore ? Number(year) - ROC_EPOCH : Number(year);
  const date = fill(isBefore ? dates.dayBefore : dates.day, { year: shownYear, month: monthName, day: Number(day) });
  return time === undefined ? date : `${date} ${time}`;
}

/** The same of a moment, as clocks in Taiwan show it. */
export const momentText = (messages: Messages, moment: Date): string => dateText(messages, taipeiTime(moment).slice(0, 16));

/** `108學年度第1學期`, or `2019-20, semester 1`; what is no term stays as it is. */
export function termText({ report: { dates } }: Messages, text: string): string {
  const term = parseTerm(text);
  if (!term) return text;
  const { academicYear, semester } = term;
  const year = academicYear + ROC_EPOCH;
  const western = `${year}-${String((year + 1) % 100).padStart(2, '0')}`;
  return fill(dates.term, { year: dates.isRoc ? academicYear : western, semester });
}
