/** 學校代碼: six digits or letters (spec 3). The list of schools changes yearly and is not ours to keep. */
export const isSchoolCode = (text: string): boolean => /^[0-9A-Za-z]{6}$/.test(text);
