/** What a student information system starts from: one student, from one school's store into another's. */
import { createStore, exportPackage, importPackage, LpxError, loadFolder, verifyPackage } from 'lpx';

const [platform = 'samples/transfer'] = process.argv.slice(2);
const password = 'Sample-Pass-2021'; // Yours comes from a prompt or a vault: give a function, and it is asked when needed.
const operator = 'registrar';

const oldSchool = await createStore('old-school', { code: '990001', name: '示範高中' }); // The next time: openStore('old-school')
const newSchool = await createStore('new-school', { code: '990002', name: '樣本高工' });
try {
  await loadFolder(oldSchool, { path: platform, operator });
  const student = { nationalIds: ['A800000014'], reason: 'transfer', left: '2021-01-22' } as const;
  const { packages } = await exportPackage(oldSchool, { ...student, outFolder: 'outbox', password, operator });
  for (const { zipFile } of packages) {
    const { ok, findings } = await verifyPackage({ zipFile, password });
    if (!ok) console.error(findings.map(({ code }) => code));
    const { outcome } = await importPackage(newSchool, { zipFile, password, createStudents: true, operator });
    console.log(zipFile, outcome);
  }
} catch (error) {
  if (!(error instanceof LpxError)) throw error;
  console.error(error.code, error.message); // Without national ids: whose data it is stands in error.place.
} finally {
  await Promise.all([oldSchool.close(), newSchool.close()]);
}
