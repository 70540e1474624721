/**
 * The programs themselves under datagrams that are made of the kept inputs: server, client and exposed socket. The variable
 * DOCKER_CONNECTOR_FUZZ_DATAGRAMS says how many each of them gets, twice.
 */
import assert from "node:assert/strict";
import { startAccessor } from "../topology/accessor.ts";
import type { CommonStatus } from "../topology/control_socket.ts";
import type { Daemon } from "../topology/daemon.ts";
import { GROWTH_LIMIT } from "../topology/flood.ts";
import type { Namespace } from "../topology/namespace.ts";
import { reachable } from "../topology/ping.ts";
import { Relay } from "../topology/relay.ts";
import { residentBytes } from "../topology/resident_memory.ts";
import { EXPOSED_PORT } from "../topology/session_pair.ts";
import { ANNA, SHARED_CONFIG } from "../topology/shared_tunnel.ts";
import { SERVER_PORT, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";

const COUNT = Number(Deno.env.get("DOCKER_CONNECTOR_FUZZ_DATAGRAMS") ?? 10_000);
const KEY = "correct-horse-battery-staple";
/** Milliseconds in which a tunnel is well again whose ends were told anything in each other's name. */
const BACK_LIMIT = 20_000;
/** Milliseconds for one flood: some thousand datagrams a second go even on a busy machine. */
const FLOOD_LIMIT = 30_000 + COUNT;

/** Sends datagrams of strangers; the octets that went and that came back. */
async function strangers(from: Namespace, address: string, port: number, target: string, seed: number) {
  const args = [address, String(port), String(COUNT), String(seed), target];
  await using child = from.spawnScript("kept_datagrams.ts", args);
  const { success } = await child.wait(FLOOD_LIMIT);
  assert.ok(success, child.stderr.tail());
  const { sent, answered } = JSON.parse(child.stdout.lines[0] ?? "");
  assert.ok(answered <= sent, `${answered} octets came back for ${sent}`);
}

/** Floods a program twice: in the first one V8 makes its heap and its code. What is kept of the second one is kept for good. */
async function staysSmall<Status extends CommonStatus>(
  daemon: Daemon<Status>,
  flood: (seed: number) => Promise<unknown>,
  isWell: () => Promise<unknown>,
): Promise<void> {
  const { pid } = daemon.process;
  const sizes: number[] = [];
  for (const seed of [1, 2]) {
    await flood(seed);
    await isWell();
    assert.ok(daemon.process.running, "the program has ended");
    sizes.push(await residentBytes(pid));
  }
  const [first = 0, second = 0] = sizes;
  console.log(
    `  ${2 * COUNT} datagrams, ${((second - first) / 2 ** 20).toFixed(1)} MiB more by the second half`,
  );
  assert.ok(second - first < GROWTH_LIMIT, `memory grew by ${second - first} octets`);
}

networkTest(
  "the programs stay well whatever datagrams come",
  { containers: [1, 1], lans: 1 },
  async (network, t) => {
    const { mac, vm, macAddress, macLanAddress } = network;
    await using relay = await Relay.start(network);
    await using tunnel = await Tunnel.start(network, {
      config: `key ${KEY}\n${SHARED_CONFIG}`,
      clientTarget: relay.target,
      clientEnv: { DOCKER_CONNECTOR_KEY: KEY },
    });
    const { server, client } = tunnel;
    const lan = network.lan();
    await using accessor = await startAccessor({ network, lan, token: ANNA.token });
    const endpoint = async () => (await server.status())?.client?.endpoint;
    const bound = await endpoint() ?? assert.fail("no client");
    const step = (title: string, body: () => Promise<void>) =>
      t.step(title, () => withTranscript(tunnel, body));

    await step(
      "strangers at the server neither take the tunnel nor are answered more than they send",
      () =>
        staysSmall(
          server,
          async (seed) => {
            await strangers(vm, macAddress, SERVER_PORT, "server-datagrams", seed);
            await strangers(mac, macAddress, SERVER_PORT, "client-datagrams", seed);
          },
          async () => {
            assert.equal(await endpoint(), bound);
            assert.ok(await tunnel.works());
          },
        ),
    );

    await step("what comes in the client's name leaves the client bound", () =>
      staysSmall(
        server,
        (seed) => relay.command(`kept server ${COUNT} ${seed} server-datagrams`, FLOOD_LIMIT),
        async () => {
          assert.equal(await endpoint(), bound);
          await tunnel.waitUp(BACK_LIMIT);
        },
      ));

    await step("what comes in the server's name does the client no lasting harm", () =>
      staysSmall(
        client,
        (seed) => relay.command(`kept client ${COUNT} ${seed} client-datagrams`, FLOOD_LIMIT),
        () => tunnel.waitUp(BACK_LIMIT),
      ));

    await step("strangers at the exposed port leave the session as it is", () =>
      staysSmall(
        server,
        (seed) => strangers(lan.namespace, macLanAddress, EXPOSED_PORT, "exposed-datagrams", seed),
        async () => {
          const { sharing } = await server.status() ?? assert.fail("no status");
          assert.equal(sharing?.sessions.length, 1);
          assert.ok(await reachable(lan.namespace, network.container().address, 5));
          assert.ok(accessor.process.running);
        },
      ));
  },
);
