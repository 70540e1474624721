import { platform } from "../../ffi/platform.ts";
import { invokingUser } from "./invoking_user.ts";
import { darwinStore } from "./store_darwin.ts";
import { linuxStore } from "./store_linux.ts";
import { CERTUTIL, findDatabases, nssStore } from "./store_nss.ts";
import type { TrustStore } from "./trust_store.ts";

/**
 * Finds the stores of the system and of the browsers of the user who runs the command.
 *
 * @param tell is told which were left out
 */
export async function findStores(tell: (words: string) => void): Promise<TrustStore[]> {
  // Browsers of macOS read its keychain.
  if (platform.os === "darwin") return [darwinStore()];
  const system = await linuxStore();
  const user = await invokingUser(Deno.env.get("SUDO_UID"), Deno.uid());
  const databases = user === undefined ? [] : await findDatabases(user);
  if (databases.length > 0 && !await Deno.stat(CERTUTIL).then(() => true, () => false)) {
    const remedy = "install libnss3-tools (Debian) or nss-tools (Fedora), then run this again";
    tell(`browsers were left out: there is no ${CERTUTIL}; ${remedy}`);
    databases.length = 0;
  }
  const browsers = user === undefined ? [] : databases.map((database) => nssStore(database, user));
  return [...system === undefined ? [] : [system], ...browsers];
}
