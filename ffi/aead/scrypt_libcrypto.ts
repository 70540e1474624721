/**
 * scrypt by OpenSSL's libcrypto, on a thread of its own: a third of what the runtime's own takes in Deno 2.4.
 *
 * @module
 */
import { searchLibcrypto } from "./libcrypto_library.ts";

/** Costs (RFC 7914 section 2). */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** Most bytes that it may take: twice those of the cost in use, 128 * N * r. */
const MAX_MEMORY = 32n << 20n;

/**
 * scrypt (RFC 7914).
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
