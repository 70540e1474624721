/** Containers reach services of the desktop's loopback by the names of its hosts file: `hosts` and `proxy` with a real Engine. */
import assert from "node:assert/strict";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { EngineScene } from "../topology/engine_scene.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";
import { waitUntil } from "../topology/wait.ts";
import { servePage } from "../topology/web.ts";

const NEEDS = {
  programs: [...ENGINE_NEEDS.programs, "wget"],
  packages: [...ENGINE_NEEDS.packages, "wget"],
};

networkTest("a container reaches the desktop by hosts and proxy", { containers: [] }, async (network, t) => {
  const hosts = `${network.folder}/hosts`;
  await Deno.writeTextFile(hosts, "127.0.0.1 dev.example.test\n127.0.0.1 other.example.org\n");
  const config = `hosts ${hosts} .test\nproxy 8080:80\n`;
  await using page = await servePage(network.mac, network.folder, "page of the desktop");
  await using scene = await EngineScene.start(network, DEFAULT_ENGINE, config);
  await scene.uses("udp", undefined, 60_000);
  // A program that looks names up as most do, with the libraries that it needs.
  const wget = ["/lib", "/lib64", "/usr/lib", "/usr/bin/wget"].flatMap((
    path,
  ) => ["--volume", `${path}:${path}:ro`]);
  await scene.machine.runPage("asking", ...wget);
  await scene.docker("network create --subnet 172.30.0.0/16 own");
  await scene.machine.runPage("embedded", "--network", "own", ...wget);

  /** Runs a program in a container; what it prints, or what became of it. */
  const inside = (container: string, ...argv: string[]) =>
    scene.machine.engine.docker("exec", container, ...argv).catch(String);
  const lookUp = (...argv: string[]) => inside("asking", "/busybox", "nslookup", ...argv);
  const fetch = (container: string, name: string) =>
    inside(
      container,
      "/usr/bin/wget",
      "--no-proxy",
      "-T",
      "5",
      "-t",
      "1",
      "-q",
      "-O",
      "-",
      `http://${name}/`,
    );
  const rules = () => network.vm.exec(["iptables-nft-save", "-t", "nat"]);
  const step = (name: string, body: () => Promise<void>) => t.step(name, () => scene.withTranscript(body));

  await step("by name, on the default bridge and by the Engine's own name server", async () => {
    for (const container of ["asking", "embedded"]) {
      await waitUntil(`${container} reaches it`, async () => {
        return (await fetch(container, "dev.example.test")).trim() === "page of the desktop";
      });
    }
  });

  await step("other names are answered as before", async () => {
    assert.match(await lookUp("host.docker.internal"), new RegExp(network.macAddress));
    // The machine's name server says that there is none, by the way of the client for names of the domain.
    for (const name of ["absent.example.test", "other.example.org"]) {
      assert.match(await lookUp(name), /NXDOMAIN/);
    }
  });

  await step("the desktop has a name of its own", async () => {
    assert.equal((await fetch("asking", "desktop.container.internal")).trim(), "page of the desktop");
    const asked = await lookUp("desktop.container.internal", "192.168.251.1");
    assert.match(asked, new RegExp(SERVER_VIRTUAL_ADDRESS));
  });

  await step(
    "a changed hosts file is followed, also when it is replaced, and kept when it is gone",
    async () => {
      await Deno.writeTextFile(`${hosts}.new`, "127.0.0.1 new.example.test\n");
      await Deno.rename(`${hosts}.new`, hosts);
      await waitUntil("the new name resolves", async () => {
        return (await fetch("asking", "new.example.test")).trim() === "page of the desktop";
      });
      assert.match(await lookUp("dev.example.test"), /NXDOMAIN/);
      await Deno.remove(hosts);
      await scene.server.waitForStatus(
        "the loss is shown",
        ({ hosts }) => hosts[0]?.fault?.includes("not found") === true,
      );
      assert.equal((await fetch("asking", "new.example.test")).trim(), "page of the desktop");
    },
  );

  await step("rules that somebody flushes are laid again, and go with the line", async () => {
    await network.vm.exec(["iptables-nft", "-t", "nat", "-F", "PREROUTING"]);
    await waitUntil(
      "the rules are back",
      async () => (await rules()).includes("-j DNAT --to-destination 192.168.251.1"),
    );
    await Deno.writeTextFile(scene.configFile, "");
    await waitUntil("they are gone", async () => !(await rules()).includes("--hex-string"));
    assert.notEqual((await fetch("asking", SERVER_VIRTUAL_ADDRESS)).trim(), "page of the desktop");
  });
  assert.ok(page.running);
}, NEEDS);
