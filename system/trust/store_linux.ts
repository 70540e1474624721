import { OperationError } from "../../core/error.ts";
import { type RunCommand, runCommand } from "../process/command.ts";
import { wordsOf } from "../process/runtime_error.ts";
import { AUTHORITY_NAME, isSamePem, type TrustStore } from "./trust_store.ts";

/** The folders of a distribution's store, and the program that makes the bundles of them. */
interface StorePlace {
  readonly folder: string;
  readonly program: string;
}

/** update-ca-certificates(8) of Debian and Alpine; update-ca-trust(8) of Fedora; that of Arch is the last. */
export const LINUX_STORES: readonly StorePlace[] = [
  { folder: "/usr/local/share/ca-certificates", program: "/usr/sbin/update-ca-certificates" },
  { folder: "/etc/pki/ca-trust/source/anchors", program: "/usr/bin/update-ca-trust" },
  { folder: "/etc/ca-certificates/trust-source/anchors", program: "/usr/bin/update-ca-trust" },
];

/** The programs are shell scripts that call others by name. */
const ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
/** Milliseconds that they may take: they read each certificate of the system. */
const TIMEOUT_MS = 60_000;

/** Finds the system's store; undefined where there is none that is known. */
export async function linuxStore(
  run: RunCommand = runCommand,
  places: readonly StorePlace[] = LINUX_STORES,
): Promise<TrustStore | undefined> {
  for (const { folder, program } of places) {
    const isThere = await Promise.all(
      [folder, program].map((path) => Deno.stat(path).then(() => true, () => false)),
    );
    if (isThere.every((each) => each)) return store(folder, program, run);
  }
  return undefined;
}

function store(folder: string, program: string, run: RunCommand): TrustStore {
  const path = `${folder}/${AUTHORITY_NAME}.crt`;
  const fail = (act: string, state: string, cause?: unknown): never => {
    throw new OperationError("io", `Cannot ${act} ${path}: ${state}`, "Run the command as root", { cause });
  };
  const update = async (act: string) => {
    const { code, stderr } = await run([program], { env: ENVIRONMENT, timeout: TIMEOUT_MS });
    if (code !== 0) fail(act, `${program} failed: ${stderr.trim().slice(0, 200)}`);
  };
  return {
    name: `the system's store (${folder})`,
    async install(certificate) {
      try {
        // A new file: what is there may be a link.
        const temporary = `${folder}/.${AUTHORITY_NAME}.${crypto.randomUUID()}`;
        await Deno.writeTextFile(temporary, certificate, { mode: 0o644, createNew: true });
        // The mask of the caller may have taken bits away.
        await Deno.chmod(temporary, 0o644);
        await Deno.rename(temporary, path);
      } catch (error) {
        fail("write", wordsOf(error), error);
      }
      await update("trust");
    },
    async holds(certificate) {
      return isSamePem(certificate, await Deno.readTextFile(path).catch(() => ""));
    },
    async remove() {
      try {
        await Deno.remove(path);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        fail("remove", wordsOf(error), error);
      }
      await update("remove");
      return true;
    },
  };
}
