/** Options whose value is one of a few: by the name that lpx has for it, or as people here write it. */
import type { Language } from '../messages/messages.js';
import { plainCode } from '../plain-text.js';
import { closest } from './suggest.js';

/** What people write for a value, in any language; the first in Chinese is what lpx calls it there. */
const WORDS_FOR: Readonly<Record<string, readonly string[]>> = {
  transfer: ['轉學', '轉校'],
  'borrowed-study': ['借讀'],
  experimental: ['實驗教育', '非學校型態實驗教育'],
  suspension: ['休學', '復學', '休學復學', '休學後復學'],
  transferred: ['轉出', '轉學'],
  graduated: ['畢業'],
  here: ['在校', '仍在校', '在學'],
  repeat: ['重讀', '留級'],
  aes256: ['aes', 'aes-256'],
  zipcrypto: ['zip-crypto'],
  'zh-TW': ['繁體中文', '中文', 'zh', 'zh-hant', 'zh_tw', 'tw'],
  en: ['英文', 'english', 'en-us', 'en_us'],
  year: ['整學年', '學年'],
  'final-1': ['第一梯次', '第1梯次'],
  'final-2': ['第二梯次', '第2梯次'],
  package: ['交換檔'],
  password: ['密碼'],
  'course-code': ['課程代碼'],
  'exit-codes': ['結束代碼'],
  init: ['建立'],
  load: ['載入'],
  students: ['學生', '名單'],
  export: ['匯出'],
  verify: ['驗證', '檢查'],
  import: ['匯入'],
  show: ['顯示'],
  history: ['作業紀錄', '紀錄'],
  log: ['保管紀錄'],
  erase: ['永久刪除'],
  leave: ['離校'],
  backup: ['備份'],
  restore: ['還原'],
  move: ['搬移'],
  doctor: ['檢查', '健檢'],
  recover: ['找回', '補救'],
  status: ['現況'],
  pick: ['勾選'],
  register: ['名冊'],
  receipt: ['回執', '收訖'],
  batch: ['批次'],
  student: ['每位學生'],
  school: ['學校', '每所學校'],
  help: ['說明'],
};

const plain = (text: string): string => plainCode(text).toLowerCase();

/** The value that a text means, in whatever language it is; undefined for none. */
export function readChoice<T extends string>(text: string, values: readonly T[]): T | undefined {
  const given = plain(text);
  return values.find((value) => value.toLowerCase() === given || WORDS_FOR[value]?.includes(given));
}

/** The values that a text may have been meant for. */
export function closestChoices(text: string, values: readonly string[]): string[] {
  const forms = values.flatMap((value) => [value, ...(WORDS_FOR[value] ?? [])].map((form) => ({ form, value })));
  const close = closest(
    plain(text),
    forms.map(({ form }) => form),
  );
  return [...new Set(forms.filter(({ form }) => close.includes(form)).map(({ value }) => value))];
}

const CHINESE = /\p{Script=Han}/u;

/** A value as a person reads it: in Chinese with its Chinese name. */
export function choiceName(language: Language, value: string): string {
  const word = choiceWord(language, value);
  return word === value ? value : `${value}（${word}）`;
}

/** A value as a person types it: in Chinese by its Chinese name, where it has one. */
export const choiceWord = (language: Language, value: string): string =>
  (language === 'zh-TW' ? WORDS_FOR[value]?.find((form) => CHINESE.test(form)) : undefined) ?? value;
