import assert from "node:assert/strict";
import { reachable } from "../topology/ping.ts";
import { ANNA, SHARED } from "../topology/shared_tunnel.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";
import { WireguardPeer } from "../topology/wireguard_peer.ts";

const TOKENS = 1_000;
/** Room for so many tokens around the usual addresses. */
const ADDR = "192.168.251.1/20";

/** Lines of tokens that are all strong, each with an address of its own. */
function tokenLines(count: number): string {
  return Array.from({ length: count }, (_, index) => {
    const token = crypto.getRandomValues(new Uint8Array(16)).toHex();
    return `token ${token} 192.168.${240 + (index >> 7)}.${1 + (index & 127)}\n`;
  }).join("");
}

networkTest("a thousand tokens hold nothing up", { lans: 1 }, async (network, t) => {
  const config = `addr ${ADDR}\n${SHARED.routes}${SHARED.expose}${SHARED.anna}${tokenLines(TOKENS - 1)}`;
  await using tunnel = await Tunnel.start(network, { config, clientArgs: ["--addr", ADDR], heartbeat: 100 });
  const { server } = tunnel;
  const container = network.container();
  const step = (name: string, run: () => Promise<void>) => t.step(name, () => withTranscript(tunnel, run));

  await step("the first packet passes long before the keys of the tokens are derived", async () => {
    await server.stop();
    server.start();
    await waitUntil("a packet passes", () => reachable(network.mac, container.address, 1));
    // Deriving all keys takes tens of seconds of a core. The order of the two does not depend on how busy the machine is.
    const { sharing } = await server.waitForStatus(
      "it shares",
      ({ sharing }) => typeof sharing?.cipher === "string",
    );
    assert.ok((sharing?.deriving ?? 0) > TOKENS / 2, `${sharing?.deriving} of ${TOKENS} were not ready`);
  });

  await step("the first token of the file logs in long before the last is ready", async () => {
    await using anna = await WireguardPeer.open(network, ANNA.token);
    await server.waitForStatus("the first is ready", ({ sharing }) => (sharing?.deriving ?? TOKENS) < TOKENS);
    await anna.handshake();
    assert.equal((await anna.receiveLogin()).mtu, 1400);
    const sharing = (await server.status())?.sharing;
    assert.equal(sharing?.tokens, TOKENS);
    assert.ok(sharing.deriving > TOKENS / 2);
  });
});
