import assert from "node:assert/strict";
import { formatHostPort, parseHostPort } from "./host_port.ts";

for (
  const [text, host, port] of [
    ["desk.example:2512", "desk.example", 2512],
    ["desk:1", "desk", 1],
    ["Desk.Example.:65535", "Desk.Example.", 65_535],
    ["192.0.2.1:2512", "192.0.2.1", 2512],
    ["[2001:db8::1]:2512", "2001:db8::1", 2512],
    ["[fe80::1%eth0]:2512", "fe80::1%eth0", 2512],
  ] as const
) {
  Deno.test(`${text} is a host with a port, and is written so`, () => {
    const remote = parseHostPort(text);
    assert.deepEqual(remote, { host, port });
    assert.equal(formatHostPort({ host, port }), text);
  });
}

for (
  const text of [
    ...[
      "",
      ":",
      "desk",
      "desk:",
      ":2512",
      "desk:0",
      "desk:65536",
      "desk:+1",
      "desk:2512 ",
      "a b:1",
      "192.0.2.256:1",
    ],
    ...[
      "2001:db8::1:2512",
      "[192.0.2.1]:1",
      "[desk]:1",
      "[2001:db8::1]",
      "[2001:db8::1%eth0]:1",
      "fe80::1%eth0:1",
      "-desk:1",
      "desk\n:1",
    ],
  ]
) {
  Deno.test(`${JSON.stringify(text)} is none`, () => assert.equal(parseHostPort(text), undefined));
}
