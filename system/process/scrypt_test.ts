import assert from "node:assert/strict";
import { fileCalls } from "../../ffi/file/open_file.ts";
import { SCRYPT_COST } from "../../core/token/token_keys.ts";
import { libcryptoScrypt } from "../../ffi/aead/libcrypto_library.ts";
import { scrypt, slowScrypt } from "./scrypt.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

const octets = (text: string) => new TextEncoder().encode(text);
const [PASSWORD, SALT] = [octets("pleaseletmein"), octets("SodiumChloride")];

for (const [title, derive] of Object.entries({ scrypt, slowScrypt })) {
  Deno.test(`${title} gives the result of RFC 7914 section 12`, async () => {
    const cost = { N: 16384, r: 8, p: 1 } as const;
    assert.deepEqual(cost, SCRYPT_COST);
    const key = await derive(PASSWORD, SALT, 64, cost);
    assert.equal(
      Array.from(key, (octet) => octet.toString(16).padStart(2, "0")).join(""),
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
    );
    assert.deepEqual(PASSWORD, octets("pleaseletmein"));
  });
}

Deno.test("an empty password is one like others", async () => {
  const empty = new Uint8Array();
  assert.deepEqual(
    await scrypt(empty, SALT, 32, SCRYPT_COST),
    await slowScrypt(empty, SALT, 32, SCRYPT_COST),
  );
});

Deno.test("libcrypto refuses costs that take more memory than it may have", async () => {
  assert.equal(await libcryptoScrypt(PASSWORD, SALT, 32, { N: 2 ** 20, r: 8, p: 1 }), undefined);
});

Deno.test("without libcrypto there is no result of it", async () => {
  assert.equal(await libcryptoScrypt(PASSWORD, SALT, 32, SCRYPT_COST, []), undefined);
});
