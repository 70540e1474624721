import assert from "node:assert/strict";
import { answerChallenge } from "../../core/protocol/challenge.ts";
import { encodeHeartbeat } from "../../core/protocol/heartbeat.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { droppedDatagrams, type ServerStatus } from "../topology/control_socket.ts";
import { Relay, strangerDatagram } from "../topology/relay.ts";
import { launchServer, SERVER_PORT, Tunnel } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { UdpPeer } from "../topology/udp_peer.ts";

const KEY = "correct-horse-battery-staple";
const CONFIG = `key ${KEY}\nroute 172.20.0.0/16\n`;

/** A server's challenge: 17 octets, the first one 00. */
const CHALLENGE = /^00.{32}$/;

function dropped(status: ServerStatus | undefined): number {
  return droppedDatagrams((status ?? assert.fail("no status")).counters);
}

/** The client's last heartbeat and its last answer to a challenge, in hexadecimal. */
async function recorded(relay: Relay): Promise<{ heartbeat: string; answer: string }> {
  const { heartbeat, answer } = await relay.command("recorded");
  return typeof heartbeat === "string" && typeof answer === "string"
    ? { heartbeat, answer }
    : assert.fail("nothing was recorded");
}

networkTest("only a client that proves the key is bound", {}, async (network, t) => {
  await using relay = await Relay.start(network);
  const keyed = { config: CONFIG, clientTarget: relay.target };

  await t.step("the right key", async () => {
    await using tunnel = await Tunnel.start(network, { ...keyed, clientArgs: ["--key", KEY] });
    assert.ok(await tunnel.works());

    const bound = (await tunnel.server.status())?.client?.endpoint;
    assert.ok(bound);
    await using thief = await UdpPeer.open(network.vm);
    const { heartbeat, answer } = await recorded(relay);
    await thief.send(network.macAddress, SERVER_PORT, heartbeat);
    const challenge = await thief.receive(CHALLENGE);
    assert.ok(challenge.hex.length <= heartbeat.length, "the reply is larger than what was sent");
    assert.equal((await tunnel.server.status())?.client?.endpoint, bound);
    const refused = dropped(await tunnel.server.status());
    await thief.send(network.macAddress, SERVER_PORT, answer);
    const after = await tunnel.server.waitForStatus(
      "a recorded answer from elsewhere is counted as dropped",
      (status) => dropped(status) > refused,
    );
    assert.equal(after.client?.endpoint, bound);
    for (const what of ["heartbeat", "answer"]) await relay.command(`replay ${what}`);
    await tunnel.waitForEcho();
    assert.equal((await tunnel.server.status())?.client?.endpoint, bound);

    const before = dropped(await tunnel.server.status());
    await strangerDatagram(network.vm, network.macAddress, SERVER_PORT, "00");
    const plain = await tunnel.server.waitForStatus(
      "a heartbeat without proof is counted as dropped",
      (status) => dropped(status) > before,
    );
    assert.equal(plain.client?.endpoint, bound);

    const { port } = await relay.command("rebind");
    await tunnel.server.waitForStatus(
      "a fresh proof from another port binds that port",
      ({ client }) => client?.endpoint === `${network.vmAddress}:${port}`,
    );
    await tunnel.waitForEcho();
  });

  await t.step("what was recorded before a restart of the server binds nobody after it", async () => {
    await using tunnel = await Tunnel.start(network, { ...keyed, clientArgs: ["--key", KEY] });
    await relay.command("mute on");
    await tunnel.server.stop();
    const { heartbeat, answer } = await recorded(relay);
    tunnel.server.start();
    const before = dropped(await tunnel.server.waitForStatus("it is up again", () => true));
    await using thief = await UdpPeer.open(network.vm);
    await thief.send(network.macAddress, SERVER_PORT, heartbeat);
    await thief.receive(CHALLENGE);
    await thief.send(network.macAddress, SERVER_PORT, answer);
    const after = await tunnel.server.waitForStatus(
      "the recorded answer is counted as dropped",
      (status) => dropped(status) > before,
    );
    assert.equal(after.client, null);
    await relay.command("mute off");
    await tunnel.waitUp();
  });

  await t.step("a clock that is off by an hour", async () => {
    const { server } = await launchServer(network, { config: CONFIG });
    await using _server = server;
    await server.waitForStatus("it is up", () => true);
    const proof = heartbeatMac(KEY);
    await using client = await UdpPeer.open(network.vm);
    for (const off of [-3_600_000, 3_600_000]) {
      const heartbeat = encodeHeartbeat(proof, Date.now() + off);
      await client.send(network.macAddress, SERVER_PORT, heartbeat.toHex());
      const { hex } = await client.receive(CHALLENGE);
      await client.send(
        network.macAddress,
        SERVER_PORT,
        answerChallenge(proof, Uint8Array.fromHex(hex)).toHex(),
      );
      await client.receive(/^01/);
    }
    const status = await server.status();
    assert.ok(status?.client?.endpoint?.startsWith(`${network.vmAddress}:`), JSON.stringify(status?.client));
    assert.equal(dropped(status), 0);
  });

  for (const [title, clientArgs] of [["a wrong key", ["--key", "guess"]], ["no key", []]] as const) {
    await t.step(title, async () => {
      await using tunnel = await Tunnel.launch(network, { ...keyed, clientArgs });
      const status = await tunnel.server.waitForStatus(
        "the server has dropped several heartbeats",
        ({ counters }) => droppedDatagrams(counters) >= 3,
      );
      assert.equal(status.client, null);
      assert.equal(await tunnel.works(), false);
      const client = await tunnel.client.status();
      assert.equal(client?.server.lastHeardSeconds, null);
    });
  }

  await t.step("the key from the environment, and never in a log or a status", async () => {
    await using tunnel = await Tunnel.start(network, { ...keyed, clientEnv: { DOCKER_CONNECTOR_KEY: KEY } });
    const shown = JSON.stringify([await tunnel.server.status(), await tunnel.client.status()]);
    const lines = [tunnel.server, tunnel.client].flatMap((daemon) => daemon.process.stderr.lines);
    assert.ok(!(shown + lines.join()).includes(KEY));
    const strange = lines.filter((line) => !/^\d{4}-\d\d-\d\dT\S+ (error|warn|info|debug) /.test(line));
    assert.deepEqual(strange, [], "something else than the log was written");
  });
});
