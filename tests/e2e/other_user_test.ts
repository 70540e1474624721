/** Another user of the desktop against a server with an empty config file, which keeps the client in the Engine. */
import assert from "node:assert/strict";
import { CHALLENGE_ANSWER_LENGTH } from "../../core/protocol/datagram.ts";
import { encodeDescription } from "../../core/protocol/description.ts";
import { encodeHeartbeat } from "../../core/protocol/heartbeat.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { droppedDatagrams, type ServerStatus } from "../topology/control_socket.ts";
import { CLIENT_CONTAINER, EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { COMPILER_NEEDS } from "../topology/gate.ts";
import { OtherUser } from "../topology/other_user.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_PORT, SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import type { UdpPeer } from "../topology/udp_peer.ts";
import { waitUntil } from "../topology/wait.ts";
import { fetchPage } from "../topology/web.ts";

/** What an unproven client sends: heartbeats with a proof, and answers to challenges. */
const UNTRUSTING = /^00(.{48}|.{64})$/;
/** Errors by which the system refuses what another user may not do. */
const REFUSED = /^(EPERM|EACCES|EBUSY|EINVAL|EADDRINUSE|ENETUNREACH)$/;

/** Those heartbeats. */
const HEARTBEAT = /^00.{48}$/;

const GUESS = heartbeatMac("guess");

/** An echo request from the desktop's virtual address to the client's, with right checksums. */
const ECHO = echoRequest(SERVER_VIRTUAL_ADDRESS, CLIENT_VIRTUAL_ADDRESS);

/** What a program that is not the client says to the server. */
const TO_SERVER = {
  heartbeat: "00",
  "a heartbeat with a guessed key": encodeHeartbeat(GUESS, Date.now()).toHex(),
  "an answer to no challenge": "00" + "5a".repeat(32),
  "a description": encodeDescription({ version: "9.9.9", addresses: ["192.168.251.1"] }).toHex(),
  "a line for the config file": new TextEncoder().encode("\x01route 10.0.0.0/8").toHex(),
  "a probe": "0200000001020304",
  "a packet": echoRequest(CLIENT_VIRTUAL_ADDRESS, SERVER_VIRTUAL_ADDRESS),
} as const;

/** What a program that is not the server says to the client, with what would change its machine. */
const TO_CLIENT = [
  "010000",
  "010000" + "5a".repeat(16),
  controlText(
    "version 2,revision 7,addr6 off,connect 172.17.0.0 172.18.0.0,dns .test,host 10.9.9.9 bank.test",
  ),
  "00" + "5a".repeat(16),
  "0203000001020304",
  "0200000001020304",
  ECHO,
];

function controlText(text: string): string {
  return "01" + text.length.toString(16).padStart(4, "0") + new TextEncoder().encode(text).toHex();
}

/** An ICMP echo request as an IPv4 packet, in hexadecimal. */
function echoRequest(from: string, to: string): string {
  const bytes = (address: string) => address.split(".").map(Number);
  const header = [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0, ...bytes(from), ...bytes(to)];
  const message = [8, 0, 0, 0, 0x12, 0x34, 0, 1];
  return new Uint8Array([...withChecksum(header, 10), ...withChecksum(message, 2)]).toHex();
}

/** RFC 1071. */
function withChecksum(bytes: readonly number[], at: number): number[] {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += (bytes[index] ?? 0) << 8 | (bytes[index + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return bytes.with(at, ~sum >>> 8 & 0xff).with(at + 1, ~sum & 0xff);
}

networkTest(
  "another user of the desktop",
  { containers: [], link: "veth", direct: true },
  async (network, t) => {
    const { mac, folder, vmAddress } = network;
    const user = await OtherUser.create(mac, folder);
    await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);
    await Deno.chmod(scene.machine.engine.socket, 0o600);
    const address = await scene.machine.runPage("page");

    await t.step("who has the port first keeps the server from starting, and gets nothing", async () => {
      await using thief = await user.bind("0.0.0.0", SERVER_PORT);
      await scene.startServer();
      assert.equal((await scene.server.process.wait()).code, 74);
      assert.match(
        scene.server.process.stderr.tail(),
        /Cannot listen on UDP 0\.0\.0\.0:2511: the port is taken/,
      );
      assert.deepEqual(thief.received, []);
    });

    const { server } = scene;
    server.start();
    const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));
    const status = async () => await server.status() ?? assert.fail("the server has no status");
    const client = async () => await scene.clientStatus() ?? assert.fail("the client has no status");

    await step("a sender of heartbeats from the first moment on is not bound", async () => {
      await using stranger = await user.bind("127.0.0.1", 0);
      const bound = new Set<string>();
      await waitUntil("the client is there", async () => {
        for (const hex of ["00", encodeHeartbeat(GUESS, Date.now()).toHex()]) {
          await stranger.send("127.0.0.1", SERVER_PORT, hex);
        }
        const endpoint = (await server.status())?.client?.endpoint ?? undefined;
        if (endpoint !== undefined) bound.add(endpoint.split(":")[0] ?? "");
        return endpoint !== undefined;
      }, 30_000);
      assert.deepEqual([...bound], [vmAddress]);
      assert.deepEqual(stranger.received, []);
      await scene.answers(address, "page");
    });

    for (const path of ["udp", "engine", "direct"] as const) {
      await step(`cannot take over, inject or read while packets go by ${path}`, async () => {
        await Deno.writeTextFile(scene.configFile, `path ${path}\n`);
        await scene.uses(path, performance.now(), 20_000);
        const tried = await user.attempts({
          pid: server.process.pid,
          port: SERVER_PORT,
          clientAddress: vmAddress,
          interfaceName: "connector0",
          folder,
          sockets: [
            `${server.settings.control}.capture`,
            scene.machine.engine.socket,
            server.settings.control,
          ],
        });
        const { "socket-3": statusSocket, ...others } = tried;
        assert.equal(statusSocket, "done", "the status is for everyone");
        const allowed = Object.entries(others).filter(([, result]) => !REFUSED.test(result));
        assert.deepEqual(allowed, []);
        assert.equal(Object.keys(others).length, 22, JSON.stringify(others));
        await cannotSend(await status());
        assert.equal((await status()).paths.inUse, path);
        assert.equal(await fetchPage(mac, address), "page of page");
      });
    }

    async function cannotSend({ client: before, counters }: ServerStatus): Promise<void> {
      for (const [host, local] of [["127.0.0.1", "127.0.0.1"], [network.macAddress, "0.0.0.0"]] as const) {
        await using stranger = await user.bind(local, 0);
        for (const hex of Object.values(TO_SERVER)) await stranger.send(host, SERVER_PORT, hex);
        const sent = Object.keys(TO_SERVER).length;
        const after = await server.waitForStatus(
          "each datagram is counted as dropped",
          (status) => droppedDatagrams(status.counters) - droppedDatagrams(counters) >= sent,
        );
        assert.equal(after.client?.endpoint, before?.endpoint);
        assert.equal(after.client?.version, before?.version);
        assert.deepEqual(stranger.received, [], "nothing is answered");
      }
    }

    async function getsNothing(thief: UdpPeer): Promise<void> {
      const { host, port } = await thief.receiveNew(UNTRUSTING, 10_000);
      const before = await client();
      const from = thief.received.length;
      for (let round = 0; round < 3; round++) {
        for (const hex of TO_CLIENT) await thief.send(host, port, hex);
        await thief.receiveNew(HEARTBEAT, 10_000);
      }
      const after = await client();
      const told = thief.received.slice(from);
      assert.deepEqual(told.filter((hex) => !UNTRUSTING.test(hex)), [], "it told what it should not");
      assert.ok(told.some((hex) => hex.length === 2 * CHALLENGE_ANSWER_LENGTH), "it answers challenges");
      const packets = ({ counters }: typeof before) => counters.inbound.packets;
      assert.equal(packets(after), packets(before), "a packet of a thief went in");
      assert.ok((after.counters.drops["unknownPeer"] ?? 0) > (before.counters.drops["unknownPeer"] ?? 0));
      assert.deepEqual(after.firewall.pairs, []);
      assert.notEqual(after.server.state, "connected");
    }

    await step("gets nothing by the port of a server that was stopped, from its end on", async () => {
      await Deno.writeTextFile(scene.configFile, "path udp\n");
      await scene.uses("udp", performance.now(), 20_000);
      await server.stop();
      await using thief = await user.bind("0.0.0.0", SERVER_PORT);
      await getsNothing(thief);
      assert.deepEqual(thief.received.filter((hex) => !UNTRUSTING.test(hex)), []);
    });

    await step("nor of one that was killed, once its stream has ended", async () => {
      await Deno.writeTextFile(scene.configFile, "");
      server.start();
      await scene.answers(address, "page");
      await server.waitForStatus(
        "its stream is open",
        ({ paths }) => paths.list.some(({ kind, state }) => kind === "engine" && state !== "down"),
      );
      await server.kill();
      await using thief = await user.bind("0.0.0.0", SERVER_PORT);
      await getsNothing(thief);
    });

    await step("and the server is back as soon as the port is free", async () => {
      server.start();
      await scene.answers(address, "page");
      assert.equal(await scene.docker(`inspect --format {{.State.Status}} ${CLIENT_CONTAINER}`), "running");
    });
    console.log(scene.times.map((line) => `  ${line}`).join("\n"));
  },
  {
    programs: [...DEFAULT_ENGINE.needs.programs, ...COMPILER_NEEDS.programs],
    packages: [...DEFAULT_ENGINE.needs.packages, ...COMPILER_NEEDS.packages],
    ...DEFAULT_ENGINE.needs.absence === undefined ? {} : { absence: DEFAULT_ENGINE.needs.absence },
  },
);
