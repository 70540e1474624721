import { createHash } from "node:crypto";
import { OperationError } from "../../core/error.ts";
import { pemBytes } from "../../core/https/pem.ts";
import { type RunCommand, runCommand } from "../process/command.ts";
import type { TrustStore } from "./trust_store.ts";

/** security(1) of macOS. */
export const SECURITY = "/usr/bin/security";
const KEYCHAIN = "/Library/Keychains/System.keychain";
/** Milliseconds: macOS may ask the user. */
const TIMEOUT_MS = 120_000;

/**
 * The system's keychain of macOS.
 *
 * @param domain the authority's; its common name begins with it
 */
export function darwinStore(run: RunCommand = runCommand): TrustStore {
  const succeed = async (argv: readonly string[]) => {
    const { code, stderr, stdout } = await run([SECURITY, ...argv], { timeout: TIMEOUT_MS });
    if (code === 0) return stdout;
    throw new OperationError(
      "failure",
      `Cannot change the system's keychain: ${stderr.trim().slice(0, 200)}`,
      "Run the command as root, on the Mac's own screen",
    );
  };
  /** SHA-1 of our authorities there; empty where there are none. */
  const find = async () => {
    const { code, stdout } = await run([
      SECURITY,
      "find-certificate",
      "-a",
      "-Z",
      "-c",
      "docker-connector authority",
      KEYCHAIN,
    ]);
    return code === 0
      ? [...stdout.matchAll(/^SHA-1 hash: ([0-9A-F]{40})$/gm)].map(([, hash = ""]) => hash)
      : [];
  };
  const remove = async () => {
    const hashes = await find();
    for (const hash of hashes) await succeed(["delete-certificate", "-t", "-Z", hash, KEYCHAIN]);
    return hashes.length > 0;
  };
  return {
    name: "the system's keychain",
    async install(certificate) {
      await remove();
      const folder = await Deno.makeTempDir();
      try {
        const file = `${folder}/authority.pem`;
        await Deno.writeTextFile(file, certificate);
        await succeed(["add-trusted-cert", "-d", "-r", "trustRoot", "-p", "ssl", "-k", KEYCHAIN, file]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
    async holds(certificate) {
      // security(1) names certificates by the SHA-1 of their bytes.
      const sha1 = createHash("sha1").update(pemBytes(certificate) ?? "").digest("hex").toUpperCase();
      return (await find()).includes(sha1);
    },
    remove,
  };
}
