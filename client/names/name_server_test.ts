import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import { HostRecords } from "../../core/hosts/host_records.ts";
import { parseControl } from "../../core/protocol/control.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { address } from "../../tests/literals.ts";
import { NameServer } from "./name_server.ts";

const query = (name: string, type: string) =>
  new Uint8Array(dnsPacket.encode({ id: 1, type: "query", flags: 0x0100, questions: [{ name, type }] }));

/** A name server that knows a hosts file's names, and whose forwarder gives nothing. */
function open(text = "host 10.0.0.7 a.test b.test,host fd00::7 a.test", mayForward = () => true) {
  const records = new HostRecords();
  records.take(parseControl(text));
  const forwarded: string[] = [];
  const server = new NameServer({
    records,
    desktop: () => [address("192.168.251.2"), address("fdc0:c0de:251::2")],
    mayForward,
    forwarder: {
      forward: (_message, transport) => {
        forwarded.push(transport);
        return Promise.resolve(undefined);
      },
    },
    clock: new FakeClock(),
  });
  const ask = async (name: string, type = "A") => {
    const answer = await server.answer(query(name, type), "172.17.0.2", "udp");
    assert.ok(answer);
    const { rcode, answers } = dnsPacket.decode(Buffer.from(answer));
    return [rcode, ...answers.map(({ type, data }: { type: string; data: string }) => `${type} ${data}`)]
      .join(" ");
  };
  return { server, ask, forwarded };
}

Deno.test("names of the hosts file and the desktop are answered by type, names of addresses too", async () => {
  const { ask, forwarded } = open();
  assert.equal(await ask("A.Test"), "NOERROR A 10.0.0.7");
  assert.equal(await ask("a.test", "AAAA"), "NOERROR AAAA fd00::7");
  assert.equal(await ask("b.test", "AAAA"), "NOERROR");
  assert.equal(await ask("a.test", "MX"), "NOERROR");
  assert.equal(await ask("desktop.container.internal"), "NOERROR A 192.168.251.2");
  assert.equal(await ask("desktop.container.internal", "AAAA"), "NOERROR AAAA fdc0:c0de:251::2");
  assert.equal(await ask("7.0.0.10.in-addr.arpa", "PTR"), "NOERROR PTR a.test");
  assert.equal(await ask("2.251.168.192.in-addr.arpa", "PTR"), "NOERROR PTR desktop.container.internal");
  assert.deepEqual(forwarded, []);
});

Deno.test("other names are passed on, and a failure is told", async () => {
  const { ask, forwarded, server } = open();
  assert.equal(await ask("other.test"), "SERVFAIL");
  assert.deepEqual(forwarded, ["udp"]);
  assert.equal(server.counters.failed, 1);
});

Deno.test("for others than containers nothing is passed on", async () => {
  const { ask, forwarded } = open(undefined, () => false);
  assert.equal(await ask("other.test"), "REFUSED");
  assert.deepEqual(forwarded, []);
});

Deno.test("others than containers get no longer answer by UDP than their query, and names by TCP", async () => {
  const { server } = open(undefined, () => false);
  for (const name of ["a.test", "other.test", "desktop.container.internal"]) {
    const asked = query(name, "A");
    const answer = await server.answer(asked, "198.51.100.1", "udp") ?? assert.fail("no answer");
    assert.ok(answer.length <= asked.length, `${answer.length} for ${asked.length}`);
    const isTruncated = ((answer[2] ?? 0) & 2) !== 0;
    assert.equal(isTruncated, name !== "other.test");
  }
  const answer = await server.answer(query("a.test", "A"), "198.51.100.1", "tcp");
  assert.ok(answer !== undefined && answer.length > query("a.test", "A").length);
});

Deno.test("a storm of queries is dropped beyond 5,000 a second, and answers get no answer", async () => {
  const { server } = open();
  const asked = query("a.test", "A");
  const answers = await Promise.all(
    Array.from({ length: 6_000 }, () => server.answer(asked, "172.17.0.2", "udp")),
  );
  assert.equal(answers.filter((answer) => answer !== undefined).length, 5_000);
  assert.equal(server.counters.dropped, 1_000);
  const { server: other } = open();
  const [answer] = answers;
  assert.ok(answer);
  assert.equal(await other.answer(answer, "172.17.0.2", "udp"), undefined);
});
