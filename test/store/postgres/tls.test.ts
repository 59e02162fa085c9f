import { execFileSync } from 'node:child_process';
import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { postgresLocation } from '#lpx/store/location.js';
import { PostgresSession } from '#lpx/store/postgres/session.js';
import { hasPostgres, ownServer, query, type Server } from '../../support/postgres.js';
import { tempFolder } from '../../support/temp.js';
import { describeWith } from '../../support/tools.js';

const openssl = (folder: string, ...words: readonly string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
const PASSWORD = 'made-up-word';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-batch'];

/** An authority: `<name>.crt` and `<name>.key` in a folder. */
function makeAuthority(folder: string, name: string): string {
  openssl(folder, 'req', '-x509', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '2', '-subj', `/CN=${name}`);
  return join(folder, `${name}.crt`);
}

/** Has a server speak TLS, with a certificate for `localhost` and its number. */
async function secure(server: Server, folder: string, authority: string): Promise<void> {
  openssl(folder, 'req', ...NEW_KEY, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server');
  writeFileSync(join(folder, 'names'), 'subjectAltName = DNS:localhost, IP:127.0.0.1\n');
  const signing = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  openssl(folder, 'x509', '-req', '-in', 'server.csr', ...signing, '-out', 'server.crt');
  const data = join(server.folder, 'data');
  for (const name of ['server.crt', 'server.key']) {
    writeFileSync(join(data, name), readFileSync(join(folder, name)), { mode: 0o600 });
    chownSync(join(data, name), statSync(data).uid, statSync(data).gid);
  }
  await query(server, 'postgres', 'alter system set ssl = on');
  await query(server, 'postgres', 'select pg_reload_conf()');
  while ((await query<{ ssl: string }>(server, 'postgres', 'show ssl'))[0]?.ssl !== 'on') await sleep(20);
}

/** `encrypted`, `open`, or the code of the error. */
async function connected(url: string): Promise<string> {
  try {
    const session = await PostgresSession.connect(postgresLocation(url));
    const [row] = await session.rows<{ ssl: boolean }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    await session.end();
    return row?.ssl ? 'encrypted' : 'open';
  } catch (error) {
    if (!(error instanceof LpxError)) throw error;
    expect(inspect(error, { depth: 10 })).not.toContain(PASSWORD);
    return error.code;
  }
}

describeWith(['openssl'], 'a connection over TLS', () => {
  it.skipIf(!hasPostgres && process.env.LPX_TOOLS !== 'required')(
    'is made to the server whose certificate and name are right, and to no other; without a warning',
    async () => {
      const folder = tempFolder();
      const [own, other] = [makeAuthority(folder, 'own'), makeAuthority(folder, 'other')];
      const server = await ownServer();
      await secure(server, folder, 'own');
      const warnings: string[] = [];
      const note = ({ message }: Error) => warnings.push(message);
      process.on('warning', note);
      onTestFinished(() => void process.off('warning', note));
      const at = (host: string, settings: string) => `postgres://postgres@${host}:${server.port}/postgres?${settings}`;
      vi.stubEnv('PGPASSWORD', PASSWORD);
      // Another name of the same computer, which the certificate does not have.
      const misnamed = '127.1';
      for (const [host, settings, outcome] of [
        ['localhost', `sslmode=verify-full&sslrootcert=${own}`, 'encrypted'],
        ['127.0.0.1', `sslmode=verify-full&sslrootcert=${own}`, 'encrypted'],
        [misnamed, `sslmode=verify-full&sslrootcert=${own}`, 'LPX_DATABASE_TLS'],
        [misnamed, `sslmode=verify-ca&sslrootcert=${own}`, 'encrypted'],
        ['localhost', `sslmode=verify-full&sslrootcert=${other}`, 'LPX_DATABASE_TLS'],
        ['localhost', `sslmode=verify-ca&sslrootcert=${other}`, 'LPX_DATABASE_TLS'],
        ['localhost', `sslmode=require&sslrootcert=${other}`, 'LPX_DATABASE_TLS'],
        ['localhost', 'sslmode=verify-full', 'LPX_DATABASE_TLS'],
        ['localhost', 'sslmode=require', 'encrypted'],
        ['localhost', 'sslmode=prefer', 'encrypted'],
        ['localhost', 'sslmode=disable', 'open'],
      ] as const)
        expect([host, settings, await connected(at(host, settings))]).toEqual([host, settings, outcome]);
      vi.stubEnv('PGSSLMODE', 'verify-full');
      vi.stubEnv('PGSSLROOTCERT', own);
      expect(await connected(at('localhost', ''))).toBe('encrypted');
      vi.stubEnv('PGSSLROOTCERT', other);
      expect(await connected(at('localhost', ''))).toBe('LPX_DATABASE_TLS');
      expect(warnings).toEqual([]);
    },
  );
});
