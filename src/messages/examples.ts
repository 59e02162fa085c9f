/** Two examples of every command. A test reads each as lpx would. */
import type { CommandName, Language } from './messages.js';

type Examples = Readonly<Partial<Record<CommandName, readonly [string, string]>>>;

const english: Examples = {
  init: ['lpx init --school 990001 --name 示範高中', 'lpx --store /srv/lpx init --school 990001 --shared registrars'],
  school: ['lpx school', 'lpx school --name 示範高中'],
  leave: ['lpx leave A800000014 --as transferred --left 2021-01-22', 'lpx leave --list ids.txt --as graduated'],
  undo: ['lpx undo 12 --dry-run', 'lpx undo 12 --yes'],
  remove: ['lpx remove A800000014 --dry-run', 'lpx remove A800000014 --reason duplicate'],
  load: ['lpx load platform-export', 'lpx load students.csv results.xlsx --attachments files'],
  students: ['lpx students', 'lpx students 林'],
  export: [
    'lpx export A800000014 --reason transfer --left 2021-01-22 --to 990002',
    'lpx export --list ids.txt --reason borrowed-study --term 109-1 --out mail',
  ],
  'batch-export': [
    'lpx batch export list.csv --out mail --passwords secret',
    'lpx batch export list.xlsx --out mail --passwords secret --resume',
  ],
  'batch-verify': ['lpx batch verify inbox --passwords secret', 'lpx batch verify inbox --passwords passwords.csv --results check.xlsx'],
  'batch-import': [
    'lpx batch import inbox --passwords passwords.csv --create-students',
    'lpx batch import inbox --passwords secret --watch',
  ],
  'batch-status': ['lpx batch status', 'lpx batch status --all --json'],
  'batch-retry': ['lpx batch retry 3f0a91c2', 'lpx batch retry --all'],
  'batch-drop': ['lpx batch drop 3f0a91c2', 'lpx batch drop --all'],
  worker: ['lpx worker --identity workers.key --jobs 4', 'lpx worker --passwords secret --metrics 127.0.0.1:9464 --log json'],
  verify: ['lpx verify 990001_2021_01_22_10_30_00.zip', 'lpx verify inbox/*.zip --password-file pw.txt'],
  import: ['lpx import 990001_2021_01_22_10_30_00.zip --dry-run', 'lpx import 990001_2021_01_22_10_30_00.zip --create-students'],
  show: ['lpx show 林小禾', 'lpx show 990001_2021_01_22_10_30_00.zip'],
  history: ['lpx history --student A800000014', 'lpx history --kind export --since 2021-01-01 --csv'],
  code: ['lpx code 1091904xxV233050102000B', 'lpx code 109 1904xx V 23 305 0 1 0 2 00 0B'],
  advise: ['lpx advise --case transfer --left 2020-01-20', 'lpx advise --case borrowed-study'],
  status: ['lpx status A800000014', 'lpx status 林小禾'],
  pick: ['lpx pick A800000014 R2 R4 R9', 'lpx pick --list choices.csv'],
  register: ['lpx register --year 109 --out registers', 'lpx register --year 109 --format csv --batch final-1'],
  slip: ['lpx slip 3 --out mail', 'lpx slip 3 --password-slip slips/3.html --password-file pw.txt'],
  files: ['lpx files A800000014 --picked --out files', 'lpx files 990001_2021_01_22_10_30_00.zip --out files'],
  backup: ['lpx backup /mnt/nas/lpx --keep 30', 'lpx backup /mnt/nas/lpx --rehearse'],
  restore: ['lpx restore /mnt/nas/lpx new-store', 'lpx restore /mnt/nas/lpx new-store --snapshot 20210121'],
  doctor: ['lpx doctor', 'lpx doctor --part 1/7 --repair'],
  recover: ['lpx recover from-students --dry-run', 'lpx recover from-students old-packages --passwords passwords.csv'],
  receipt: ['lpx receipt 3 --by registrar --out mail', 'lpx receipt --check 990001_2021_01_22_10_30_00.receipt.json'],
  demo: ['lpx demo', 'lpx demo --lang zh-TW'],
  where: ['lpx where', 'lpx --store /srv/lpx where'],
  help: ['lpx help export', 'lpx help password'],
  completion: ['lpx completion bash >> ~/.bashrc', 'lpx completion fish > ~/.config/fish/completions/lpx.fish'],
};

export const EXAMPLES: Readonly<Record<Language, Examples>> = {
  en: english,
  'zh-TW': {
    ...english,
    history: ['lpx history --student 林小禾', 'lpx history --kind 匯出 --since 110/01/01 --csv'],
    leave: ['lpx leave A800000014 --as 轉出 --left 110/01/22', 'lpx leave --list 名單.txt --as 畢業'],
    remove: ['lpx remove A800000014 --dry-run', 'lpx remove 林小禾 --reason 誤建'],
    load: ['lpx load 平臺匯出', 'lpx load 學生名單.csv 名冊.xlsx --attachments 附件'],
    export: [
      'lpx export A800000014 --reason 轉學 --left 110/01/22 --to 990002',
      'lpx export --list 名單.txt --reason 借讀 --term 109-1 --out 寄出',
    ],
    'batch-export': [
      'lpx batch export 名單.csv --out 寄出 --passwords 密碼',
      'lpx batch export 名單.xlsx --out 寄出 --passwords 密碼 --resume',
    ],
    'batch-verify': ['lpx batch verify 收件 --passwords 密碼', 'lpx batch verify 收件 --passwords 密碼.csv --results 檢查.xlsx'],
    'batch-import': ['lpx batch import 收件 --passwords 密碼.csv --create-students', 'lpx batch import 收件 --passwords 密碼 --watch'],
    verify: ['lpx verify 990001_2021_01_22_10_30_00.zip', 'lpx verify 收件/*.zip --password-file 密碼.txt'],
    advise: ['lpx advise --case 轉學 --left 109/01/20', 'lpx advise --case 借讀'],
    pick: ['lpx pick A800000014 R2 R4 R9', 'lpx pick --list 勾選.csv'],
    register: ['lpx register --year 109 --out 名冊', 'lpx register --year 109 --format csv --batch final-1'],
    slip: ['lpx slip 3 --out 寄出', 'lpx slip 3 --password-slip 密碼單/3.html --password-file 密碼.txt'],
    files: ['lpx files 林小禾 --picked --out 檔案', 'lpx files 990001_2021_01_22_10_30_00.zip --out 檔案'],
    backup: ['lpx backup /mnt/nas/lpx --keep 30', 'lpx backup /mnt/nas/lpx --rehearse'],
    restore: ['lpx restore /mnt/nas/lpx 新資料庫', 'lpx restore /mnt/nas/lpx 新資料庫 --snapshot 20210121'],
    recover: ['lpx recover 學生檔案 --dry-run', 'lpx recover 學生檔案 舊交換檔 --passwords 密碼.csv'],
    receipt: ['lpx receipt 3 --by 註冊組 --out 寄出', 'lpx receipt --check 990001_2021_01_22_10_30_00.receipt.json'],
    demo: ['lpx demo', 'lpx demo --lang en'],
  },
};
