import { scrypt as runtimeScrypt, type ScryptOptions } from "node:crypto";
import { promisify } from "node:util";
import type { Scrypt } from "../../core/token/token_keys.ts";
import { libcryptoScrypt } from "../../ffi/aead/libcrypto_library.ts";

/**
 * scrypt (RFC 7914) by libcrypto, or by node:crypto where that does not load. It takes some 40 ms of a core, on another thread
 * than the caller's.
 */
export const scrypt: Scrypt = async (password, salt, length, cost) =>
  await libcryptoScrypt(password, salt, length, cost) ?? await slowScrypt(password, salt, length, cost);

const derive = promisify<Uint8Array, Uint8Array, number, ScryptOptions, Uint8Array>(runtimeScrypt);

/** scrypt by node:crypto. */
export const slowScrypt: Scrypt = async (password, salt, length, cost) =>
  new Uint8Array(await derive(password, salt, length, cost));
