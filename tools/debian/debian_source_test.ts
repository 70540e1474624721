import assert from "node:assert/strict";
import { debianSource } from "./debian_source.ts";

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n';

const STANZAS = `Types: deb-src
URIs: http://sources.test/debian
Suites: bookworm

Types: deb
# a comment between the fields
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://security.test/debian-security
Suites: bookworm-security
`;

Deno.test("the source of the machine's suite is found in both formats of apt", () => {
  const found = { uri: "http://mirror.test/debian", suite: "bookworm" };
  assert.deepEqual(debianSource(DEBIAN, { "/a/debian.sources": STANZAS }), found);
  for (
    const line of [
      "deb http://mirror.test/debian bookworm main contrib",
      "deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main",
    ]
  ) {
    const text = `# deb http://commented.test/debian bookworm main\ndeb http://other.test x main\n${line}\n`;
    assert.deepEqual(debianSource(DEBIAN, { "/a/sources.list": text }), found);
  }
});

Deno.test("what apt does not use is not taken", () => {
  const disabled = STANZAS.replaceAll("Types: deb\n", "Types: deb\nEnabled: no\n");
  assert.equal(debianSource(DEBIAN, { "/a/debian.sources": disabled }), undefined);
  assert.equal(debianSource(DEBIAN, { "/a/debian.sources.bak": STANZAS }), undefined);
  assert.equal(debianSource(DEBIAN, {}), undefined);
});

Deno.test("a machine that is no Debian has no source", () => {
  const ubuntu = DEBIAN.replace("ID=debian", "ID=ubuntu");
  assert.equal(debianSource(ubuntu, { "/a/debian.sources": STANZAS }), undefined);
});
