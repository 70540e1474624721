/** VPNs beside a Docker Engine, on the paths by the Engine and without a tunnel, and names; docs/internals/vpn.md has the table. */
import assert from "node:assert/strict";
import { diagnose, doctorScene, linesOf } from "../topology/doctor.ts";
import { EchoStream } from "../topology/echo_stream.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { Namespace } from "../topology/namespace.ts";
import { RESOLVED_NEEDS, ResolvedMachine } from "../topology/resolved_machine.ts";
import { SERVER_INTERFACE } from "../topology/server_side.ts";
import { snapshot } from "../topology/snapshot.ts";
import { Transfer } from "../topology/transfer.ts";
import { SERVER_VIRTUAL_ADDRESS, Tunnel } from "../topology/tunnel.ts";
import { networkTest, withTranscript } from "../topology/tunnel_test_case.ts";
import { isAsBefore, PRIVATE_NETWORKS, routeTo, Vpn } from "../topology/vpn.ts";
import { waitUntil } from "../topology/wait.ts";

/** Milliseconds that traffic may stand still where a VPN takes a route and its halves are laid. */
const BACK_LIMIT = 2_000;
/** The subnet of a container of the topology. */
const SUBNET = "172.20.0.0/16";
/** The subnet of the Engine's default network. */
const DEFAULT_SUBNET = "172.17.0.0/16";

networkTest(
  "a Docker network that a VPN has too is reached by the engine path",
  { containers: [] },
  async (network, t) => {
    const { mac, prefix } = network;
    await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);
    const { machine } = scene;
    const page = await machine.runPage("page");
    await scene.startServer({ config: "path engine\n" });
    const { server } = scene;
    const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));
    await scene.answers(page, "page", performance.now(), 30_000);
    await scene.uses("engine", performance.now(), 20_000);
    const before = await snapshot(mac);
    const doctor = await doctorScene(server, network);

    await step("a wider network is told, and traffic goes on", async () => {
      await using vpn = await Vpn.connect(mac, ["default", ...PRIVATE_NETWORKS]);
      const status = await server.waitForStatus(
        "the wider network is told",
        (status) => routeTo(status, DEFAULT_SUBNET).cause === "hides",
      );
      const { state, owner, other, halves } = routeTo(status, DEFAULT_SUBNET);
      assert.deepEqual([state, owner, other, halves], [
        "active",
        vpn.interfaceName,
        "172.16.0.0/12",
        undefined,
      ]);
      await scene.answers(page, "page");
    });

    await step("a part of the network is told, and the rest goes on", async () => {
      await isAsBefore(mac, before);
      await using vpn = await Vpn.connect(mac, ["172.17.128.0/24"]);
      const status = await server.waitForStatus(
        "the part is told",
        (status) => routeTo(status, DEFAULT_SUBNET).cause === "partial",
      );
      const { state, owner, other } = routeTo(status, DEFAULT_SUBNET);
      assert.deepEqual([state, owner, other], ["active", vpn.interfaceName, "172.17.128.0/24"]);
      await scene.answers(page, "page");
    });

    await step("a transfer goes on while a VPN with the very network comes and goes", async () => {
      await isAsBefore(mac, before);
      const pid = await machine.engine.docker("container", "inspect", "--format", "{{.State.Pid}}", "page");
      const container = await Namespace.attach(`${prefix}-page`, pid.trim());
      await using transfer = await Transfer.start({
        from: container,
        address: page,
        to: mac,
        bytes: 6_000_000,
        rate: 2_000_000,
      });
      await using vpn = await Vpn.connect(mac, [DEFAULT_SUBNET]);
      const status = await server.waitForStatus(
        "halves are routed",
        (status) => routeTo(status, DEFAULT_SUBNET).halves !== undefined,
      );
      assert.equal(status.paths.inUse, "engine");
      const { code, codes } = await diagnose(doctor);
      assert.deepEqual([code, codes], [1, ["route.hides"]]);
      assert.ok(transfer.running);
      await vpn.end();
      const { longestGapMs } = await transfer.finish();
      console.log(`  exactly our prefix, a transfer by the engine path: ${Math.round(longestGapMs)} ms`);
      assert.ok(longestGapMs <= BACK_LIMIT, `the transfer stood still for ${longestGapMs} ms`);
      await isAsBefore(mac, before);
    });

    await step("doctor names the rule of a VPN, and nothing else", async () => {
      await using vpn = await Vpn.tailscaleExitNode(mac);
      await server.waitForStatus(
        "the rule is told",
        (status) => routeTo(status, DEFAULT_SUBNET).cause === "diverted",
      );
      const diagnosis = await diagnose(doctor);
      assert.deepEqual(diagnosis.codes, ["route.diverted"], linesOf(diagnosis));
      await vpn.end();
      const from = performance.now();
      await waitUntil("doctor finds nothing", async () => (await diagnose(doctor)).document.ok, 20_000);
      console.log(
        `  a rule before the main table: doctor is sound ${Math.round(performance.now() - from)} ms after it`,
      );
    });
    await step("doctor names the VPN that deletes the route again and again", async () => {
      await isAsBefore(mac, before);
      await using vpn = await Vpn.connect(mac, ["default"]);
      vpn.deleteRoutesOf(SERVER_INTERFACE);
      await server.waitForStatus(
        "the VPN is named",
        (status) => routeTo(status, DEFAULT_SUBNET).cause === "removed",
      );
      const { codes, document } = await diagnose(doctor);
      assert.deepEqual(codes, ["route.removed"]);
      const [fault] = document.checks.find(({ area }) => area === "route")?.faults ?? [];
      assert.match(fault?.text ?? "", new RegExp(`most likely that of ${vpn.interfaceName} `));
    });

    await isAsBefore(mac, before);
    await scene.answers(page, "page");
  },
  DEFAULT_ENGINE.needs,
);

networkTest(
  "the direct path goes on by halves, and leaves routes to the tunnel that are deleted again and again",
  { link: "veth", direct: true },
  async (network) => {
    const { mac } = network;
    const { address } = network.container();
    await using tunnel = await Tunnel.start(network);
    await withTranscript(tunnel, async () => {
      const { server } = tunnel;
      const leadsBy = (interfaceName: string) =>
        waitUntil(
          `packets leave by ${interfaceName}`,
          async () => (await mac.ip("route", "get", address)).includes(`dev ${interfaceName} `),
        );
      await server.waitForStatus("packets go directly", ({ paths }) => paths.inUse === "direct");
      await leadsBy("eth1");
      const before = await snapshot(mac);
      await using echoes = await EchoStream.start(mac, address);
      const still = async (what: string, body: () => Promise<void>) => {
        const gap = await echoes.longestGap(body);
        console.log(`  ${what}, on the direct path: ${gap} ms`);
        assert.ok(gap <= BACK_LIMIT, `traffic stood still for ${gap} ms`);
      };
      await using vpn = await Vpn.connect(mac);
      await still("exactly our prefix", async () => {
        await mac.ip("route", "replace", SUBNET, "dev", vpn.interfaceName);
        await server.waitForStatus(
          "halves are routed",
          (status) => routeTo(status, SUBNET).halves !== undefined,
        );
        await leadsBy("eth1");
      });
      const status = await server.status() ?? assert.fail("no status");
      assert.equal(routeTo(status, SUBNET).via, network.direct.vmAddress);
      await vpn.end();
      await isAsBefore(mac, before);

      await using other = await Vpn.connect(mac);
      await still("routes deleted every half second", async () => {
        other.deleteRoutesOf("eth1");
        await server.process.stderr.waitFor(/172\.20\.0\.0\/16 .* is routed through the tunnel for a minute/);
        await waitUntil(
          "they are left to the tunnel",
          async () => await mac.ip("route", "show", "dev", "eth1", "proto", "static") === "",
        );
      });
      await leadsBy("connector0");
    });
  },
);

networkTest(
  "names of containers are found beside a VPN's name server, and doctor says where not",
  { containers: [] },
  async (network) => {
    const { mac, folder } = network;
    await using desktop = await ResolvedMachine.start(mac, folder);
    await using tunnel = await Tunnel.start(network, { config: "", serverWrapper: desktop.wrapper });
    await withTranscript(tunnel, async () => {
      const { control } = tunnel.server.settings;
      const run = async (...argv: string[]) => {
        const { code, stdout, stderr } = await desktop.run(...argv);
        assert.equal(code, 0, stderr);
        return stdout;
      };
      const found = async () =>
        (await desktop.run("getent", "ahostsv4", "desktop.container.internal")).stdout;
      const isFound = () =>
        waitUntil("the name is found", async () => (await found()).includes(SERVER_VIRTUAL_ADDRESS));
      const doctorFinds = async () => {
        const { document } = await diagnose({ namespace: mac, control, wrapper: desktop.wrapper });
        const names = document.checks.find(({ area }) => area === "names") ??
          assert.fail("names are not checked");
        return names.faults.map(({ code, text }) => `${code}: ${text}`).join();
      };
      await isFound();
      await using vpn = await Vpn.connect(mac, ["default"]);
      await run("resolvectl", "dns", vpn.interfaceName, "100.64.9.1");
      await run("resolvectl", "domain", vpn.interfaceName, "~.");
      await run("resolvectl", "flush-caches");
      await isFound();
      assert.equal(await doctorFinds(), "");
      await run("sh", "-c", "rm /etc/resolv.conf; echo nameserver 100.64.9.1 >/etc/resolv.conf");
      assert.match(
        await doctorFinds(),
        /^names\.resolver-missing: .* \/etc\/resolv\.conf (names 100\.64\.9\.1|does not)/,
      );
      await run("sh", "-c", "ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf");
      await vpn.end();
      await isFound();
      assert.equal(await doctorFinds(), "");
    });
  },
  RESOLVED_NEEDS,
);
