import assert from "node:assert/strict";
import { encodeDirectAnswer, encodeDirectQuestion } from "../../core/path/direct_probe.ts";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { address as parsed } from "../literals.ts";
import type { ServerStatus } from "../topology/control_socket.ts";
import { dockerBridges, DockerRules } from "../topology/docker_rules.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { ENGINES } from "../topology/engines.ts";
import { throughput } from "../topology/iperf.ts";
import { Namespace } from "../topology/namespace.ts";
import type { Network } from "../topology/network.ts";
import { reachable } from "../topology/ping.ts";
import { Transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { UdpPeer } from "../topology/udp_peer.ts";
import { waitUntil } from "../topology/wait.ts";

/** Milliseconds in which the path is used after the start, and in which its traffic is elsewhere when it fails. */
const START_LIMIT = 3_000;
const FALLBACK_LIMIT = 2_000;
/** A path that was lost has to answer for 10 s. */
const RETURN_LIMIT = 20_000;

const LINKS = { link: "veth", direct: true } as const;

const pathOf = ({ paths }: ServerStatus) => paths.list.find(({ kind }) => kind === "direct");

async function becomesDirect({ server }: Tunnel, deadline = START_LIMIT): Promise<void> {
  await server.waitForStatus("packets go directly", ({ paths }) => paths.inUse === "direct", deadline);
}

/** The interface by which the desktop's kernel sends what is for an address. */
async function wayTo({ mac }: Network, address: string): Promise<string> {
  return /dev (\S+)/.exec(await mac.ip("route", "get", address))?.[1] ?? "";
}

async function leadsInto(network: Network, interfaceName: string): Promise<void> {
  const { address } = network.container();
  await waitUntil(
    `the route leads to ${interfaceName}`,
    async () => await wayTo(network, address) === interfaceName,
  );
}

/** The virtual machine's Docker lets nobody reach a container who is not on its bridge. */
async function layDockerRules(network: Network): Promise<DockerRules> {
  const rules = new DockerRules(network.vm, "nft");
  await rules.lay("28.2", dockerBridges(network));
  return rules;
}

async function hasLinkRules(rules: DockerRules): Promise<boolean> {
  return (await rules.tagged()).some((rule) => rule.includes("eth1"));
}

networkTest(
  "packets need no tunnel where the machine is on a link of the desktop",
  LINKS,
  async (network, t) => {
    const rules = await layDockerRules(network);
    const { mac } = network;
    const { address, namespace, subnet } = network.container();
    const { vmAddress, stranger, fabric } = network.direct;
    const from = performance.now();
    await using tunnel = await Tunnel.launch(network);
    const step = (title: string, body: () => Promise<void>) =>
      t.step(title, () => withTranscript(tunnel, body));

    await step("within 3 s of the start", async () => {
      await becomesDirect(tunnel);
      console.log(`  direct ${Math.round(performance.now() - from)} ms after the start`);
      await leadsInto(network, "eth1");
      assert.ok(await reachable(mac, address));
      const status = await tunnel.server.status() ?? assert.fail("no status");
      assert.deepEqual([pathOf(status)?.address, pathOf(status)?.interface], [vmAddress, "eth1"]);
      assert.equal(status.routes.find(({ prefix }) => prefix === subnet)?.via, vmAddress);
      const isMeasured = (each: ServerStatus) => typeof pathOf(each)?.roundTripMs === "number";
      await tunnel.server.waitForStatus("its round trip is measured", isMeasured);
    });

    await step("a stranger on that link reaches no container", async () => {
      await stranger.ip("route", "add", subnet, "via", vmAddress);
      assert.equal(await reachable(stranger, address), false);
      // With the desktop's virtual address as its source, too: nothing arrives.
      await stranger.ip("addr", "add", `${SERVER_VIRTUAL_ADDRESS}/32`, "dev", "lo");
      const received = async () => /\nIcmp: \d.*/.exec(await namespace.exec(["cat", "/proc/net/snmp"]))?.[0];
      const before = await received();
      await stranger.run(["ping", "-c", "3", "-i", "0.2", "-W", "1", "-I", SERVER_VIRTUAL_ADDRESS, address]);
      assert.equal(await received(), before);
      assert.ok(await reachable(mac, address));
    });

    await step("a link that is cut in mid-transfer", async () => {
      const rate = { bytes: 60_000_000, rate: 4_000_000 };
      await using down = await Transfer.start({ from: namespace, address, to: mac, ...rate });
      const there = { from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace, port: 5601 };
      await using up = await Transfer.start({ ...there, ...rate });
      await fabric.ip("link", "set", "vm", "down");
      const cut = performance.now();
      await leadsInto(network, "connector0");
      const fallback = Math.round(performance.now() - cut);
      await waitUntil("the container answers", () => reachable(mac, address, 1));
      const answered = Math.round(performance.now() - cut);
      assert.ok(fallback <= FALLBACK_LIMIT, `${fallback} ms`);
      await fabric.ip("link", "set", "vm", "up");
      await becomesDirect(tunnel, RETURN_LIMIT);
      await leadsInto(network, "eth1");
      assert.ok(down.running && up.running, "the transfers see the return");
      const gaps = (await Promise.all([down.finish(), up.finish()])).map(({ longestGapMs }) =>
        Math.round(longestGapMs)
      );
      console.log(
        `  in the tunnel after ${fallback} ms, answered after ${answered} ms, gaps ${gaps.join(" and ")} ms`,
      );
    });

    await step("another path by name is used at once, and the direct one again", async () => {
      const write = (line: string) => Deno.writeTextFile(tunnel.configFile, `route ${subnet}\n${line}\n`);
      await write("path udp");
      await tunnel.server.waitForStatus("udp is used", ({ paths }) => paths.inUse === "udp");
      await leadsInto(network, "connector0");
      assert.ok(await reachable(mac, address));
      await waitUntil("no rule is left for the link", async () => !await hasLinkRules(rules));
      // A connection that a container begins now goes on when the path changes.
      const there = { from: mac, address: SERVER_VIRTUAL_ADDRESS, to: namespace, port: 5602 };
      await using up = await Transfer.start({ ...there, bytes: 12_000_000, rate: 4_000_000 });
      await write("path direct");
      await becomesDirect(tunnel);
      await leadsInto(network, "eth1");
      await waitUntil("the container answers", () => reachable(mac, address, 1));
      await up.finish(20_000);
    });

    await step("set by name, it leaves its packets to the tunnel while it is down, and says so", async () => {
      await fabric.ip("link", "set", "vm", "down");
      const { paths } = await tunnel.server.waitForStatus(
        "udp is used",
        ({ paths }) => paths.inUse === "udp",
      );
      assert.match(paths.reason, /^direct is set and down \(\S+ does not answer\): /);
      await waitUntil("the container answers", () => reachable(mac, address, 1));
      assert.match(tunnel.server.transcript(), /packets go by the udp path reason="direct is set and down/);
      await fabric.ip("link", "set", "vm", "up");
      await becomesDirect(tunnel, RETURN_LIMIT);
    });
  },
);

networkTest("an address that moves to another machine is left at once", LINKS, async (network) => {
  await layDockerRules(network);
  const { mac } = network;
  const { address } = network.container();
  const { vmAddress, stranger, fabric } = network.direct;
  await using tunnel = await Tunnel.launch(network);
  await withTranscript(tunnel, async () => {
    await becomesDirect(tunnel);
    const { client } = await tunnel.server.status() ?? assert.fail("no status");
    const port = Number(client?.direct?.find((each) => each.startsWith(`${vmAddress}:`))?.split(":")[1]);
    await fabric.ip("link", "set", "vm", "down");
    await stranger.ip("addr", "add", `${vmAddress}/24`, "dev", "eth1");
    const moved = performance.now();
    await leadsInto(network, "connector0");
    assert.ok(performance.now() - moved <= FALLBACK_LIMIT);
    await waitUntil("the container answers", () => reachable(mac, address, 1));
    const reason = `${vmAddress} does not answer`;
    await tunnel.server.waitForStatus("it says so", (status) => pathOf(status)?.reason === reason);
    // The desktop reaches it there, and it answers, but cannot prove the key.
    await mac.ip("neigh", "flush", "dev", "eth1");
    assert.ok(await reachable(mac, vmAddress));
    await using peer = await UdpPeer.open(stranger, port);
    const link = { desktop: parsed("10.79.0.1"), machine: parsed(vmAddress) };
    for (let count = 0; count < 4; count++) {
      const { host, port, hex } = await peer.receive(/^01/, 15_000);
      await peer.send(host, port, `0201${hex.slice(4)}`);
      const nonce = Uint8Array.fromHex(hex.slice(8, 40));
      const forged = encodeDirectAnswer(heartbeatMac("a guess"), link, {
        isReady: true,
        nonce,
        challenge: nonce,
      });
      await peer.send(host, port, forged.toHex());
    }
    assert.equal((await tunnel.server.status())?.paths.inUse, "udp");
    assert.equal(await wayTo(network, address), "connector0");
  });
});

networkTest(
  "nobody without the key gets an answer, and a question is worth nothing elsewhere",
  LINKS,
  async (network) => {
    const { subnet } = network.container();
    const { vmAddress, stranger, strangerAddress, macAddress } = network.direct;
    const key = "kXo4vZb2TqhW7yNe";
    const options = { config: `route ${subnet}\nkey ${key}\n`, clientArgs: [] };
    await using tunnel = await Tunnel.launch(network, {
      ...options,
      clientEnv: { DOCKER_CONNECTOR_KEY: key },
    });
    await withTranscript(tunnel, async () => {
      await becomesDirect(tunnel);
      const { client } = await tunnel.server.status() ?? assert.fail("no status");
      const port = Number(client?.direct?.find((each) => each.startsWith(`${vmAddress}:`))?.split(":")[1]);
      await using peer = await UdpPeer.open(stranger);
      const machine = parsed(vmAddress);
      const [nonce, challenge] = [new Uint8Array(16).fill(1), new Uint8Array(16)];
      const probe = { isReady: false, nonce, challenge };
      const own = { desktop: parsed(strangerAddress), machine };
      const others = { desktop: parsed(macAddress), machine };
      const refused = [
        encodeDirectQuestion(heartbeatMac("a guess"), own, probe),
        encodeDirectQuestion(heartbeatMac(key), others, probe),
        new Uint8Array(52),
        new Uint8Array(1400).fill(1),
        new Uint8Array(0),
      ];
      for (const datagram of refused) await peer.send(vmAddress, port, datagram.toHex());
      // Who has the key gets one answer, no longer than the question, and is not let in by it.
      await peer.send(vmAddress, port, encodeDirectQuestion(heartbeatMac(key), own, probe).toHex());
      const { hex } = await peer.receive(/^/);
      assert.match(hex, /^0200000001010101/);
      assert.equal(hex.length, 2 * 52);
      assert.equal(peer.received.length, 1);
      assert.equal((await tunnel.server.status())?.paths.inUse, "direct");
    });
  },
);

networkTest("killed programs leave no route", LINKS, async (network) => {
  const { mac, vm } = network;
  const rules = await layDockerRules(network);
  const before = await rules.save();
  const routes = [await mac.ip("route"), await vm.ip("route")];
  await using tunnel = await Tunnel.launch(network);
  await withTranscript(tunnel, async () => {
    await becomesDirect(tunnel);
    const back = () => vm.ip("route", "get", SERVER_VIRTUAL_ADDRESS);
    await waitUntil("the machine answers by the link", async () => (await back()).includes("dev eth1"));
    await tunnel.server.kill();
    assert.equal(await mac.ip("route"), routes[0]);
    await tunnel.client.kill();
    assert.equal(await vm.ip("route"), routes[1]);
    tunnel.client.start();
    await tunnel.client.waitForStatus("its rules are there", ({ firewall }) => firewall.rules > 0);
    assert.equal((await tunnel.client.stop()).code, 0);
    assert.equal(await rules.save(), before);
  });
});

networkTest("a desktop that falls silent is forgotten", LINKS, async (network) => {
  const { vm } = network;
  const rules = await layDockerRules(network);
  const before = [await rules.save(), await vm.ip("route")];
  await using tunnel = await Tunnel.launch(network);
  await withTranscript(tunnel, async () => {
    await becomesDirect(tunnel);
    await tunnel.server.kill();
    await waitUntil("no rule is left for the link", async () => !await hasLinkRules(rules), 15_000);
    assert.match(await vm.ip("route", "get", SERVER_VIRTUAL_ADDRESS), /dev connector0/);
    assert.equal((await tunnel.client.stop()).code, 0);
    assert.deepEqual([await rules.save(), await vm.ip("route")], before);
  });
});

networkTest("with a Docker Engine, its networks, and connections that containers open", {
  ...LINKS,
  containers: [],
}, async (network) => {
  const [kind] = ENGINES;
  assert.ok(kind !== undefined);
  await using scene = await EngineScene.start(network, kind);
  await scene.withTranscript(async () => {
    const { machine, server } = scene;
    const { mac, prefix } = network;
    const { fabric, stranger, vmAddress } = network.direct;
    const from = performance.now();
    const first = await machine.runPage("first");
    await scene.answers(first, "first", from, 30_000);
    const isDirect = ({ paths }: ServerStatus) => paths.inUse === "direct";
    await server.waitForStatus("packets go directly", isDirect, START_LIMIT);
    await scene.answers(first, "first");
    assert.equal(await wayTo(network, first), "eth1");

    await machine.engine.createNetwork("web", "10.99.0.0/24");
    await machine.runPage("web", "--network", "web", "--ip", "10.99.0.5");
    await scene.docker("network create --internal --subnet 10.99.2.0/24 inner");
    const inner = await machine.runPage("inner", "--network", "inner");
    await scene.answers("10.99.0.5", "web");
    await scene.answers(inner, "inner");
    assert.deepEqual([await wayTo(network, "10.99.0.5"), await wayTo(network, inner)], ["eth1", "eth1"]);
    for (const subnet of ["10.99.0.0/24", "10.99.2.0/24"]) {
      await stranger.ip("route", "add", subnet, "via", vmAddress);
    }
    for (const address of ["10.99.0.5", inner]) assert.equal(await reachable(stranger, address), false);

    // Docker would masquerade this one by the interface that it leaves by, and puts the rule of a new network on top.
    await waitUntil("the desktop's fixed source comes first", async () => {
      const rules = await network.vm.exec(["iptables-nft", "-t", "nat", "-S", "POSTROUTING"]);
      return /^-P.*\n-A POSTROUTING -d 192\.168\.251\.2\/32 .*-j SNAT/.test(rules);
    });
    const pid = await machine.engine.docker("container", "inspect", "--format", "{{.State.Pid}}", "web");
    const container = await Namespace.attach(`${prefix}-web`, pid.trim());
    const rate = { bytes: 40_000_000, rate: 4_000_000 };
    await using out = await Transfer.start({
      from: mac,
      address: SERVER_VIRTUAL_ADDRESS,
      to: container,
      ...rate,
    });
    await using into = await Transfer.start({
      from: container,
      address: "10.99.0.5",
      to: mac,
      port: 5601,
      ...rate,
    });
    await fabric.ip("link", "set", "vm", "down");
    await waitUntil(
      "the route leads into the tunnel",
      async () => await wayTo(network, first) === "connector0",
    );
    const gaps = (await Promise.all([out.finish(), into.finish()])).map(({ longestGapMs }) =>
      Math.round(longestGapMs)
    );
    console.log(`  ${kind.title}: gaps of ${gaps.join(" and ")} ms`);
  });
});

networkTest("the direct path is as fast as a plain route", LINKS, async (network) => {
  const { mac } = network;
  const { address, namespace } = network.container();
  await using tunnel = await Tunnel.launch(network);
  await withTranscript(tunnel, async () => {
    await becomesDirect(tunnel);
    const measure = () => throughput({ from: mac, to: namespace, address, seconds: 1 });
    const [plain, direct]: [number[], number[]] = [[], []];
    for (let round = 0; round < 6; round++) {
      await mac.ip("route", "add", `${address}/32`, "via", network.direct.vmAddress);
      plain.push(await measure());
      await mac.ip("route", "del", `${address}/32`);
      direct.push(await measure());
    }
    const gigabits = (all: number[]) => Math.max(...all) / 1e9;
    console.log(`  ${gigabits(direct).toFixed(1)} Gbit/s, by a plain route ${gigabits(plain).toFixed(1)}`);
    assert.ok(gigabits(direct) >= 0.95 * gigabits(plain));
  });
});
