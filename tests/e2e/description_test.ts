import assert from "node:assert/strict";
import type { ServerStatus } from "../topology/control_socket.ts";
import { binary } from "../topology/daemon.ts";
import { dockerBridges, DockerRules } from "../topology/docker_rules.ts";
import { tunnelTest } from "../topology/tunnel_test_case.ts";
import { pause } from "../topology/wait.ts";

/** What changes in the client's machine is shown by the server after this many milliseconds. */
const LIMIT = 5_000;

tunnelTest(
  "the server shows what the client's machine is like",
  { containers: [1, 1] },
  async ({ network, tunnel, step }) => {
    const { mac, vm } = network;
    const shows = (what: string, accept: (client: NonNullable<ServerStatus["client"]>) => boolean) =>
      tunnel.server.waitForStatus(what, ({ client }) => client !== null && accept(client), LIMIT);
    const statusText = async () => {
      const control = ["--control", tunnel.server.settings.control];
      return await mac.exec([binary("docker-connector"), "status", ...control]);
    };

    await step("its networks and addresses", async () => {
      const { client } = await shows("both addresses are told", ({ addresses }) => addresses?.length === 2);
      assert.deepEqual(client?.subnets, ["172.20.0.0/16", "172.21.0.0/16"]);
      assert.deepEqual(client?.addresses, ["192.168.251.1", "fdc0:c0de:251::1"]);
      assert.deepEqual(client?.firewall, { state: "waiting", backend: null, rules: 0 });
      assert.match(await statusText(), /^ +networks there: 172\.20\.0\.0\/16, 172\.21\.0\.0\/16$/m);
      assert.match(await statusText(), /^firewall +no chain/m);
    });

    await step("a network that comes and goes", async () => {
      await vm.ip("link", "add", "br7", "type", "bridge");
      await vm.ip("addr", "add", "172.27.0.1/16", "dev", "br7");
      await vm.ip("link", "set", "br7", "up");
      await shows("it is there", ({ subnets }) => subnets?.includes("172.27.0.0/16") === true);
      await vm.ip("link", "del", "br7");
      await shows("it is gone", ({ subnets }) => subnets?.length === 2);
    });

    await step("two hundred networks, in one datagram", async () => {
      await vm.ip("link", "add", "br7", "type", "bridge");
      await vm.ip("link", "set", "br7", "up");
      const lines = Array.from({ length: 200 }, (_, at) => `addr add 10.98.${at}.1/24 dev br7\n`).join("");
      await Deno.writeTextFile(`${network.folder}/batch`, lines);
      await vm.ip("-batch", `${network.folder}/batch`);
      const { client } = await shows(
        "all are counted",
        ({ subnets, truncatedSubnets }) => (subnets?.length ?? 0) + (truncatedSubnets ?? 0) === 202,
      );
      assert.equal(client?.subnets?.length, 64);
      assert.match(await statusText(), / and 138 more$/m);
      await vm.ip("link", "del", "br7");
      await shows("they are gone", ({ subnets }) => subnets?.length === 2);
    });

    await step("Docker's own nftables firewall, by name and with what to do", async () => {
      await vm.exec(["nft", "add table ip docker-bridges"]);
      const { client } = await shows("it is told", ({ firewall }) => firewall?.state === "nftables");
      assert.match(client?.firewall?.fault ?? "", /nftables' own/);
      assert.match(client?.firewall?.remedy ?? "", /"firewall-backend": "iptables"/);
      assert.match(
        await statusText(),
        /^firewall +Docker's own nftables, closed: Cannot open Docker's firewall/m,
      );
      await tunnel.server.process.stderr.waitFor(/warn +client: the client's machine: Cannot open Docker's/);
      await vm.exec(["nft", "delete table ip docker-bridges"]);
      await shows("it is over", ({ firewall }) => firewall?.state === "waiting");
    });

    for (const backend of ["nft", "legacy"] as const) {
      await step(`rules in iptables-${backend}`, async () => {
        const rules = new DockerRules(vm, backend);
        await rules.lay("28.2", dockerBridges(network));
        const name = backend === "nft" ? "iptables-nft" : "iptables-nft, iptables-legacy";
        const { client } = await shows("they are told", ({ firewall }) => firewall?.backend === name);
        assert.equal(client?.firewall?.state, "open");
        assert.match(
          await statusText(),
          new RegExp(`^firewall +open for the tunnel, \\d+ rules in ${name}$`, "m"),
        );
      });
    }
  },
);

tunnelTest(
  "a change whose control text is lost arrives all the same",
  { containers: [1, 1] },
  async ({ network, tunnel }) => {
    const { vm } = network;
    const routes = "route 172.20.0.0/16\nroute 172.21.0.0/16\n";
    await new DockerRules(vm, "nft").lay("28.2", dockerBridges(network));
    const { client } = await tunnel.server.waitForStatus(
      "the client has described itself",
      (status) => status.client?.firewall?.state === "open",
    );
    const pairState = ({ firewall }: { firewall: { pairs: readonly { state: string }[] } }) =>
      firewall.pairs[0]?.state;
    for (
      const [line, state] of [["iptables 172.20.0.0+172.21.0.0\n", "connected"], ["", undefined]] as const
    ) {
      // The server's texts are dropped while the file changes. Its answers to heartbeats, 8 bytes of UDP's header and 3 of
      // an empty text, arrive: so the client stays where it is, and is not given everything again as one that moved.
      await vm.exec(["nft", "add table inet lossy"]);
      await vm.exec(["nft", "add chain inet lossy in { type filter hook input priority 0; }"]);
      await vm.exec(["nft", "add rule inet lossy in udp sport 2511 udp length > 11 drop"]);
      await Deno.writeTextFile(tunnel.configFile, routes + line);
      // Longer than a reload takes, so that the first text is among what is dropped.
      await pause(1_500);
      const before = await tunnel.client.status();
      assert.ok(before && pairState(before) !== state, "the text was not lost");
      await vm.exec(["nft", "delete table inet lossy"]);
      await tunnel.client.waitForStatus(
        `the pair is ${state}`,
        (status) => pairState(status) === state,
        LIMIT,
      );
    }
    assert.equal((await tunnel.server.status())?.client?.endpoint, client?.endpoint);
  },
);
