import { describe, expect, it } from 'vitest';
import { CATALOGUE, type Code } from '#lpx/errors.js';
import { maskId, withheld, withheldUnlessId } from '#lpx/masking.js';
import { en } from '#lpx/messages/en.js';
import { fill, inert, LANGUAGES, languageOf, messagesIn, sentenceOf } from '#lpx/messages/messages.js';
import { zhTW } from '#lpx/messages/zh-TW.js';

/** Every text of a language, by its path. */
function texts(value: unknown, path: string): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  return Object.entries(value as object).flatMap(([key, inner]) => texts(inner, `${path}.${key}`));
}
const factsIn = (text: string) => [...new Set([...text.matchAll(/\{(\w+(?::\w+)?)\}/g)].map((match) => match[1]))].sort();
const chinese = new Map(texts(zhTW, ''));

describe('the messages', () => {
  it('are the same in both languages: every one is there and is filled with the same facts', () => {
    // What a code means for the data, `consequence` has in words.
    const english = texts(en, '').filter(([path]) => !/^\.codes\.\w+\.means$/.test(path));
    expect([...chinese.keys()].sort()).toEqual(english.map(([path]) => path).sort());
    const different = english.filter(([path, text]) => JSON.stringify(factsIn(text)) !== JSON.stringify(factsIn(chinese.get(path) ?? '')));
    expect(different.map(([path]) => path)).toEqual([]);
  });

  it('are in Chinese in Chinese', () => {
    const wordless = [...chinese].filter(([, text]) => /[a-z]{4}/.test(text) && !/\p{Script=Han}/u.test(text));
    expect(wordless.filter(([, text]) => !/^[\w .:{}<>/「」-]+$/.test(text))).toEqual([]);
  });

  it('say of every code what happened and what to do', () => {
    for (const code of Object.keys(CATALOGUE)) {
      for (const messages of [en, zhTW]) {
        const { what, next } = messages.codes[code as keyof typeof messages.codes];
        expect(
          [what, next].every((text) => text.trim().length > 0),
          code,
        ).toBe(true);
      }
    }
  });
});

/** Codes of packages alone: signatures, passwords, archives, and what an import compares. */
const OF_PACKAGES =
  /^LPX_(?:SIGNATURE|UNSIGNED|PASSWORD|NOT_A|FILE_EMPTY|FILE_PROGRAM|OTHER_ARCHIVE|ZIP|ENTRY_(?!UNREF)|STUDENT_(?:DIFFERS|UNCONFIRMED)|OWN_SCHOOL)/;

/** Latin words that a Taiwanese clerk meets in Chinese text: names of formats and programs, and what is typed. */
const LATIN = new Set(
  [
    'lpx Node.js SQLite libsql Windows Python Mono SharpZipLib The Unarchiver unzip unzipper zipfile Node 7-Zip',
    'ZIP JSON CSV XLSX HTML MD5 AES AES-128 AES-192 AES-256 ZipCrypto PKWARE UTF-8 UTF-16 CP950 Big5 NaN JavaScript Launch EmbeddedFile',
    'age age-keygen age1 AGE-SECRET-KEY-1',
    'npm Prometheus text debug info warn error status retry drop batch worker',
    'PDF JPEG JPG PNG MP3 MP4 M4A WAV HEIC WebP GIF BMP TIFF AVIF AAC AMR FLAC Ogg AVI Matroska Media RTF RAR 7z gzip ODF',
    'ODS LibreOffice Enter CON NUL Word Excel PowerPoint Photoshop Office KB MB GB',
    'zip md5 json txt csv z01 z02 pdf jpg png mp3 mp4 m4a wav heic webp gif docx doc xlsx xls pptx ppt odt aac',
    'lpx-backup.json receipt.json cover.html imported refused pw Ctrl-C package password course-code exit-codes man bash zsh fish powershell LPX_LANG v2',
    'PostgreSQL postgres pg npm install PG PGUSER PGPASSWORD PGSERVICE PGSERVICEFILE pgpass pg_service.conf pg_hba.conf UTF8 2F 3F',
    'sslmode sslrootcert ssl on createdb max_connections docs postgres.md host port database',
    'S3 s3 endpoint https region path-style aws aws-sdk client-s3 npm install credentials docs attachments-storage.md',
    'AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY',
    'LPX_PASSWORD LPX_STORE NO_COLOR aes256 zipcrypto zh-TW en transfer borrowed-study experimental suspension repeat',
    'init school load export import pick register files output receipt leave recover backup rehearsal restore move repair probe undo remove verify erase transferred graduated here year final-1 final-2 O12 R5 true false a f A-I R-T samples transfer quarantine erasures',
  ].flatMap((line) => line.split(' ')),
);

/** Where a number is meant to the byte, or a question mark as a character. */
const EXACT = new Set([
  '.demo.tamper',
  '.demo.tampered',
  '.columns.bytes',
  '.columns.documentBytes',
  '.columns.mediaBytes',
  '.words.reason.windowsName',
  '.codes.LPX_DATABASE_URL.what',
  '.codes.LPX_DATABASE_URL.next',
  '.codes.LPX_STORE_SCHOOL.next',
  '.codes.LPX_S3_URL.what',
]);

it('puts something between two facts: what joins them is not part of a fact, where a blank would be shown as ␣', () => {
  expect([...chinese, ...texts(en, '')].flatMap(([path, text]) => (/\}\{/.test(text) ? [path] : []))).toEqual([]);
});

describe('an English message with a number in it', () => {
  /** What cannot be 1: limits and what is over one, and what is only said of several. */
  const NEVER_ONE = new Set([
    '.codes.LPX_NO_DOCUMENT.what',
    '.codes.LPX_PASSWORD_WEAK.next',
    '.codes.LPX_STUDENTS_FIT.what',
    '.codes.LPX_ATTACHMENT_AMBIGUOUS.what',
    '.codes.LPX_ATTACHMENT_UNNAMED.what',
    '.codes.LPX_BRIEF_LONG.what',
    '.codes.LPX_TEXT_LONG.what',
    '.codes.LPX_TABLE_CELL.what',
    '.codes.LPX_PICK_OVER.what',
    '.codes.LPX_PICK_OVER_TOTAL.what',
    '.usage.schoolName',
    '.several.errors',
    '.several.students',
    '.export.severalDone',
    '.report.severalErrors',
    '.template.done',
    '.code.faults.severalMissing',
  ]);
  /** Words that end what is counted: what follows may have an s. */
  const AFTER = new Set(
    [
      'of in as and for or with the after to no on by from',
      'is has was does takes belongs refuses brings contains lists says fits points claims looks ends stands removes finds needs',
      'sends receives stays differs counts keeps',
    ].flatMap((line) => line.split(' ')),
  );
  const countedIn = (words: readonly string[]): readonly string[] => {
    const end = words.findIndex((word) => AFTER.has(word));
    return end === -1 ? words : words.slice(0, end);
  };
  const english = texts(en, '').filter(([path]) => !NEVER_ONE.has(path));
  const counting = english.map(([path, text]) => {
    const ones = Object.fromEntries([...text.matchAll(/\{(\w+)/g)].map((match) => [match[1], 1]));
    return [path, fill(text, ones)] as const;
  });

  it('chooses by a fact that it shows', () => {
    const hidden = english.flatMap(([path, text]) =>
      [...text.matchAll(/\{(\w+):[^{}]*\|[^{}]*\}/g)].filter((match) => !factsIn(text).includes(match[1])).map(() => path),
    );
    expect(hidden).toEqual([]);
  });

  it('has no plural after 1', () => {
    const plurals = counting.flatMap(([path, said]) =>
      [...said.matchAll(/\b1((?: \p{L}+){1,3})/gu)]
        .filter(([, words = '']) => countedIn(words.trim().split(' ')).some((word) => /[^su]s$/.test(word)))
        .map(([words]) => `${path}: ${words}`),
    );
    expect(plurals).toEqual([]);
  });

  it('has no verb for several after 1', () => {
    const verbs = counting.flatMap(([path, said]) =>
      [...said.matchAll(/\b1 [^.,;:()\d]*?\b(?:are|were|they|(?<!not |would )have)\b/g)].map(([words]) => `${path}: ${words}`),
    );
    expect(verbs).toEqual([]);
  });
});

describe('a Chinese message', () => {
  /** Without its holes, options, placeholders and commands. */
  const prose = (text: string) => text.replaceAll(/\{[^}]*\}|(?<!\w)--?[a-z][\w-]*(?:=\w+)?|lpx [a-z]+|id -Gn/g, ' ');
  const messages = [...chinese];

  it('has no Latin word but those that stand in Chinese text', () => {
    const strays = messages.flatMap(([path, text]) =>
      (prose(text).match(/[A-Za-z0-9][\w.-]*[A-Za-z][\w-]*|[A-Za-z][\w.-]*/g) ?? [])
        .filter((word) => !LATIN.has(word.replace(/\.$/, '')))
        .map((word) => `${path}: ${word}`),
    );
    expect(strays).toEqual([]);
  });

  it('has no question mark for what is not known, no count of bytes, and no half-width punctuation', () => {
    const [unknown, bytes, halves] = [/\?|？(?!$)/, /位元組/, /\p{Script=Han}[,;:!]|[,;!]\p{Script=Han}/u];
    const odd = messages.filter(([path, text]) => !EXACT.has(path) && (unknown.test(text) || bytes.test(text) || halves.test(text)));
    expect(odd).toEqual([]);
  });

  it('has the Ministry’s words: 作業紀錄 for the history, 送件 and 收件學校 where nobody knows whether it is a transfer', () => {
    const wrong = messages.filter(([, text]) => /歷程/.test(text.replaceAll('學習歷程', '')) || /記錄(?!學生|任何|：)|位元組數/.test(text));
    expect(wrong.filter(([path]) => path !== '.pick.recorded')).toEqual([]);
    const sides = messages.filter(([path, text]) => /轉[出入]學校/.test(text) && !/^\.(?:advise|demo)\./.test(path));
    expect(sides).toEqual([]);
  });
});

describe('the advice', () => {
  const codes = Object.keys(CATALOGUE) as Code[];

  it.each(LANGUAGES)('over a school’s own data is never to ask a sending school, in %s', (language) => {
    const here = messagesIn(language, 'here').codes;
    // What only a package can have: a command over the school's own data reads none.
    const asking = codes.filter((code) => /sending school|送件學校/.test(here[code].next) && !OF_PACKAGES.test(code));
    expect(asking).toEqual([]);
  });

  it('over a school’s own data needs no fact that the other has not, in both languages', () => {
    for (const code of codes) {
      const [english, translated] = [en.codes[code], zhTW.codes[code]];
      expect(english.nextHere === undefined, code).toBe(translated.nextHere === undefined);
      expect(english.nextPartial === undefined, code).toBe(translated.nextPartial === undefined);
      const known = factsIn(english.what + english.next);
      expect(
        factsIn(english.nextHere ?? '').filter((name) => !known.includes(name)),
        code,
      ).toEqual([]);
    }
  });
});

describe('the language', () => {
  it.each([
    [{ LANG: 'zh_TW.UTF-8' }, 'en-US', 'zh-TW'],
    [{ LANG: 'en_US.UTF-8' }, 'zh-TW', 'en'],
    [{ LC_ALL: 'C.UTF-8', LANG: 'zh_TW.UTF-8' }, 'zh-TW', 'en'],
    [{ LC_ALL: '', LC_MESSAGES: 'zh_TW', LANG: 'en_US' }, 'en-US', 'zh-TW'],
    [{}, 'zh-Hant-TW', 'zh-TW'],
    [{}, 'de-DE', 'en'],
  ] as const)('for %j on a system of %s is %s', (env, system, language) => {
    expect(languageOf(env, () => system)).toBe(language);
    expect(messagesIn(language)).toEqual(language === 'en' ? en : zhTW);
  });
});

describe('a sentence', () => {
  it('is filled with facts, and a fact that has words of its own is shown by them', () => {
    expect(fill('{file}: {reason}', { file: 'a.zip', reason: 'x' }, { reason: { x: 'because' } })).toBe('a.zip: because');
  });

  it.each([
    [1, '1 file is missing'],
    ['1', '1 file is missing'],
    [0, '0 files are missing'],
    [2, '2 files are missing'],
    ['1,000', '1,000 files are missing'],
    ['', 'files are missing'],
  ])('chooses its words by a number: %j', (count, said) => {
    expect(fill('{count} {count:file is|files are} missing', { count }).trim()).toBe(said);
  });

  it('may choose between a word and none, and keeps sizes and other facts as they are', () => {
    const template = '{files} file{files:|s} ({bytes:size}), {count:it|them} of {file}';
    expect(fill(template, { files: 1, bytes: 2048, count: 2, file: 'a|b.zip' })).toBe('1 file (2 KB), them of a|b.zip');
    expect(fill(template, { files: 3, bytes: 1024 ** 2, count: 1, file: '{count:x|y}' })).toBe('3 files (1 MB), it of {count:x|y}');
  });

  it('never carries what a terminal would obey', () => {
    const evil = '\u001b[31mred\u0007\u202egnp.exe\r\n';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    const obeyed = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
    expect(inert(evil)).not.toMatch(obeyed);
    expect(fill('{file}', { file: evil })).not.toMatch(obeyed);
  });
});

describe('what would not be seen in a value', () => {
  it.each([
    ['林小禾 ', '林小禾␣'],
    ['"林小禾  "', '"林小禾␣␣"'],
    ['\u3000林', '␣林'],
    ['林\ue000', '林[U+E000]'],
    ['林\u{f0000}', '林[U+F0000]'],
    ['林\u200b小', '林[U+200B]小'],
    ['林 小禾', '林 小禾'],
    ['👨‍👩‍👧', '👨‍👩‍👧'],
  ])('is made visible: %j', (value, shown) => {
    expect(fill('{value}', { value })).toBe(shown);
  });

  it('shows no more of an id with a letter too many, and of what is no id two characters and its length', () => {
    expect(maskId('A800000014x')).toBe('A80000****');
    expect(withheld('Sample-Pass-2021')).toBe('Sa**************');
    expect(['A800000014', 'ａ８００００００１４', 'Sample-Pass-2021', 'A800000014x'].map(withheldUnlessId)).toEqual([
      'A800000014',
      'ａ８００００００１４',
      'Sa**************',
      'A8*********',
    ]);
  });

  it('takes no id apart: its blanks are not counted', () => {
    expect([maskId('A800000014'), maskId('A800000014      '), maskId('　A800000014\0\0'), maskId('A1')]).toEqual([
      'A80000****',
      'A80000****',
      'A80000****',
      '****',
    ]);
  });
});

describe('a receipt that differs', () => {
  it.each(['students', 'contentsDigest', 'sendingSchool', 'receivingSchool'])('says in Chinese what differs: %s', (what) => {
    const { what: said } = sentenceOf(zhTW, 'LPX_RECEIPT_DIFFERS', { what, here: '1', there: '2' });
    expect(said).not.toMatch(/[A-Za-z]/);
  });
});
