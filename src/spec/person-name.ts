/** Whether two forms of a name are the name of one person, as far as writing can show. */

/**
 * Characters that are one character in another shape: each word is a group. Those of OpenCC's table of Taiwan's
 * variants (https://github.com/BYVoid/OpenCC, data/dictionary/TWVariants.txt), and of Unicode's Unihan database
 * (kZVariant and kSemanticVariant, https://www.unicode.org/reports/tr38/) those that occur in names. Characters that
 * are used as different names (涂 and 凃, 游 and 遊, 哲 and 喆) are not here.
 */
const VARIANTS = (
  '峰峯 台臺 群羣 啟啓 為爲 媯嬀 嫻嫺 偽僞 裡裏 眾衆 秘祕 痴癡 床牀 著着 溈潙 晒曬 稜棱 汙污 參蔘 蒍蔿 踴踊 缽鉢 針鍼 ' +
  '真眞 慎愼 鎮鎭 填塡 青靑 清淸 靜静 淨净 爭争 溫温 黃黄 衛衞 彥彦 產産 說説 稅税 脫脱 悅悦 銳鋭 綠緑 錄録 祿禄 吳吴呉 姬姫 ' +
  '冊册 強强 晉晋 柏栢 恆恒 德徳 涼凉 敘叙敍 寶寳 鑑鑒 戶户戸 內内 呂吕 宮宫 高髙 研硏 妍姸 穎頴 賴頼 增増 曾曽 寬寛 俞兪 喻喩 麟麐 ' +
  '傑杰 迪廸 詠咏 湧涌 勳勛 雞鷄 郎郞 線綫 卻却 踪蹤 煙烟 珍珎'
).split(' ');

const SHAPE_OF = new Map(VARIANTS.flatMap(([first = '', ...others]) => others.map((other) => [other, first] as const)));

/** The dots between the parts of a name: · ‧ ． • ・ and their like, narrowed by NFKC. */
const DOTS = /[\u00b7\u2027\u2022\u30fb\u2219\u22c5.]/g;

/** Blanks, and characters that do not show: control characters, joiners, variation selectors, fillers. */
const UNSEEN = /[\s\p{C}\p{Default_Ignorable_Code_Point}]/gu;
const PRIVATE_USE = /\p{Co}/u;

/**
 * `same`: character for character; `spelling`: by blanks, dots, width, case or what does not show; `variant`: by
 * characters that are variants of one another; `different`: otherwise.
 */
export type NameMatch = 'same' | 'spelling' | 'variant' | 'different';

export function compareNames(a: string, b: string): NameMatch {
  if (a.normalize('NFC') === b.normalize('NFC')) return 'same';
  const [plainA, plainB] = [plainName(a), plainName(b)];
  if (plainA === plainB) return 'spelling';
  return shapeOf(plainA) === shapeOf(plainB) ? 'variant' : 'different';
}

/** Whether a name has these characters in it, however they are written. */
export const nameHas = (name: string, part: string): boolean => shapeOf(plainName(name)).includes(shapeOf(plainName(part)));

/** The first difference of two names that are not the same: which character, from 1, and how each has it. */
export function differenceOf(a: string, b: string): { readonly position: number; readonly a: string; readonly b: string } {
  const [charactersA, charactersB] = [[...a.normalize('NFC')], [...b.normalize('NFC')]];
  const plain = (character: string | undefined) => shapeOf(plainName(character ?? ''));
  const longer = Math.max(charactersA.length, charactersB.length);
  const differs = (fits: (i: number) => boolean) => Array.from({ length: longer }, (_, i) => i).find(fits);
  const index = differs((i) => plain(charactersA[i]) !== plain(charactersB[i])) ?? differs((i) => charactersA[i] !== charactersB[i]) ?? 0;
  return { position: index + 1, a: charactersA[index] ?? '', b: charactersB[index] ?? '' };
}

/** A name without what may differ in writing. Private-use characters stay: they are what the name has. */
const plainName = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(UNSEEN, (character) => (PRIVATE_USE.test(character) ? character : ''))
    .replace(DOTS, '·')
    .toLowerCase();

const shapeOf = (plain: string): string => Array.from(plain, (character) => SHAPE_OF.get(character) ?? character).join('');
