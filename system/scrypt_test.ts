import assert from "node:assert/strict";
import { SCRYPT_COST } from "../core/token/token_keys.ts";
import { scrypt } from "./scrypt.ts";

const octets = (text: string) => new TextEncoder().encode(text);

Deno.test("scrypt gives the result of RFC 7914 section 12", async () => {
  const cost = { N: 16384, r: 8, p: 1 } as const;
  assert.deepEqual(cost, SCRYPT_COST);
  const key = await scrypt(octets("pleaseletmein"), octets("SodiumChloride"), 64, cost);
  assert.equal(
    key.toHex(),
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
      "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
  );
});
