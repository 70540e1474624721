/** The server asks containers by the kernel's routes, tells which network does not answer and where, and heals what it can. */
import assert from "node:assert/strict";
import type { ServerStatus } from "../topology/control_socket.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

networkTest("try", { containers: [] }, async (network) => {
  await using scene = await EngineScene.start(network, DEFAULT_ENGINE);
  await scene.withTranscript(async () => {
    await scene.docker("network create --subnet 10.99.0.0/24 web");
    const a = await scene.machine.runPage("aa", "--network", "web");
    await scene.machine.runPage("bb");
    const t = performance.now();
    await scene.server.waitForStatus(
      "known",
      ({ docker }: ServerStatus) => docker.networks.filter((n) => n.reachable === "yes").length === 2,
      20_000,
    );
    console.log("yes after", performance.now() - t);
    await network.vm.run(["iptables", "-t", "raw", "-I", "PREROUTING", "-d", "10.99.0.0/24", "-j", "DROP"])
      .catch((e) => console.log(e));
    const t2 = performance.now();
    await scene.server.waitForStatus(
      "no",
      ({ docker }: ServerStatus) => docker.networks.some((n) => n.name === "web" && n.reachable === "no"),
      20_000,
    );
    console.log("no after", performance.now() - t2, a);
    await new Promise((r) => setTimeout(r, 8000));
    console.log(scene.server.transcript());
    assert.ok(true);
  });
}, DEFAULT_ENGINE.needs);
