import { OperationError } from "../../core/error.ts";
import { type RunCommand, runCommand } from "../process/command.ts";
import { AUTHORITY_NAME, isSamePem, type TrustStore } from "./trust_store.ts";

/** The program of NSS: package libnss3-tools of Debian, nss-tools of Fedora. */
export const CERTUTIL = "/usr/bin/certutil";
/** The program of util-linux by which root runs a program as another user. */
export const SETPRIV = "/usr/bin/setpriv";

/** Where Chromium has its database, and where Firefox has its profiles, from the user's home. */
const CHROMIUM_FOLDERS = [".pki/nssdb", ".local/share/pki/nssdb", "snap/chromium/current/.pki/nssdb"];
const FIREFOX_FOLDERS = [
  ".mozilla/firefox",
  ".config/mozilla/firefox",
  "snap/firefox/common/.mozilla/firefox",
  ".var/app/org.mozilla.firefox/.mozilla/firefox",
];
/** Profiles of Firefox that are looked at. */
const MAX_PROFILES = 32;

/** Whose databases they are. */
export interface NssUser {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Finds the databases of a user's browsers. */
export async function findDatabases({ home }: NssUser): Promise<string[]> {
  const found: string[] = [];
  const add = async (folder: string) => {
    if (await Deno.stat(`${folder}/cert9.db`).then(() => true, () => false)) found.push(folder);
  };
  for (const folder of CHROMIUM_FOLDERS) await add(`${home}/${folder}`);
  for (const folder of FIREFOX_FOLDERS) {
    let count = 0;
    try {
      for await (const { name, isDirectory } of Deno.readDir(`${home}/${folder}`)) {
        if (count++ >= MAX_PROFILES) break;
        if (isDirectory) await add(`${home}/${folder}/${name}`);
      }
    } catch {
      // The browser was never used here.
    }
  }
  return found;
}

/**
 * A database of NSS, which Firefox and Chromium read. The program that writes it runs as its user: as root it would follow links of
 * that user's to files of others.
 */
export function nssStore(database: string, user: NssUser, run: RunCommand = runCommand): TrustStore {
  const isSelf = user.uid === Deno.uid();
  const asUser = isSelf
    ? []
    : [SETPRIV, `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--no-new-privs"];
  const certutil = (argv: readonly string[], input?: string) =>
    run([...asUser, CERTUTIL, ...argv, "-d", `sql:${database}`], {
      env: { HOME: user.home },
      ...input === undefined ? {} : { input },
    });
  const remove = async () => (await certutil(["-D", "-n", AUTHORITY_NAME])).code === 0;
  return {
    name: `the browsers' store ${database}`,
    async install(certificate) {
      await remove();
      // "C": a trusted authority for web servers, and for nothing else. The certificate comes by standard input.
      const { code, stderr } = await certutil(["-A", "-a", "-n", AUTHORITY_NAME, "-t", "C,,"], certificate);
      if (code === 0) return;
      throw new OperationError(
        "failure",
        `Cannot change ${database}: ${stderr.trim().replace(/\.$/, "").slice(0, 200)}`,
        "Close the browser and try again; a database with a password of its own has to be changed in the browser",
      );
    },
    async holds(certificate) {
      const { code, stdout } = await certutil(["-L", "-a", "-n", AUTHORITY_NAME]);
      return code === 0 && isSamePem(certificate, stdout);
    },
    remove,
  };
}
