import assert from "node:assert/strict";
import { parseAddress } from "../../core/net/address.ts";
import { TokenIndex } from "./legacy_logins.ts";

const token = (name: string, address: string) => ({
  name,
  address: parseAddress(address) ?? assert.fail(address),
});
const octets = (text: string) => new TextEncoder().encode(text);

Deno.test("a login finds its token, and nothing else does", () => {
  const book = new TokenIndex();
  const [anna, bert] = [token("anna-1", "192.168.251.3"), token("b\u00e9rt", "192.168.251.4")];
  book.update([anna, bert]);
  assert.equal(book.find(octets("\x01anna-1")), anna);
  assert.equal(book.find(octets("\x01b\u00e9rt")), bert);
  for (const login of ["anna-1", "\x01", "\x01anna-", "\x01anna-1\0", "\x01Anna-1", "\x00anna-1", ""]) {
    assert.equal(book.find(octets(login)), undefined, JSON.stringify(login));
  }
  book.update([bert]);
  assert.equal(book.find(octets("\x01anna-1")), undefined);
});
