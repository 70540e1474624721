import assert from "node:assert/strict";
import { makeAuthority } from "../../core/https/certificate.ts";
import { certificatePem } from "../../core/https/pem.ts";
import { runCommand } from "../process/command.ts";
import { CERTUTIL, findDatabases, nssStore, type NssUser, SETPRIV } from "./store_nss.ts";

/** The user `nobody`. */
const NOBODY = 65_534;

const isPossible = Deno.build.os === "linux" && Deno.uid() === 0 &&
  [CERTUTIL, SETPRIV].every((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });

/** A database without a password. */
async function makeDatabase(folder: string, owner: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const { code, stderr } = await runCommand([CERTUTIL, "-N", "--empty-password", "-d", `sql:${folder}`]);
  assert.equal(code, 0, stderr);
  await Deno.chmod(folder, 0o700);
  await Deno.chown(folder, owner, owner);
  for await (const { name } of Deno.readDir(folder)) await Deno.chown(`${folder}/${name}`, owner, owner);
}

Deno.test({
  name:
    "a link in a user's home leads to no file that the user may not write (needs root and certutil on Linux)",
  ignore: !isPossible,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "dc-nss-" });
    try {
      await Deno.chmod(folder, 0o755);
      const user: NssUser = { uid: NOBODY, gid: NOBODY, home: `${folder}/home` };
      await Deno.mkdir(`${user.home}/.pki`, { recursive: true });
      const own = `${user.home}/.local/share/pki/nssdb`;
      await makeDatabase(own, NOBODY);
      await makeDatabase(`${folder}/precious`, 0);
      await Deno.symlink(`${folder}/precious`, `${user.home}/.pki/nssdb`);
      const precious = await Deno.readFile(`${folder}/precious/cert9.db`);

      const databases = await findDatabases(user);
      assert.deepEqual(databases, [`${user.home}/.pki/nssdb`, own]);
      const pem = certificatePem(makeAuthority("container.internal", Date.now()).certificate);
      const [link, real] = databases.map((database) => nssStore(database, user));
      await assert.rejects(async () => await link?.install(pem), /Cannot change .*\.pki\/nssdb/);
      assert.deepEqual(await Deno.readFile(`${folder}/precious/cert9.db`), precious);
      await real?.install(pem);
      assert.equal((await Deno.stat(`${own}/cert9.db`)).uid, NOBODY);
      assert.equal(await real?.remove(), true);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
