/**
 * The code tables of the spec (10, C1-C12), value to Chinese name. Each row is cited there. A value in no
 * table is carried unchanged and reported, never refused.
 */
export type CodeTableName =
  | 'cadreLevel'
  | 'competitionLevel'
  | 'participation'
  | 'certificateType'
  | 'groupActivity'
  | 'flexibleLearning'
  | 'workplaceLearning'
  | 'certification';

export type CodeTable = Readonly<Record<string, string>>;

export const CODE_TABLES: Readonly<Record<CodeTableName, CodeTable>> = {
  cadreLevel: { 1: '校級幹部', 2: '班級幹部', 3: '社團幹部', 4: '實習幹部', 5: '校外自治組織團體', 9: '其他幹部' },
  competitionLevel: { 1: '校級', 2: '縣市級', 3: '全國', 4: '國際' },
  participation: { 1: '個人', 2: '團體' },
  certificateType: { 1: '英語能力檢定', 2: '其他語言能力檢定', 3: '技能檢定及技術士證照', 4: '不在以上類別' },
  groupActivity: { 1: '班級活動', 2: '社團活動', 3: '學生自治會活動', 4: '週會', 5: '講座', 6: '其他' },
  flexibleLearning: { 1: '自主學習', 2: '選手培訓', 3: '充實(增廣)課程', 4: '補強性課程', 5: '學校特色活動' },
  workplaceLearning: { 1: '職場體驗或參訪', 2: '職場實習', 3: '職場工作經驗', 4: '其他' },
  certification: { 0: '認證失敗', 1: '認證成功', 2: '尚未認證' },
};

/** What else people call a code's name. */
export const CODE_SYNONYMS: Readonly<Partial<Record<CodeTableName, Readonly<Record<string, readonly string[]>>>>> = {
  competitionLevel: { 2: ['縣市', '直轄市', '縣市政府'], 3: ['全國性', '國內'], 4: ['國際性', '國外'] },
  participation: { 1: ['個人參與', '個人賽'], 2: ['團體參與', '團體賽', '團隊'] },
  certification: {
    0: ['失敗', '未通過', '不通過', '認證未通過', '退回'],
    1: ['成功', '通過', '已認證', '認證通過'],
    2: ['未認證', '待認證', '認證中'],
  },
};

/** The parts of a course code, in order. */
export type CourseCodePart =
  | 'entryYear'
  | 'school'
  | 'courseType'
  | 'group'
  | 'department'
  | 'classGroup'
  | 'category'
  | 'delivery'
  | 'attribute'
  | 'domain'
  | 'subject';

/**
 * What is named of each part of a course code. Departments follow 教育部統計處, which has hundreds; here
 * stand those that the guide and the spec name. A subject's fixed code means something within its domain only, so
 * both together are the key.
 */
export const COURSE_CODE_TABLES: Readonly<Partial<Record<CourseCodePart, CodeTable>>> = {
  courseType: { H: '普通型', V: '技術型', M: '綜合型', E: '實用技能學程' },
  group: { 11: '學術群', 21: '機械群', 22: '動力機械群', 23: '電機與電子群' },
  department: { 101: '普通科', 305: '資訊科' },
  classGroup: { 0: '不分班群' },
  category: {
    1: '部定必修',
    2: '校訂必修',
    3: '選修-加深加廣選修',
    4: '選修-補強性選修',
    5: '選修-多元選修',
    6: '選修-其他',
    7: '校訂選修',
    8: '團體活動時間',
    9: '彈性學習時間',
    A: '大學預修',
    B: '基礎訓練',
    C: '職前訓練',
    D: '寒暑假課程',
    E: '返校課程',
    F: '職業技能訓練',
  },
  delivery: {
    0: '原班級',
    1: '跨班選修(班群開課)',
    2: '綜高跨年級',
    A: '同科(學程)單班選修',
    B: '同科(學程)跨班選修',
    C: '同群跨科(學程)選修',
    D: '同校跨群選修',
    E: '跨校選修',
  },
  attribute: {
    0: '不分屬性',
    1: '一般科目',
    2: '專業科目',
    3: '實習科目',
    4: '專精科目',
    5: '專精科目(核心科目)',
    6: '加深加廣選修',
    A: '自主學習',
    B: '選手培訓',
    C: '充實補強(不授予學分)',
    D: '充實補強(授予學分)',
    E: '學校特色活動',
  },
  domain: {
    '00': '不分領域',
    '01': '語文領域',
    '02': '數學領域',
    '03': '社會領域',
    '04': '自然科學領域',
    '05': '藝術領域',
    '06': '綜合活動領域',
    '07': '科技領域',
    '08': '健康與體育領域',
    '09': '全民國防教育',
  },
  subject: { '0101': '國語文', '000B': '微處理機' },
};
