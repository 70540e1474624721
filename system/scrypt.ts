/**
 * scrypt on the runtime's own threads: it takes some 40 ms of one core, during which the caller's thread goes on.
 *
 * @module
 */
import { scrypt as compiledScrypt } from "node:crypto";
import type { Scrypt } from "../core/token/token_keys.ts";

/** scrypt (RFC 7914) by node:crypto. */
export const scrypt: Scrypt = (password, salt, length, cost) =>
  new Promise((resolve, reject) =>
    compiledScrypt(
      password,
      salt,
      length,
      cost,
      (error, key) => error === null ? resolve(new Uint8Array(key)) : reject(error),
    )
  );
