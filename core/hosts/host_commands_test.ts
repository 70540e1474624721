import assert from "node:assert/strict";
import { address } from "../../tests/literals.ts";
import { ControlAssembler, encodeControl } from "../protocol/control.ts";
import { dnsCommand, hostCommands } from "./host_commands.ts";
import { parseHostsFile } from "./hosts_file.ts";

const SERVER = { ipv4: address("192.168.251.2"), ipv6: address("fdc0:c0de:251::2") };

/** The commands of a file and domains, as one text. */
function text(file: string, domains: readonly string[], families: readonly (4 | 6)[] = [4]): string {
  const { commands } = hostCommands(parseHostsFile(file, domains).entries, SERVER, families);
  return [...dnsCommand(domains), ...commands].join(",");
}

Deno.test("a client of mac-docker-connector gets what its own server would send, byte for byte", () => {
  // Recorded from the server of mac-docker-connector at 99c31d1, with this file and `hosts FILE .test .inc`.
  const file = "127.0.0.1 localhost\n127.0.0.1 dev.example.test api.example.test\n10.1.2.3\tdb.inc\n";
  const datagrams = encodeControl(text(file, [".test", ".inc"]), 1400);
  const body = "dns .test .inc,host 192.168.251.2 dev.example.test api.example.test,host 10.1.2.3 db.inc";
  const expected = [1, 0, body.length, ...new TextEncoder().encode(body)];
  assert.deepEqual(datagrams.flatMap((datagram) => [...datagram]), expected);
});

Deno.test("a long text goes in pieces that make the same text", () => {
  const file = Array.from({ length: 300 }, (_, index) => `127.0.0.1 name-${index}.test\n`).join("");
  const sent = text(file, [".test"]);
  const assembler = new ControlAssembler();
  const assemblies = encodeControl(sent, 1400).map((datagram) => assembler.push(datagram));
  assert.deepEqual(assemblies.at(-1), { kind: "text", text: sent });
});

Deno.test("a loopback address becomes the server's own, of each family; other addresses stay", () => {
  const file = "127.0.1.1 a.test\n::1 a.test\n0.0.0.0 b.test\nfd00::1 c.test\n";
  assert.equal(text(file, [".test"]), "dns .test,host 192.168.251.2 a.test,host 0.0.0.0 b.test");
  assert.equal(
    text(file, [".test"], [4, 6]),
    "dns .test,host 192.168.251.2 a.test,host fdc0:c0de:251::2 a.test,host 0.0.0.0 b.test,host fd00::1 c.test",
  );
});

Deno.test("what has no room is counted, and so is a loopback of IPv6 while that is off", () => {
  const names = Array.from({ length: 20 }, (_, index) => `${"a".repeat(60)}${index}.test`).join(" ");
  const { entries } = parseHostsFile(`127.0.0.1 ${names}\n`.repeat(100), [".test"]);
  const { commands, omitted } = hostCommands(entries, SERVER, [4]);
  assert.ok(commands.join(",").length <= 48 * 1024);
  assert.equal(commands.length + omitted, 100);
  const { entries: loopback } = parseHostsFile("::1 a.test\n", [".test"]);
  assert.deepEqual(hostCommands(loopback, { ...SERVER, ipv6: undefined }, [4, 6]), {
    commands: [],
    omitted: 1,
  });
});

Deno.test("no domains make no command", () => assert.deepEqual(dnsCommand([]), []));
