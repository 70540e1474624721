/**
 * libcrypto of OpenSSL 3, where it is installed (openssl/evp.h, openssl/crypto.h), and its scrypt.
 *
 * @module
 */
import type { ScryptCost } from "../../core/token/token_keys.ts";
import { statusOf } from "../file/file_status.ts";
import { objectionToRootOnly } from "../file/root_only.ts";
import { SystemError } from "../libc/errno.ts";

const symbols = {
  // int OPENSSL_init_crypto(uint64_t options, const OPENSSL_INIT_SETTINGS *settings);
  OPENSSL_init_crypto: { parameters: ["u64", "pointer"], result: "i32" },
  // EVP_CIPHER *EVP_CIPHER_fetch(OSSL_LIB_CTX *context, const char *algorithm, const char *properties);
  EVP_CIPHER_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  // void EVP_CIPHER_free(EVP_CIPHER *cipher);
  EVP_CIPHER_free: { parameters: ["pointer"], result: "void" },
  // EVP_CIPHER_CTX *EVP_CIPHER_CTX_new(void);
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  // void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX *context);  overwrites the key
  EVP_CIPHER_CTX_free: { parameters: ["pointer"], result: "void" },
  // int EVP_CipherInit_ex(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher, ENGINE *engine, const unsigned char *key,
  //   const unsigned char *nonce, int encrypt);
  EVP_CipherInit_ex: {
    parameters: ["pointer", "pointer", "pointer", "pointer", "pointer", "i32"],
    result: "i32",
  },
  // int EVP_CipherUpdate(EVP_CIPHER_CTX *context, unsigned char *out, int *outLength, const unsigned char *in, int length);
  EVP_CipherUpdate: { parameters: ["pointer", "pointer", "pointer", "pointer", "i32"], result: "i32" },
  // int EVP_CipherFinal_ex(EVP_CIPHER_CTX *context, unsigned char *out, int *outLength);
  EVP_CipherFinal_ex: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  // int EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *context, int command, int value, void *data);
  EVP_CIPHER_CTX_ctrl: { parameters: ["pointer", "i32", "i32", "pointer"], result: "i32" },
  // int EVP_PBE_scrypt(const char *password, size_t passwordLength, const unsigned char *salt, size_t saltLength,
  //   uint64_t n, uint64_t r, uint64_t p, uint64_t maximumMemory, unsigned char *key, size_t keyLength);
  EVP_PBE_scrypt: {
    parameters: ["buffer", "usize", "buffer", "usize", "u64", "u64", "u64", "u64", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** An opened libcrypto. */
export type Libcrypto = Deno.DynamicLibrary<typeof symbols>;

/**
 * OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT: the system's openssl.cnf can load other code into this process, and
 * threads still run when it exits.
 */
const INIT_OPTIONS = 0x80n | 0x80000n;

/**
 * Where the library is: in the folders of Debian and its kin, of Red Hat's and SUSE's, of Arch; on macOS Homebrew's openssl@3
 * on Apple silicon and on Intel. Apple's own refuses to load.
 */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  linux: [`/usr/lib/${Deno.build.arch}-linux-gnu`, "/usr/lib64", "/usr/lib", "/lib64", "/lib"].map((folder) =>
    `${folder}/libcrypto.so.3`
  ),
  darwin: ["/opt/homebrew", "/usr/local"].map((prefix) => `${prefix}/opt/openssl@3/lib/libcrypto.3.dylib`),
};

/** What came of a search: the library, or why there is none, as "PATH belongs to user 501". */
export type LibcryptoSearch = { readonly library: Libcrypto } | { readonly reason: string };

/**
 * Opens the first libcrypto that loads and that only root can change. A library's code has all rights of the program, so one
 * that a user can write would make that user root; Homebrew's belongs to the user who installed it.
 *
 * The paths are absolute, so that neither LD_LIBRARY_PATH nor the loader's cache decides what is loaded.
 *
 * @param paths where it may be, the usual places unless a test gives others
 */
export function searchLibcrypto(paths: readonly string[] = PATHS[Deno.build.os] ?? []): LibcryptoSearch {
  let reason: string | undefined;
  for (const path of paths) {
    try {
      if (statusOf(path, "follow") === undefined) continue;
      const objection = objectionToRootOnly(path);
      const library = objection === undefined ? load(path) : undefined;
      if (library !== undefined) return { library };
      if (objection !== undefined) reason ??= `${path} is not loaded, since ${objection}`;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      reason ??= `${path} is not loaded: ${error.message}`;
    }
  }
  return { reason: reason ?? "no libcrypto of OpenSSL 3 that loads is in its usual places" };
}

function load(path: string): Libcrypto | undefined {
  try {
    const library = Deno.dlopen(path, symbols);
    if (library.symbols.OPENSSL_init_crypto(INIT_OPTIONS, null) === 1) return library;
    library.close();
  } catch {
    // Another version without these functions, or of another processor: the next one.
  }
  return undefined;
}

/** Most bytes that it may take: twice those of the cost in use, 128 * N * r. */
const MAX_MEMORY = 32n << 20n;

/**
 * scrypt (RFC 7914) on a thread of its own: a third of what the runtime's own takes in Deno 2.4.
 *
 * @param paths where to look for the library, the usual places unless a test gives others
 * @returns undefined where there is no libcrypto, or it refuses
 */
export async function libcryptoScrypt(
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  { N, r, p }: ScryptCost,
  paths?: readonly string[],
): Promise<Uint8Array | undefined> {
  const found = searchLibcrypto(paths);
  if ("reason" in found) return undefined;
  const { library } = found;
  // Copies that nobody else changes or frees while the other thread reads them.
  const [secret, salted, key] = [password.slice(), salt.slice(), new Uint8Array(length)];
  const size = (octets: Uint8Array) => BigInt(octets.length);
  try {
    const done = await library.symbols.EVP_PBE_scrypt(
      ...[secret, size(secret), salted, size(salted)] as const,
      ...[BigInt(N), BigInt(r), BigInt(p), MAX_MEMORY] as const,
      key,
      size(key),
    );
    return done === 1 ? key : undefined;
  } finally {
    secret.fill(0);
    library.close();
  }
}
