import { scrypt as runtimeScrypt } from "node:crypto";
import type { Scrypt } from "../../core/token/token_keys.ts";
import { libcryptoScrypt } from "../../ffi/aead/libcrypto_library.ts";

/**
 * scrypt (RFC 7914) by libcrypto, or by node:crypto where that does not load. It takes some 40 ms of a core, on another thread
 * than the caller's.
 */
export const scrypt: Scrypt = async (password, salt, length, cost) =>
  await libcryptoScrypt(password, salt, length, cost) ?? await slowScrypt(password, salt, length, cost);

/** scrypt by node:crypto. */
export const slowScrypt: Scrypt = (password, salt, length, cost) =>
  new Promise((resolve, reject) =>
    runtimeScrypt(
      password,
      salt,
      length,
      cost,
      (error, key) => error === null ? resolve(new Uint8Array(key)) : reject(error),
    )
  );
