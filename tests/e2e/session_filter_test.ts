import assert from "node:assert/strict";
import { echoReplyPattern, echoRequest } from "../topology/echo_packet.ts";
import { HandSession } from "../topology/hand_session.ts";
import { ACCESSOR_VIRTUAL_ADDRESS, EXPOSED_PORT, SESSION } from "../topology/session_pair.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { UdpPeer } from "../topology/udp_peer.ts";

const EXPOSED = "172.20.0.9";
const UNEXPOSED = "172.21.0.9";
const echoTo = (address: string, sequence = 1) => echoRequest(ACCESSOR_VIRTUAL_ADDRESS, address, sequence);

/** A hexadecimal digit with its lowest bit changed: never the digit itself. */
const flipBit = (digit: string) => (Number.parseInt(digit, 16) ^ 1).toString(16);

/** An ICMP report of an error, or another message of that type. */
function icmp(type: number, source: string, destination: string): string {
  const packet = Uint8Array.fromHex(echoRequest(source, destination, 1));
  packet[20] = type;
  return packet.toHex();
}

networkTest("a session speaks with the server", {}, async (network, t) => {
  await using session = await HandSession.start(network);
  const { server, network: { vm, vmAddress } } = session;

  await t.step("nothing is sent to it before its first message", async () => {
    const before = await session.report();
    await server.step({ do: "text", slot: SESSION, hex: "01" });
    await session.waitForCount("drop.noSessionKey", before);
    // The count is shared memory, the event a message that comes after it.
    await server.waitForEvent("a handshake is wanted", ({ event }) => event === "wanted");
    assert.equal((await server.events()).length, 1);
    await server.step({ do: "text", slot: SESSION, hex: "01" });
    await session.waitForCount("drop.noSessionKey", before, 2);
    assert.equal((await server.events()).length, 1, "told once");
  });

  await t.step("a keepalive confirms the keys and names its endpoint", async () => {
    await session.send(session.seal(""));
    const told = await server.waitForEvent("the keys are confirmed", ({ event }) => event === "confirmed");
    assert.equal(told.slot, SESSION);
    const { endpoint, traffic, facts } = await session.report();
    assert.match(endpoint ?? "", new RegExp(`^${vmAddress}:`));
    assert.equal(facts.endpointGeneration > 0, true);
    assert.equal(traffic.dataReceivedAt, null);
    assert.ok(traffic.receivedAt !== null);
  });

  await t.step("its echo is answered by the system, and by the data plane with pong", async () => {
    for (const pong of [false, true]) {
      await session.answers({ pong });
      const request = echoTo(SERVER_VIRTUAL_ADDRESS);
      await session.sendPacket(request);
      const reply = await session.receive();
      assert.match(reply.slice(0, request.length), echoReplyPattern(request));
      assert.match(reply.slice(request.length), /^(?:00)*$/);
    }
    const { facts, traffic, now } = await session.report();
    assert.deepEqual([facts.receivedPackets, facts.sentPackets, facts.receivedBytes], [2, 2, 168]);
    const times = [traffic.dataReceivedAt, traffic.dataSentAt, traffic.sentAt, traffic.receivedAt];
    for (const time of times) assert.ok(time !== null && Math.abs(now - time) < 30_000, `${time} at ${now}`);
    assert.equal(traffic.counter, 2);
  });

  await t.step("texts go both ways, and are no packets", async () => {
    await session.send(session.seal("01"));
    const { hex, slot } = await server.waitForEvent("the text comes", ({ event }) => event === "text");
    assert.equal(slot, SESSION);
    assert.equal(hex, "01".padEnd(32, "0"));
    const reply = new TextEncoder().encode("\u0001addr 192.168.251.3/24,peer 192.168.251.2,mtu 1400").toHex();
    await server.step({ do: "text", slot: SESSION, hex: reply });
    assert.equal((await session.receive()).slice(0, reply.length), reply);
    await server.step({ do: "text", slot: SESSION, hex: "" });
    assert.equal(await session.receive(), "");
  });

  await t.step("an authentic message from elsewhere moves its endpoint, a forged one does not", async () => {
    await using elsewhere = await UdpPeer.open(vm);
    const before = await session.report();
    const forged = session.seal(echoTo(SERVER_VIRTUAL_ADDRESS)).replace(/.$/, flipBit);
    await session.send(forged, elsewhere);
    await session.waitForCount("drop.decryptFailed", before);
    assert.equal((await session.report()).endpoint, before.endpoint);
    await session.send(session.seal(echoTo(SERVER_VIRTUAL_ADDRESS)), elsewhere);
    await session.receive(elsewhere);
    const { endpoint, facts } = await session.report();
    assert.notEqual(endpoint, before.endpoint);
    assert.equal(facts.endpointGeneration, before.facts.endpointGeneration + 1);
    await session.send(session.seal(""));
    await server.waitForReport("it is back", (report) => report.endpoint === before.endpoint, SESSION);
  });

  await t.step("messages come in whatever their order, and each once", async () => {
    const messages = Array.from(
      { length: 20 },
      (_, index) => session.seal(echoTo(SERVER_VIRTUAL_ADDRESS, index)),
    );
    const before = await session.report();
    for (const message of messages.toReversed()) await session.send(message);
    for (const _ of messages) await session.receive();
    for (const message of messages) await session.send(message);
    await session.waitForCount("drop.replayed", before, messages.length);
    await session.waitForCount("inbound.packets", before, messages.length);
  });

  await t.step("a counter that is too old, or beyond all reason, is refused", async () => {
    await session.send(session.seal("", 100_000));
    const before = await session.report();
    await session.send(session.seal("", 100_000 - 9000));
    await session.waitForCount("drop.replayed", before);
    for (const counter of [2n ** 53n, 2n ** 64n - 1n]) await session.send(session.seal("", counter));
    await session.waitForCount("drop.decryptFailed", before, 2);
    session.counter = 100_001;
  });

  await t.step("keys serve for so many messages", async () => {
    await session.renew({ rejectAfterMessages: 3 });
    await session.send(session.seal(""));
    const before = await session.report();
    for (let count = 0; count < 5; count++) await session.sendPacket(echoTo(SERVER_VIRTUAL_ADDRESS));
    for (let count = 0; count < 3; count++) await session.receive();
    await session.waitForCount("drop.noSessionKey", before, 2);
  });

  await t.step("keys serve for so long", async () => {
    await session.renew({ rejectAfterTime: 0 });
    const before = await session.report();
    await session.send(session.seal(""));
    await session.waitForCount("drop.expiredKey", before);
  });

  await t.step(
    "keys that were taken away, and those of a session that was ended, are unknown at once",
    async () => {
      const index = await session.renew();
      await session.send(session.seal(""));
      await server.waitForReport("it is there", ({ facts }) => facts.currentIndex === index, SESSION);
      const before = await session.report();
      await server.step({ do: "expire", slot: SESSION, localIndex: index });
      await session.send(session.seal(""));
      await session.waitForCount("drop.unknownIndex", before);
      await session.renew();
      await server.step({ do: "remove", slot: SESSION });
      await session.send(session.seal(""));
      await session.waitForCount("drop.unknownIndex", before, 2);
      assert.equal((await session.report()).facts.currentIndex, 0);
    },
  );

  await t.step("the socket is let go of, and another taken", async () => {
    await server.step({ do: "detach" });
    await server.step({ do: "attach", port: EXPOSED_PORT, slots: 1024, cipher: "auto" });
    await server.step({ do: "session", slot: SESSION, address: ACCESSOR_VIRTUAL_ADDRESS });
    await session.answers({ pong: true });
    await session.renew();
    const request = echoTo(SERVER_VIRTUAL_ADDRESS);
    await session.sendPacket(request);
    assert.match((await session.receive()).slice(0, request.length), echoReplyPattern(request));
  });
});

networkTest("a session reaches the client's exposed routes and nothing else", {}, async (network, t) => {
  await using session = await HandSession.start(network);
  const { server, client, network: { mac } } = session;
  await session.send(session.seal(""));

  await t.step("without a client its packets are dropped", async () => {
    const before = await session.report();
    await session.sendPacket(echoTo(EXPOSED));
    await session.waitForCount("drop.noClient", before);
  });

  await server.step({ do: "client", endpoint: session.clientEndpoint });

  await t.step("packets to an exposed route come out as they are", async () => {
    const request = echoTo(EXPOSED);
    await session.sendPacket(request);
    assert.equal((await client.receive(/^45/)).hex, request);
  });

  await t.step("packets to anywhere else do not", async () => {
    const elsewhere = [UNEXPOSED, CLIENT_VIRTUAL_ADDRESS, "192.168.251.4", "10.77.0.2", "255.255.255.255"];
    const before = await session.report();
    for (const address of elsewhere) await session.sendPacket(echoTo(address));
    await session.waitForCount("drop.notExposed", before, elsewhere.length);
  });

  await t.step("packets that say they are from elsewhere do not", async () => {
    const forged = [EXPOSED, SERVER_VIRTUAL_ADDRESS, "192.168.251.4", "0.0.0.0"];
    const before = await session.report();
    for (const source of forged) await session.sendPacket(echoRequest(source, EXPOSED, 1));
    await session.waitForCount("drop.spoofedSource", before, forged.length);
    assert.equal((await session.report()).facts.dropped, before.facts.dropped + forged.length);
  });

  await t.step("texts that are neither a packet nor known do not", async () => {
    const whole = echoTo(EXPOSED);
    const texts = [
      "00",
      "02",
      "4500",
      "ff".repeat(100),
      `${whole.slice(0, 4)}ffff${whole.slice(8)}`,
      whole.slice(0, 64),
    ];
    const before = await session.report();
    for (const text of texts) await session.sendPacket(text);
    await session.waitForCount("drop.malformed", before, texts.length);
    await session.sendPacket(`60${"00".repeat(47)}`);
    await session.waitForCount("drop.ipv6Off", before);
  });

  await t.step("packets from an exposed route reach it", async () => {
    const packet = echoRequest(EXPOSED, ACCESSOR_VIRTUAL_ADDRESS, 7);
    await session.sendAsClient(packet);
    assert.equal((await session.receive()).slice(0, packet.length), packet);
  });

  await t.step("packets from anywhere else do not, but for the client's reports of errors", async () => {
    const before = await session.report();
    await session.sendAsClient(echoRequest(UNEXPOSED, ACCESSOR_VIRTUAL_ADDRESS, 7));
    await session.sendAsClient(echoRequest(CLIENT_VIRTUAL_ADDRESS, ACCESSOR_VIRTUAL_ADDRESS, 7));
    await session.waitForCount("drop.sourceNotExposed", before, 2);
    const error = icmp(3, CLIENT_VIRTUAL_ADDRESS, ACCESSOR_VIRTUAL_ADDRESS);
    await session.sendAsClient(error);
    assert.equal((await session.receive()).slice(0, error.length), error);
  });

  await t.step("the server's own packets reach it", async () => {
    await using _ping = mac.spawn(["ping", "-n", "-c", "1", "-w", "2", ACCESSOR_VIRTUAL_ADDRESS]);
    assert.match(await session.receive(), /^45/);
  });

  await t.step("what is for a virtual address that nobody has ends here", async () => {
    const nobody = "192.168.251.77";
    const before = await session.report();
    await session.sendAsClient(echoRequest(EXPOSED, nobody, 8));
    await session.waitForCount("drop.noSession", before);
    const between = await session.report();
    await using _ping = mac.spawn(["ping", "-n", "-c", "1", "-w", "1", nobody]);
    await session.waitForCount("drop.noSession", between);
  });

  await t.step("a change of the routes holds for the next packet", async () => {
    await server.step({ do: "routes", prefixes: ["172.21.0.0/16", "10.0.0.0/8"] });
    const before = await session.report();
    await session.sendPacket(echoTo(EXPOSED));
    await session.waitForCount("drop.notExposed", before);
    const request = echoTo(UNEXPOSED, 3);
    await session.sendPacket(request);
    assert.equal((await client.receive(/^45.*/)).hex, request);
  });
});

networkTest("a session in plaintext", {}, async (network, t) => {
  await using session = await HandSession.start(network);
  const { server, client, network: { vm, vmAddress } } = session;
  await server.step({ do: "client", endpoint: session.clientEndpoint });
  const legacy = 9;
  const address = "192.168.251.9";
  const packet = echoRequest(address, EXPOSED, 1);
  await using peer = await UdpPeer.open(vm, 2700);

  await t.step("packets of who is not logged in are dropped, or told with their source", async () => {
    const before = await session.report();
    await session.send(packet, peer);
    await session.waitForCount("drop.notLoggedIn", before);
    await session.answers({ legacy: true });
    await session.send(packet, peer);
    const told = await server.waitForEvent("the stranger is told", ({ event }) => event === "datagram");
    assert.deepEqual([told.from, told.hex], [`${vmAddress}:2700`, "45"]);
  });

  await t.step("a login is told", async () => {
    const login = `01${new TextEncoder().encode("a token").toHex()}`;
    await session.send(login, peer);
    await server.waitForEvent("the login is told", ({ event, hex }) => event === "datagram" && hex === login);
  });

  await t.step("once logged in, the same filters hold both ways", async () => {
    await server.step({ do: "session", slot: legacy, address, endpoint: `${vmAddress}:2700`, legacy: true });
    await session.send(packet, peer);
    assert.equal((await client.receive(/^45/)).hex, packet);
    const before = await session.report();
    await session.send(echoTo(EXPOSED), peer);
    await session.waitForCount("drop.spoofedSource", before);
    const reply = echoRequest(EXPOSED, address, 2);
    await session.sendAsClient(reply);
    await peer.receive(new RegExp(`^${reply}$`));
    await server.step({ do: "text", slot: legacy, hex: "02" });
    await peer.receive(/^02$/);
    const { facts } = await server.report(legacy);
    assert.deepEqual([facts.receivedPackets, facts.sentPackets, facts.dropped], [1, 1, 1]);
  });

  await t.step("the other session stays sealed", async () => {
    await session.send(session.seal(echoTo(EXPOSED)));
    assert.equal((await client.receive(/^45/)).hex, echoTo(EXPOSED));
  });
});
