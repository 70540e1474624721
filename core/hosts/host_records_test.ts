import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress } from "../net/address.ts";
import { parseControl } from "../protocol/control.ts";
import { HostRecords } from "./host_records.ts";

/** Takes texts one after the other; what is known then, and how many commands of the last were not understood. */
function after(...texts: string[]) {
  const records = new HostRecords();
  const faulty = texts.map((text) => records.take(parseControl(text))).at(-1);
  const addresses = (name: string) => records.addressesOf(name)?.map(formatAddress);
  return { records, faulty, addresses, domains: records.domains };
}

Deno.test("names have the addresses of the newest text, and the first is that of the address", () => {
  const { addresses, records, faulty } = after(
    "dns .test,host 10.0.0.1 old.test",
    "dns .test,host 192.168.251.2 Dev.Test two.test,host 10.0.0.9 two.test,host fd00::1 two.test",
  );
  assert.equal(faulty, 0);
  assert.equal(addresses("old.test"), undefined);
  assert.deepEqual(addresses("dev.test"), ["192.168.251.2"]);
  assert.deepEqual(addresses("two.test"), ["192.168.251.2", "10.0.0.9", "fd00::1"]);
  assert.equal(records.nameOf("2.251.168.192.in-addr.arpa"), "dev.test");
  assert.equal(records.nameOf(`1.${"0.".repeat(27)}0.0.d.f.ip6.arpa`), "two.test");
  assert.equal(records.size, 2);
});

Deno.test("mac-docker-connector's server adds domains and takes them back by a minus; ours names all by a revision", () => {
  assert.deepEqual(after("dns .a .b", "connect 1.1.0.0 1.2.0.0", "dns .c").domains, [".a", ".b", ".c"]);
  assert.deepEqual(after("dns .a .b", "dns -.a .c").domains, [".b", ".c"]);
  assert.deepEqual(after("dns .a", "version 2,revision 1,addr6 off,dns .b").domains, [".b"]);
  assert.deepEqual(
    after("version 2,revision 1,dns .b desktop.container.internal", "version 2,dns .b").domains,
    [
      ".b",
      "desktop.container.internal",
    ],
  );
});

Deno.test("a text without names drops those before", () => {
  assert.equal(
    after("dns .test,host 10.0.0.1 a.test", "connect 1.1.0.0 1.2.0.0").addresses("a.test"),
    undefined,
  );
});

Deno.test("names come with tabs and blanks, as mac-docker-connector reads them from the file", () => {
  const { addresses, faulty } = after("host 10.0.0.1 a.test\tb.test  c.test ");
  assert.deepEqual([addresses("a.test"), addresses("b.test"), addresses("c.test"), faulty], [
    ["10.0.0.1"],
    ["10.0.0.1"],
    ["10.0.0.1"],
    0,
  ]);
});

Deno.test("what is no name, address or domain is counted", () => {
  assert.equal(after("dns,host,host 10.0.0.1,host a.test,host 10.0.0.1 a..b,dns .,dns -").faulty, 7);
  const { records } = after(`dns ${Array.from({ length: 200 }, (_, index) => `.d${index}`).join(" ")}`);
  assert.deepEqual([records.domains.length, records.omittedDomains], [128, 72]);
});

Deno.test("no text throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
    after(`dns ${text},host 10.0.0.1 ${text},host ${text}`);
  }));
});
