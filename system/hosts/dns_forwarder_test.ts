import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import { address } from "../../tests/literals.ts";
import { answerDnsQuery, idOf, refuseDnsQuery } from "../../core/hosts/dns_message.ts";
import { DnsForwarder } from "./dns_forwarder.ts";
import { DnsListener } from "./dns_listener.ts";
import { exchangeOverTcp } from "./dns_stream.ts";

const HOST = address("127.0.0.1");
const query = (name: string, id = 7) =>
  new Uint8Array(dnsPacket.encode({ id, type: "query", flags: 0x0100, questions: [{ name, type: "A" }] }));
const record = [{ type: "A" as const, address: address("10.0.0.1") }];

/** Sends a message by UDP and waits for the answer. */
async function ask(port: number, message: Uint8Array): Promise<Uint8Array> {
  const socket = createSocket("udp4");
  const answer = once(socket, "message");
  socket.send(message, port, "127.0.0.1");
  const [received] = await answer;
  socket.close();
  return received;
}

Deno.test("a query goes on by the way it came, and its answer comes back with its id", async () => {
  const asked: string[] = [];
  await using server = await DnsListener.open(HOST, 0, (message, _source, transport) => {
    asked.push(transport);
    return Promise.resolve(answerDnsQuery(message, record));
  });
  const forwarder = new DnsForwarder({
    servers: () => Promise.resolve(["127.0.0.1"]),
    port: server.port,
    source: () => "127.0.0.1",
  });
  for (const transport of ["udp", "tcp"] as const) {
    const answer = await forwarder.forward(query("a.test", 99), transport);
    assert.ok(answer);
    assert.equal(idOf(answer), 99);
    assert.equal(dnsPacket.decode(Buffer.from(answer)).answers[0].data, "10.0.0.1");
  }
  assert.deepEqual(asked, ["udp", "tcp"]);
  assert.equal(forwarder.waiting, 0);
});

Deno.test("a listener answers many queries of one connection, and gives up on what it cannot answer", async () => {
  await using server = await DnsListener.open(
    HOST,
    0,
    (message) => Promise.resolve(message.length < 12 ? undefined : answerDnsQuery(message, record)),
  );
  assert.equal(idOf(await ask(server.port, query("b.test", 3))), 3);
  assert.ok(await exchangeOverTcp(query("b.test"), "127.0.0.1", server.port, 5_000));
  assert.equal(await exchangeOverTcp(new Uint8Array(5), "127.0.0.1", server.port, 5_000), undefined);
});

Deno.test("the next name server is asked when one is silent or answers something else", async () => {
  let count = 0;
  await using server = await DnsListener.open(HOST, 0, (message) => {
    count++;
    // The first answer is to another question.
    return Promise.resolve(
      count === 1 ? refuseDnsQuery(query("other.test", idOf(message)), 5) : answerDnsQuery(message, record),
    );
  });
  const servers = () => Promise.resolve(["127.0.0.1", "127.0.0.1"]);
  const forwarder = new DnsForwarder({ servers, port: server.port });
  assert.ok(await forwarder.forward(query("a.test"), "udp"));
  assert.equal(count, 2);
});

Deno.test("name servers in a circle wait for themselves once", async () => {
  let count = 0;
  const port = { value: 0 };
  const forwarder: DnsForwarder = new DnsForwarder({
    servers: () => Promise.resolve(["127.0.0.1"]),
    get port() {
      return port.value;
    },
  });
  await using server = await DnsListener.open(HOST, 0, async (message) => {
    count++;
    return await forwarder.forward(message, "udp") ?? refuseDnsQuery(message, 2);
  });
  port.value = server.port;
  const answer = await ask(server.port, query("a.test"));
  assert.equal(dnsPacket.decode(Buffer.from(answer)).rcode, "SERVFAIL");
  assert.equal(count, 2);
  assert.equal(forwarder.waiting, 0);
});

Deno.test("too many queries that wait are not passed on", async () => {
  await using silent = await DnsListener.open(HOST, 0, () => Promise.resolve(undefined));
  const forwarder = new DnsForwarder({ servers: () => Promise.resolve(["127.0.0.1"]), port: silent.port });
  const answers = Array.from(
    { length: 300 },
    (_, index) => forwarder.forward(query(`n${index}.test`), "udp"),
  );
  assert.equal(forwarder.waiting, 256);
  assert.equal(await answers.at(-1), undefined);
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([undefined]));
  assert.equal(forwarder.waiting, 0);
});
