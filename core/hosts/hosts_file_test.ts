import assert from "node:assert/strict";
import { formatAddress } from "../net/address.ts";
import { hasEnding, parseHostsFile } from "./hosts_file.ts";

/** What containers are told of a file. */
function read(text: string, ...endings: string[]): { entries: string[]; faulty: number } {
  const { entries, faulty } = parseHostsFile(text, endings);
  return {
    entries: entries.map(({ address, names }) => [formatAddress(address), ...names].join(" ")),
    faulty,
  };
}

Deno.test("a line with a name of a domain is taken whole, others are not", () => {
  const file =
    "127.0.0.1\tlocalhost\n127.0.0.1 Dev.Test  short # mine\r\n10.0.0.7 a.b.test\n10.0.0.8 test.example.org\n";
  assert.deepEqual(read(file, ".test"), {
    entries: ["127.0.0.1 dev.test short", "10.0.0.7 a.b.test"],
    faulty: 0,
  });
});

Deno.test("comments take a line in or leave it out", () => {
  const file = "10.0.0.1 a.org #docker-connector:resolve\n10.0.0.2 b.test # x docker-connector:ignore\n" +
    "# 10.0.0.3 c.test\n10.0.0.4 d.test # docker-connector:ignore docker-connector:resolve\n";
  assert.deepEqual(read(file, ".test").entries, ["10.0.0.1 a.org"]);
});

Deno.test("what cannot be a name or an address is counted and left out, also what would end a command", () => {
  const file =
    "10.0.0.1 a.test,connect evil.test\n300.1.1.1 b.test\nc.test\n\n   \n::1 v6.test\n10.0.0.2 \0.test\n";
  assert.deepEqual(read(file, "test"), { entries: ["10.0.0.1 evil.test", "::1 v6.test"], faulty: 3 });
});

Deno.test("an ending with a dot leaves the bare domain out", () => {
  assert.deepEqual(["test", "a.test", "atest"].map((name) => hasEnding(name, ".test")), [false, true, false]);
  assert.deepEqual(["test", "a.test", "atest"].map((name) => hasEnding(name, "test")), [true, true, false]);
});

Deno.test("a file of one line without an end, and one of nothing, are files", () => {
  assert.deepEqual(read("", ".test"), { entries: [], faulty: 0 });
  assert.deepEqual(read("10.0.0.1 a.test", ".test").entries, ["10.0.0.1 a.test"]);
});
