import assert from "node:assert/strict";
import { type Backend, dockerBridges, DockerRules } from "../topology/docker_rules.ts";
import type { Network } from "../topology/network.ts";
import { reachable } from "../topology/ping.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";

/** Rules follow the chain within this many milliseconds. */
const LIMIT = 5_000;

/** A tunnel whose client runs behind a wrapper. */
async function withClient(
  network: Network,
  clientWrapper: readonly string[],
  body: (tunnel: Tunnel) => Promise<void>,
): Promise<void> {
  await using tunnel = await Tunnel.start(network, { clientWrapper });
  await withTranscript(tunnel, () => body(tunnel));
}

/** Lines of the client's log that match. */
function told(tunnel: Tunnel, pattern: RegExp): string[] {
  return tunnel.client.process.stderr.lines.filter((line) => pattern.test(line));
}

/** Runs the program in a mount namespace after the shell commands. */
function mounted(commands: string): string[] {
  return ["unshare", "-m", "sh", "-c", `${commands} && exec "$@"`, "sh"];
}

async function chainAppears(network: Network, tunnel: Tunnel, backend: Backend): Promise<void> {
  const rules = new DockerRules(network.vm, backend);
  const { address } = network.container();
  await rules.lay("28.2", dockerBridges(network));
  await waitUntil("the container answers", () => reachable(network.mac, address, 1), LIMIT);
  await tunnel.client.process.stderr.waitFor(/rules are in place/);
  assert.equal(told(tunnel, /no such chain/).length, 1);
}

for (const backend of ["nft", "legacy"] as const) {
  networkTest(
    `without Docker's chain the client waits for it, iptables-${backend}`,
    {},
    async (network, t) => {
      await using tunnel = await Tunnel.start(network);
      const step = (name: string, body: () => Promise<void>) =>
        t.step(name, () => withTranscript(tunnel, body));
      const rules = new DockerRules(network.vm, backend);

      await step("containers are reachable, no rule is made, nothing is wrong", async () => {
        await tunnel.client.process.stderr.waitFor(/no such chain/);
        assert.ok(await reachable(network.mac, network.container().address));
        assert.deepEqual((await tunnel.client.status())?.firewall, {
          state: "waiting",
          backend: null,
          rules: 0,
          pairs: [],
        });
        assert.deepEqual(told(tunnel, / (?:warn|error) /), []);
        assert.equal(await rules.save(), "");
      });

      await step("rules follow as soon as the chain is there", () => chainAppears(network, tunnel, backend));
    },
  );
}

networkTest("a machine without iptables has a tunnel and one warning", {}, async (network) => {
  const hide = "mount --bind /dev/null /usr/sbin/xtables-nft-multi && " +
    "mount --bind /dev/null /usr/sbin/xtables-legacy-multi";
  await withClient(network, mounted(hide), async (tunnel) => {
    const { firewall } = await tunnel.client.waitForStatus(
      "the fault is told",
      (status) => status.firewall.fault !== undefined,
    );
    assert.match(firewall.fault ?? "", /no iptables/);
    assert.match(firewall.remedy ?? "", /^Install/);
    assert.ok(await reachable(network.mac, network.container().address));
    // Longer than the time between two looks.
    await tunnel.client.waitForStatus("some looks later", ({ uptimeSeconds }) => uptimeSeconds >= 6);
    // The firewall's own, and that of the fault.
    assert.deepEqual(
      told(tunnel, / warn /).map((line) => / warn +(\w+):/.exec(line)?.[1]),
      ["firewall", "fault"],
    );
    assert.equal((await tunnel.client.stop()).code, 0);
  });
});

networkTest("Docker's own nftables firewall is named with what to do", {}, async (network) => {
  await network.vm.exec(["nft", "add table ip docker-bridges"]);
  await withClient(network, [], async (tunnel) => {
    const line = await tunnel.client.process.stderr.waitFor(/docker-bridges/);
    assert.match(line, /nftables.*"firewall-backend": "iptables".*nat-unprotected/);
    await network.vm.exec(["nft", "delete table ip docker-bridges"]);
    await tunnel.client.waitForStatus(
      "the fault is over",
      ({ firewall }) => firewall.fault === undefined,
    );
  });
});

networkTest("iptables-legacy without CAP_NET_RAW is told", {}, async (network) => {
  await new DockerRules(network.vm, "legacy").lay("28.2", dockerBridges(network));
  await withClient(network, ["setpriv", "--bounding-set", "-net_raw"], async (tunnel) => {
    const line = await tunnel.client.process.stderr.waitFor(/CAP_NET_RAW/);
    assert.match(line, /iptables-legacy: operation not permitted/);
  });
});

networkTest("iptables-legacy finds a place for its lock where /run is read-only", {}, async (network) => {
  const rules = new DockerRules(network.vm, "legacy");
  await rules.lay("28.2", dockerBridges(network));
  const before = await rules.save();
  const readOnly = "mount -t tmpfs -o ro none /run && mount -t tmpfs none /dev/shm";
  await withClient(network, mounted(readOnly), async (tunnel) => {
    await waitUntil(
      "the container answers",
      () => reachable(network.mac, network.container().address, 1),
      LIMIT,
    );
    await tunnel.client.stop();
    assert.equal(await rules.save(), before);
  });
});
