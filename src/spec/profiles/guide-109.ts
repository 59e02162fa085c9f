import { type LimitProfile, MIB } from './profile.js';

const DOCUMENT = { types: ['pdf', 'jpg', 'png'], bytes: 2 * MIB };
const MEDIA = { types: ['mp3', 'mp4'], bytes: 5 * MIB };

/** The Ministry's guide: files and briefs in part TWO, what is submitted and collected in parts ONE and FOUR. */
export const GUIDE_109: LimitProfile = {
  from: '1081',
  source: '109 學年度高級中等學校說明版（109.08）',
  files: {
    courseResults: { document: DOCUMENT, media: MEDIA },
    multiPerformances: { document: DOCUMENT, media: MEDIA },
  },
  briefCharacters: 100,
  quotas: { courseResults: { perYear: 6, inAll: 18 }, multiPerformances: { perYear: 10, inAll: 30 } },
};
