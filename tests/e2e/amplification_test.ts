/** What strangers draw out of each open port: never more octets than they sent, since the address that they sent from may be another's. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import { encodeDescription } from "../../core/protocol/description.ts";
import { encodeDirectQuestion } from "../../core/path/direct_probe.ts";
import { encodeHeartbeat } from "../../core/protocol/heartbeat.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { address } from "../literals.ts";
import { startAccessor } from "../topology/accessor.ts";
import { droppedDatagrams } from "../topology/control_socket.ts";
import { echoRequest } from "../topology/echo_packet.ts";
import type { Namespace } from "../topology/namespace.ts";
import { EXPOSED_PORT } from "../topology/session_pair.ts";
import { ANNA, SHARED_CONFIG } from "../topology/shared_tunnel.ts";
import { CLIENT_VIRTUAL_ADDRESS, SERVER_PORT, SERVER_VIRTUAL_ADDRESS, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { UdpPeer } from "../topology/udp_peer.ts";

const KEY = "correct-horse-battery-staple";
const GUESS = heartbeatMac("guess");
const DNS_PORT = 53;
const PACKET = echoRequest(ANNA.address, "172.20.0.2", 1);

/** Octets in hexadecimal, and how many octets may come back. */
interface Datagram {
  readonly hex: string;
  readonly answer: number;
}

const silent = (...hex: string[]): Datagram[] => hex.map((each) => ({ hex: each, answer: 0 }));

/** A DNS query by the wire's form. */
function query(name: string, type = "A"): string {
  const questions = [{ name, type }];
  return new Uint8Array(dnsPacket.encode({ id: 1, type: "query", flags: 0x0100, questions })).toHex();
}

const question = (key: string, desktop: string, machine: string) =>
  encodeDirectQuestion(
    heartbeatMac(key),
    { desktop: address(desktop), machine: address(machine) },
    { isReady: false, nonce: new Uint8Array(16), challenge: new Uint8Array(16) },
  ).toHex();

/** What no port of the project answers. */
const GARBAGE = silent("", "ff", "45", "4500", "02", "0200000001020304", "03" + "7b".repeat(40), PACKET);

/** Sends each from a socket of its own, and waits until all have been looked at. */
async function draw(
  from: Namespace,
  to: { readonly host: string; readonly port: number },
  datagrams: readonly Datagram[],
  looked: (peer: UdpPeer) => Promise<unknown>,
): Promise<void> {
  await using peer = await UdpPeer.open(from);
  for (const { hex } of datagrams) await peer.send(to.host, to.port, hex);
  await looked(peer);
  const expected = datagrams.flatMap(({ answer }) => answer === 0 ? [] : [answer]);
  assert.deepEqual(peer.received.slice(0, expected.length).map((hex) => hex.length / 2), expected);
  for (const { hex, answer } of datagrams) {
    assert.ok(answer <= hex.length / 2, `${hex} draws ${answer} octets`);
  }
}

networkTest(
  "nobody draws more than they sent",
  { containers: [1, 1], lans: 1, link: "veth", direct: true },
  async (network, t) => {
    const { mac, folder, macAddress, direct } = network;
    const lan = network.lan();
    await Deno.writeTextFile(`${folder}/hosts`, "10.9.9.9 dev.test\n10.9.9.8 dev.test\n");
    const expose = `expose 0.0.0.0:${EXPOSED_PORT} legacy\n`;
    await using tunnel = await Tunnel.start(network, {
      config: `key ${KEY}\nhosts ${folder}/hosts .test\n${SHARED_CONFIG.replace(/^expose .*\n/m, expose)}`,
      clientArgs: ["--key", KEY],
    });
    const { server, client } = tunnel;
    await server.waitForStatus("it shares", ({ sharing }) => sharing?.deriving === 0, 30_000);
    const step = (name: string, body: () => Promise<void>) =>
      t.step(name, () => withTranscript(tunnel, body));
    const dropped = async () =>
      droppedDatagrams((await server.status() ?? assert.fail("no status")).counters);

    await step("at the server's port, with a key", async () => {
      const heartbeats = silent(
        "00",
        encodeHeartbeat(GUESS, Date.now()).toHex(),
        "00" + "5a".repeat(16),
        "00" + "5a".repeat(32),
        encodeDescription({ version: "1.0.0", addresses: [] }).toHex(),
      );
      const all = [...heartbeats, ...GARBAGE];
      for (const [from, host] of [[mac, "127.0.0.1"], [network.vm, macAddress]] as const) {
        const before = await dropped();
        await draw(from, { host, port: SERVER_PORT }, all, async (peer) => {
          await server.waitForStatus(
            "all are counted",
            ({ counters }) => droppedDatagrams(counters) >= before + all.length,
          );
          assert.deepEqual(peer.received, []);
        });
      }
    });

    await step("at the exposed port, which admits the original's accessors", async () => {
      const messages = silent(
        "01000000" + "5a".repeat(144),
        "02000000" + "5a".repeat(88),
        "03000000" + "5a".repeat(60),
      )
        .concat(silent("04000000" + "5a".repeat(28), "01" + "5a".repeat(20)));
      const login = { hex: "00", answer: 1 };
      const all = [...messages, { hex: PACKET, answer: 1 }, ...silent("ff", "03"), login];
      await draw(lan.namespace, { host: network.macLanAddress, port: EXPOSED_PORT }, all, async (peer) => {
        while (peer.received.length < 2) await peer.receiveNew();
        assert.deepEqual(peer.received, ["02", "02"]);
      });
    });

    await step("at the server's names, from the local network", async () => {
      await lan.namespace.ip("route", "add", SERVER_VIRTUAL_ADDRESS, "via", network.macLanAddress);
      await draw(
        lan.namespace,
        { host: SERVER_VIRTUAL_ADDRESS, port: DNS_PORT },
        silent(
          query("desktop.container.internal"),
          query("container.internal", "ANY"),
          query("example.test"),
        ),
        async (peer) => {
          // The desktop asks after them, and is answered.
          await using own = await UdpPeer.open(mac);
          await own.send(SERVER_VIRTUAL_ADDRESS, DNS_PORT, query("desktop.container.internal"));
          await own.receive();
          assert.deepEqual(peer.received, []);
        },
      );
    });

    await step("at the client's names, from its machine's link", async () => {
      const { stranger, vmAddress } = direct;
      await stranger.ip("route", "add", CLIENT_VIRTUAL_ADDRESS, "via", vmAddress);
      await client.waitForStatus("it has the names", ({ names }) => names.names > 0);
      const same = (hex: string) => ({ hex, answer: hex.length / 2 });
      const all = [
        same(query("dev.test")),
        ...silent("ff"),
        same(query("example.test")),
        same(query("dev.test", "ANY")),
      ];
      await draw(stranger, { host: CLIENT_VIRTUAL_ADDRESS, port: DNS_PORT }, all, async (peer) => {
        while (peer.received.length < 3) await peer.receiveNew();
        for (const hex of peer.received) {
          const { answers } = dnsPacket.decode(Buffer.from(Uint8Array.fromHex(hex)));
          assert.deepEqual(answers, []);
        }
      });
    });

    await step("at the client's port for the direct path", async () => {
      const { stranger, strangerAddress, vmAddress } = direct;
      const { client: described } = await server.waitForStatus(
        "the client has told its port",
        ({ client }) => (client?.direct?.length ?? 0) > 0,
      );
      const port = Number(described?.direct?.find((text) => text.startsWith(`${vmAddress}:`))?.split(":")[1]);
      const proven = { hex: question(KEY, strangerAddress, vmAddress), answer: 52 };
      const all = [...GARBAGE, ...silent(question("guess", strangerAddress, vmAddress)), proven];
      await draw(stranger, { host: vmAddress, port }, all, (peer) => peer.receive());
    });

    await step("at an accessor's port", async () => {
      await using accessor = await startAccessor({ network, lan, token: ANNA.token });
      const sockets = await Deno.readTextFile(`/proc/${accessor.process.pid}/net/udp`);
      const ports = [...sockets.matchAll(/^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) /gm)].map(([, hex = "0"]) =>
        parseInt(hex, 16)
      );
      // What comes to its main thread first, and is not counted.
      const all = [...silent("01000000" + "5a".repeat(144), "04000000" + "5a".repeat(28)), ...GARBAGE];
      assert.equal(ports.length, 1, "it has one socket");
      for (const port of ports) {
        const before = droppedDatagrams((await accessor.status() ?? assert.fail("no status")).counters);
        await draw(mac, { host: lan.address, port }, all, async (peer) => {
          await accessor.waitForStatus(
            "all are counted",
            ({ counters }) => droppedDatagrams(counters) >= before + GARBAGE.length,
          );
          assert.deepEqual(peer.received, []);
        });
      }
    });
  },
);
