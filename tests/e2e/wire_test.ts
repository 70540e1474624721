import assert from "node:assert/strict";
import type { ServerStatus } from "../topology/control_socket.ts";
import { Daemon } from "../topology/daemon.ts";
import { echoReplyPattern, echoRequest } from "../topology/echo_packet.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_PORT, SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { UdpPeer } from "../topology/udp_peer.ts";

/** The control header: one byte 01 and the text's length in two bytes. */
const CONTROL = /^01/;

/** The control text that a server sent: what follows the header in its datagram, then the next datagrams. */
async function readControl(peer: UdpPeer): Promise<string> {
  const { hex } = await peer.receive(CONTROL);
  const length = Number.parseInt(hex.slice(2, 6), 16);
  let text = hex.slice(6);
  while (text.length < 2 * length) text += (await peer.receive()).hex;
  assert.equal(text.length, 2 * length);
  return new TextDecoder().decode(Uint8Array.fromHex(text));
}

networkTest("the server talks to a client of the original's kind", {}, async (network, t) => {
  const { mac, vm, folder, macAddress } = network;
  await Deno.writeTextFile(`${folder}/wire.conf`, "route 172.20.0.0/16\niptables 172.20.0.0+172.21.0.0\n");
  await using server = new Daemon<ServerStatus>({
    namespace: mac,
    program: "docker-connector",
    args: ["-config", `${folder}/wire.conf`, "-host", "0.0.0.0"],
    control: `${folder}/wire.sock`,
  });
  await server.waitForStatus("the server is there", () => true);
  await using client = await UdpPeer.open(vm);

  await t.step("a hello is answered with the controls", async () => {
    await client.send(macAddress, SERVER_PORT, "00");
    const commands = (await readControl(client)).split(",");
    assert.equal(commands[0], "version 2");
    assert.ok(commands.includes("connect 172.20.0.0 172.21.0.0"), commands.join());
  });

  await t.step("each further heartbeat is answered with an empty control", async () => {
    for (let count = 0; count < 3; count++) {
      await client.send(macAddress, SERVER_PORT, "00");
      await client.receive(/^010000$/);
    }
  });

  await t.step("one datagram is one raw packet, both ways", async () => {
    for (const payload of [0, 1, 56, 1372]) {
      const request = echoRequest(CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS, payload, payload);
      await client.send(macAddress, SERVER_PORT, request);
      await client.receive(echoReplyPattern(request));
    }
  });

  await t.step("packets for the containers come out as they are", async () => {
    await using _ping = mac.spawn(["ping", "-n", "-c", "1", "-w", "2", "172.20.0.2"]);
    const { hex } = await client.receive(/^45/);
    assert.equal(hex.slice(32, 40), "ac140002");
    assert.equal(hex.length, 2 * 84);
  });

  await t.step("a change of the pairs is sent at once", async () => {
    await Deno.writeTextFile(`${folder}/wire.conf`, "route 172.20.0.0/16\niptables 172.20.0.0-172.21.0.0\n");
    assert.match(await readControl(client), /disconnect 172\.20\.0\.0 172\.21\.0\.0/);
  });
});

networkTest("the client talks to a server of the original's kind", {}, async (network, t) => {
  const { mac, vm, folder, macAddress } = network;
  await using server = await UdpPeer.open(mac, SERVER_PORT);
  await using daemon = new Daemon({
    namespace: vm,
    program: "docker-connector-client",
    args: ["-host", macAddress, "-heartbeat", "500"],
    control: `${folder}/wire-client.sock`,
  });

  const hello = await server.receive();
  await t.step("it begins with one byte", () => {
    assert.equal(hello.hex, "00");
  });

  await t.step("it answers packets without being spoken to in any other way", async () => {
    const request = echoRequest(SERVER_VIRTUAL_ADDRESS, CLIENT_VIRTUAL_ADDRESS, 1);
    await server.send(hello.host, hello.port, request);
    const reply = await server.receive(echoReplyPattern(request));
    assert.equal(reply.port, hello.port);
  });

  await t.step("controls cut over several datagrams with packets between them do no harm", async () => {
    const text = new TextEncoder().encode("connect 172.20.0.0 172.21.0.0,dns a.test,host 10.0.0.1 a.test");
    const hex = text.toHex();
    const request = echoRequest(SERVER_VIRTUAL_ADDRESS, CLIENT_VIRTUAL_ADDRESS, 2);
    const header = `01${text.length.toString(16).padStart(4, "0")}`;
    for (const part of [header, hex.slice(0, 40), request, hex.slice(40)]) {
      await server.send(hello.host, hello.port, part);
    }
    await server.receive(echoReplyPattern(request));
    assert.ok(daemon.process.running, daemon.transcript());
  });

  await t.step("nothing is sent that the original's server would not understand", () => {
    const other = server.received.filter((hex) =>
      hex !== "00" && !hex.startsWith("4") && !hex.startsWith("6")
    );
    assert.deepEqual(other, []);
  });

  await t.step("a server that says version 2 is told about the client", async () => {
    await server.send(hello.host, hello.port, `010009${new TextEncoder().encode("version 2").toHex()}`);
    const { hex } = await server.receive(/^03/);
    const description = JSON.parse(new TextDecoder().decode(Uint8Array.fromHex(hex.slice(2))));
    assert.match(description.version, /^\d+\.\d+\.\d+/);
  });
});
