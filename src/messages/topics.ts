/** The pages of `lpx help <topic>`, in both languages. Each paragraph is one line; a line that begins with two blanks stands as it is. */
import type { Language } from './messages.js';

export const TOPICS = ['package', 'password', 'course-code', 'borrowed-study', 'exit-codes'] as const;
export type Topic = (typeof TOPICS)[number];

interface Page {
  readonly title: string;
  readonly paragraphs: readonly string[];
}

/** `exit-codes` is made from the table of exit codes. */
export const TOPIC_PAGES: Readonly<Record<Language, Readonly<Record<Topic, Page>>>> = {
  en: {
    package: {
      title: 'What a package is',
      paragraphs: [
        'A package (交換檔) is one ZIP named <school>_<year>_<month>_<day>_<hour>_<minute>_<second>.zip, and next to it a signature file of the same name with .md5 at the end. Send both together, and give the password in another way.',
        'It contains one JSON document with all students, and a folder for each of them, named by the national id, with the files of course results (課程學習成果) and multi-performances (多元表現). Every file in it is encrypted; the names of files and folders are not, so whoever has the package can read the national ids.',
        'It contains the basic data, course results that their teacher certified, and multi-performances that were uploaded. Course results keep the code of the course at the school that gave it.',
        'lpx verify checks a package, lpx show <zip> shows its contents, lpx import brings it into the store, all or nothing.',
        '  lpx verify 990001_2021_01_22_10_30_00.zip',
      ],
    },
    password: {
      title: 'Passwords',
      paragraphs: [
        'A password is never written on the command line, where other users of the computer could read it. It comes from one of these:',
        '  --password-file <file>   its first line that is not empty',
        '  --password-stdin         the first line of standard input that is not empty',
        '  LPX_PASSWORD             the environment',
        '  otherwise                lpx asks for it on the terminal, and shows nothing of it',
        'Use one only. An option wins over LPX_PASSWORD, and lpx reports that.',
        'On export, --generate-password --password-out <file> generates a strong one and writes it to a file that only you can read. It has no characters that look alike.',
        'Give the password by telephone, or in another way than the package. Never put it into the same mail.',
      ],
    },
    'course-code': {
      title: 'Course codes',
      paragraphs: [
        'A course code (課程代碼) has 23 characters: entry year (3), school (6), course type (1), group (2), department (3), class group (1), category (1), delivery (1), attribute (1), domain (2), subject (2).',
        'A course result keeps the code that the school gave where the course was taken, whatever school the student goes to afterwards. lpx carries it byte for byte.',
        'lpx code takes codes apart and marks each character that is wrong. Blanks between the parts are allowed.',
        '  lpx code 1091904xxV233050102000B',
        'With the course code files (課程代碼檔) of schools, loaded with lpx load --course-codes, it names the subject and the credits of each term, and load, export and import compare every course result with them.',
      ],
    },
    'borrowed-study': {
      title: 'Borrowed study',
      paragraphs: [
        'In borrowed study (借讀) a student takes a term at a host school (借讀學校) and stays enrolled at the home school (原學校).',
        'When the term ends, the host school exports what the student did there, and the home school imports it:',
        '  lpx export A800000014 --reason borrowed-study --left 2021-01-22 --to 990001',
        'What was taught at the host school is marked as taken in borrowed study and keeps the host school’s course codes. The home school’s register lists it on a sheet of its own.',
        'Grades go another way: the host school reports them to the home school, which records and submits them. See lpx advise --case borrowed-study.',
      ],
    },
    'exit-codes': { title: 'Exit codes', paragraphs: ['A command ends with one of these codes. With --json, error.code says more.'] },
  },
  'zh-TW': {
    package: {
      title: '交換檔',
      paragraphs: [
        '交換檔是一個 ZIP，檔名為 <學校代碼>_<年>_<月>_<日>_<時>_<分>_<秒>.zip；旁邊有一個同名、加上 .md5 的簽章檔。兩個檔案一起寄，密碼另用別的方式告知。',
        '裡面有一份 JSON，記載所有學生；每位學生另有一個以身分證號命名的資料夾，放課程學習成果與多元表現的檔案。每個檔案都加密，但檔案與資料夾的名稱沒有加密，拿到交換檔的人看得見身分證號。',
        '交換的內容：基本資料、教師已認證的課程學習成果、已上傳的多元表現。課程學習成果維持開課學校的課程代碼。',
        'lpx verify 檢查交換檔，lpx show <交換檔> 顯示內容，lpx import 匯入資料庫，全有或全無。',
        '  lpx verify 990001_2021_01_22_10_30_00.zip',
      ],
    },
    password: {
      title: '密碼',
      paragraphs: [
        '密碼絕不寫在指令列上，以免同一台電腦的其他使用者看見。可用下列任一種方式提供：',
        '  --password-file <檔案>   檔案中第一個非空白行',
        '  --password-stdin         標準輸入的第一個非空白行',
        '  LPX_PASSWORD             環境變數',
        '  以上皆無                 在終端機詢問，輸入時不顯示',
        '請只用一種。選項優先於 LPX_PASSWORD，lpx 會提醒。',
        '匯出時可用 --generate-password --password-out <檔案>，產生高強度密碼，寫進只有您能讀取的檔案；密碼裡沒有容易看錯的字元。',
        '請以電話或其他方式告知密碼，絕不與交換檔寫在同一封信裡。',
      ],
    },
    'course-code': {
      title: '課程代碼',
      paragraphs: [
        '課程代碼有 23 碼，依序為：適用學年度（3）、學校代碼（6）、課程類型（1）、群別（2）、科別（3）、班群（1）、課程類別（1）、開課方式（1）、科目屬性（1）、領域名稱（2）、科目名稱代碼（2）。',
        '課程學習成果維持開課學校的課程代碼，學生之後到哪一所學校都不變；lpx 一字不改地帶著走。',
        'lpx code 解讀課程代碼，標出每一個不對的字元；各部分之間有空白也可以。',
        '  lpx code 1091904xxV233050102000B',
        '以 lpx load --course-codes 載入各校的課程代碼檔之後，lpx code 會說出科目名稱與各學期學分；載入、匯出與匯入時也會逐筆核對。',
      ],
    },
    'borrowed-study': {
      title: '借讀',
      paragraphs: [
        '借讀的學生在借讀學校修讀一學期，學籍仍在原學校。',
        '學期結束時，由借讀學校匯出學生在該校的學習成果，由原學校匯入：',
        '  lpx export A800000014 --reason 借讀 --left 110/01/22 --to 990001',
        '在借讀學校修習的課程學習成果會註明為借讀期間修習，維持借讀學校的課程代碼；原學校的名冊另列於借讀的工作表。',
        '成績另行辦理：由借讀學校通知原學校，原學校登錄並提交。請看 lpx advise --case 借讀。',
      ],
    },
    'exit-codes': { title: '結束代碼', paragraphs: ['每個指令結束時回傳下列其中一個代碼。使用 --json 時，error.code 有更詳細的說明。'] },
  },
};
