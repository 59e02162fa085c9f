import { describe, expect, it } from 'vitest';
import { CODE_TABLES } from '#lpx/spec/codes.js';
import { LISTS } from '#lpx/spec/portfolio.js';

/** Spec 10, value by value. */
const SPEC_10 = {
  // C1 (P, U)
  cadreLevel: { 1: '校級幹部', 2: '班級幹部', 3: '社團幹部', 4: '實習幹部', 5: '校外自治組織團體', 9: '其他幹部' },
  // C2 (P, J, U)
  competitionLevel: { 1: '校級', 2: '縣市級', 3: '全國', 4: '國際' },
  // C3 (P, J)
  participation: { 1: '個人', 2: '團體' },
  // C4 (P, J)
  certificateType: { 1: '英語能力檢定', 2: '其他語言能力檢定', 3: '技能檢定及技術士證照', 4: '不在以上類別' },
  // C5 (P, U)
  groupActivity: { 1: '班級活動', 2: '社團活動', 3: '學生自治會活動', 4: '週會', 5: '講座', 6: '其他' },
  // C6 (P, U)
  flexibleLearning: { 1: '自主學習', 2: '選手培訓', 3: '充實(增廣)課程', 4: '補強性課程', 5: '學校特色活動' },
  // C10 (P)
  workplaceLearning: { 1: '職場體驗或參訪', 2: '職場實習', 3: '職場工作經驗', 4: '其他' },
  // C8 (P, I)
  certification: { 0: '認證失敗', 1: '認證成功', 2: '尚未認證' },
};

describe('the code tables', () => {
  it('hold every value that the spec names, and no other', () => {
    expect(CODE_TABLES).toEqual(SPEC_10);
  });

  it('are each used by a property of the wire', () => {
    const used = new Set(LISTS.flatMap((list) => list.properties.flatMap((property) => property.codes ?? [])));
    expect([...used].sort()).toEqual(Object.keys(CODE_TABLES).sort());
  });
});
