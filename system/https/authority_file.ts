import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { type Authority, makeAuthority, validUntil } from "../../core/https/certificate.ts";
import { certificatePem, pemBlock, pemBytes } from "../../core/https/pem.ts";
import { platform } from "../../ffi/platform.ts";
import { isAbsent, wordsOf } from "../process/runtime_error.ts";

/** Where the service keeps what outlasts it; only root may write in the folders above (FHS 3.0 section 5.8; hier(7) of macOS). */
const STATE_FOLDER = {
  linux: "/var/lib/docker-connector",
  darwin: "/Library/Application Support/docker-connector",
}[platform.os];

/** Bytes that the file may have: it has about 1,500. */
const MAX_SIZE = 16_384;
/** Bits of the mode that let others in. */
const OTHERS = 0o077;

/** Where the authority of a domain is. */
export function authorityPath(domain: string, folder: string = STATE_FOLDER): string {
  return join(folder, `authority-${domain}.pem`);
}

/**
 * Reads the authority of a domain, or makes it where there is none. The file is of this user alone, and so is its folder.
 *
 * @param now milliseconds since 1970
 * @throws {OperationError} where it cannot be read or written, or where others could have written it
 */
export async function openAuthority(
  domain: string,
  now: number,
  folder: string = STATE_FOLDER,
): Promise<Authority> {
  const path = authorityPath(domain, folder);
  try {
    await Deno.mkdir(folder, { mode: 0o700 }).catch((error) => {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    });
    refuseForeign(folder, await Deno.lstat(folder), "isDirectory");
    const known = await readAuthority(path);
    // A clock that is wrong now must not cost the authority that people have trusted.
    if (known !== undefined) return known;
    const made = makeAuthority(domain, now);
    const temporary = `${path}.${crypto.randomUUID()}`;
    await Deno.writeTextFile(temporary, made.privateKey + certificatePem(made.certificate), {
      mode: 0o600,
      createNew: true,
    });
    await Deno.rename(temporary, path);
    return made;
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw new OperationError(
      "io",
      `Cannot keep the local authority in ${path}: ${wordsOf(error)}`,
      "Run the program as root, with a folder that it can write",
      { cause: error },
    );
  }
}

/**
 * Reads the authority of a domain; undefined where there is none.
 *
 * @throws {OperationError} where it is damaged, or others could have written it
 */
export async function knownAuthority(
  domain: string,
  folder: string = STATE_FOLDER,
): Promise<Authority | undefined> {
  return await readAuthority(authorityPath(domain, folder));
}

async function readAuthority(path: string): Promise<Authority | undefined> {
  const info = await Deno.lstat(path).catch((error) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  if (info === undefined) return undefined;
  refuseForeign(path, info, "isFile");
  const text = info.size > MAX_SIZE ? "" : await Deno.readTextFile(path);
  const privateKey = pemBlock(text, "PRIVATE KEY");
  const certificate = pemBytes(pemBlock(text, "CERTIFICATE") ?? "");
  if (privateKey !== undefined && certificate !== undefined && validUntil(certificate) !== undefined) {
    return { privateKey, certificate };
  }
  throw new OperationError(
    "config",
    `Cannot read the local authority in ${path}: the file is damaged`,
    `Run "docker-connector untrust", remove the file, then run "docker-connector trust"`,
  );
}

/** What is no file or folder of this user's alone may have been put there by somebody else. */
function refuseForeign(path: string, info: Deno.FileInfo, kind: "isFile" | "isDirectory"): void {
  const isOwn = info.uid === null || info.uid === Deno.uid();
  if (info[kind] && isOwn && ((info.mode ?? 0) & OTHERS) === 0) return;
  const what = kind === "isFile" ? "file" : "folder";
  throw new OperationError(
    "config",
    `Cannot use ${path}: it is no ${what} that only root can read and write`,
    `Look who has made it, then run: chown root "${path}"; chmod go= "${path}"`,
  );
}
