import { GUIDE_109 } from './guide-109.js';
import { type LimitProfile, MIB } from './profile.js';

const DOCUMENT = { types: ['pdf', 'jpg', 'png'], bytes: 4 * MIB };
const MEDIA = { types: ['mp3', 'mp4'], bytes: 10 * MIB };

/** Larger files since semester 1 of year 109, the rest as in the guide (docs/spec.md#files). */
export const MINISTRY_109_1: LimitProfile = {
  ...GUIDE_109,
  from: '1091',
  source: '教育部 109.12.23 新聞稿',
  files: {
    courseResults: { document: DOCUMENT, media: MEDIA },
    multiPerformances: { document: DOCUMENT, media: MEDIA },
  },
};
