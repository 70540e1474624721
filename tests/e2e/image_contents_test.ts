import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { version } from "../../program/build_info.ts";
import { run as runTool } from "../../tools/command.ts";
import { IMAGE } from "../../tools/release/names.ts";
import { hashFile } from "../../tools/runtime_file.ts";
import { type Bom, bomPath } from "../../tools/sbom/cyclonedx.ts";
import { clientImageTar } from "../topology/client_image.ts";
import { DockerMachine } from "../topology/docker_machine.ts";
import { plainRules } from "../topology/docker_rules.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import { mustRun } from "../topology/process.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Bytes. */
const SIZE_LIMIT = 110e6;

/** The files, links and empty folders of a tar, by absolute path; empty folders end with a slash. */
async function listTar(path: string): Promise<string[]> {
  const lines = (await mustRun(["tar", "--list", "--file", path])).split("\n").map((line) => `/${line}`);
  const isFilled = (folder: string) => lines.some((line) => line !== folder && line.startsWith(folder));
  return lines.filter((line) => !line.endsWith("/") || !isFilled(line)).sort();
}

/** The paths in the first column of the table of docs/guide/image.md. */
async function documentedPaths(): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../../docs/guide/image.md", import.meta.url));
  return [...text.matchAll(/^\| `(\/\S+)` \|/gm)].map((match) => match[1] ?? "").sort();
}

/** Rules of each extension, as others make them: family, table, rule with _ for a space within a word. */
const FOREIGN_RULES: readonly (readonly [4 | 6, string, string])[] = [
  [4, "filter", "-m comment --comment other -j RETURN"],
  [4, "filter", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"],
  [4, "filter", "-m state --state NEW -j ACCEPT"],
  [4, "filter", "-p tcp -m tcp --dport 1 -j ACCEPT"],
  [4, "filter", "-p udp -m udp --dport 1 -j ACCEPT"],
  [4, "filter", "-p sctp -m sctp --dport 1 -j ACCEPT"],
  [4, "filter", "-p icmp -m icmp --icmp-type 8 -j ACCEPT"],
  [4, "filter", "-m mark --mark 0x1 -j ACCEPT"],
  [4, "filter", "-m policy --dir in --pol none -j DROP"],
  [4, "filter", "-m u32 --u32 0x0&0xff=0x45 -j ACCEPT"],
  [4, "filter", "-m bpf --bytecode 1,6_0_0_1 -j ACCEPT"],
  [4, "filter", "-m recent --set --name other -j ACCEPT"],
  [4, "filter", "-m statistic --mode random --probability 0.5 -j ACCEPT"],
  [4, "filter", "-m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT"],
  [4, "filter", "-m limit --limit 1/sec -j ACCEPT"],
  [4, "filter", "-m mac --mac-source 02:00:00:00:00:01 -j ACCEPT"],
  [4, "filter", "-p tcp -m multiport --dports 1,2 -j ACCEPT"],
  [4, "filter", "-m string --algo bm --string other -j ACCEPT"],
  [4, "filter", "-j LOG --log-prefix other"],
  [4, "filter", "-j REJECT"],
  [4, "nat", "-m addrtype --dst-type LOCAL -j RETURN"],
  [4, "nat", "-p tcp -j DNAT --to-destination 10.0.0.1:80"],
  [4, "nat", "-j SNAT --to-source 10.0.0.1"],
  [4, "nat", "-j MASQUERADE"],
  [4, "mangle", "-j MARK --set-mark 1"],
  [6, "filter", "-p icmpv6 -m icmp6 --icmpv6-type 128 -j ACCEPT"],
  [6, "filter", "-j REJECT"],
  [6, "nat", "-j MASQUERADE"],
];

/** The names in packaging/image/extensions. */
async function extensions(): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../../packaging/image/extensions", import.meta.url));
  return [...text.matchAll(/^([^#\s]+)\s/gm)].map((match) => match[1] ?? "");
}

function words(spec: string): string[] {
  return spec.split(" ").map((word) => word.replaceAll("_", " "));
}

Deno.test("each extension of the image has a rule here", async () => {
  // A rule of "standard" is one with a plain target, one of "set" needs a set, which takes another program.
  const tried = new Set(
    FOREIGN_RULES.flatMap(([, , spec]) => [...spec.matchAll(/-[mj] (\S+)/g)].map((match) => match[1])),
  );
  const missing = (await extensions()).filter((name) => !tried.has(name));
  assert.deepEqual(missing, ["standard", "set"]);
});

networkTest("what the image is", { containers: [] }, async (network, t) => {
  await using machine = await DockerMachine.start(network);
  const { engine } = machine;
  const [image] = JSON.parse(await engine.docker("image", "inspect", IMAGE));

  await t.step("one layer, small enough, under both of its names", () => {
    assert.equal(image.RootFS.Layers.length, 1);
    assert.ok(image.Size < SIZE_LIMIT, `${image.Size} bytes`);
    assert.deepEqual(image.RepoTags.toSorted(), [`${IMAGE}:${version}`, `${IMAGE}:latest`]);
  });

  await t.step("labels that say what it is", () => {
    const labels = image.Config.Labels;
    assert.equal(labels["org.opencontainers.image.title"], IMAGE);
    assert.equal(labels["org.opencontainers.image.version"], version);
    assert.match(labels["org.opencontainers.image.revision"], /^([0-9a-f]{10}(-dirty)?|unknown)$/);
    assert.equal(labels["org.opencontainers.image.licenses"], "MIT");
  });

  const folder = `${network.folder}/saved`;
  await Deno.mkdir(folder);
  const tar = await clientImageTar(engine);
  await mustRun(["tar", "--extract", "--file", tar, "--directory", folder]);
  const [{ Config, Layers: [layer] }] = JSON.parse(await Deno.readTextFile(`${folder}/manifest.json`));
  const paths = await listTar(`${folder}/${layer}`);

  await t.step("exactly the files that docs/guide/image.md lists", async () => {
    assert.deepEqual(paths, await documentedPaths());
  });

  await t.step("one time, that of the commit, and nothing of the machine that built it", async () => {
    const config = JSON.parse(await Deno.readTextFile(`${folder}/${Config}`));
    const times = [config, ...config.history].map(({ created }) => new Date(created).getTime());
    const [revision = ""] = config.config.Labels["org.opencontainers.image.revision"].split("-");
    const { success, stdout } = await runTool([
      "git",
      "-C",
      ROOT,
      "show",
      "--no-patch",
      "--format=%ct",
      revision,
    ]);
    assert.deepEqual([...new Set(times)], [success ? Number(stdout) * 1000 : 0]);
    assert.deepEqual(Object.keys(config), ["created", "architecture", "os", "config", "rootfs", "history"]);
    assert.deepEqual(Object.keys(config.config), ["Env", "Entrypoint", "Healthcheck", "Labels"]);
  });

  await t.step(
    "a bill of materials of this file, with the client's and each of Debian's packages",
    async () => {
      const bom: Bom = JSON.parse(await Deno.readTextFile(bomPath(tar)));
      assert.equal(bom.metadata.component.hashes?.[0]?.content, await hashFile(tar));
      const debian = bom.components.filter(({ purl = "" }) => purl.startsWith("pkg:deb/debian/"));
      const listed = paths.flatMap((path) => /^\/var\/lib\/dpkg\/status\.d\/(.+)$/.exec(path)?.[1] ?? []);
      assert.deepEqual(debian.map(({ name }) => name), listed);
      for (const { name, version } of debian) {
        assert.equal(version, await mustRun(["dpkg-query", "--show", "--showformat=${Version}", name]), name);
      }
      const names = new Set(bom.components.map(({ name }) => name));
      for (const name of ["docker-connector-client", "deno", "ipaddr.js", "debian"]) {
        assert.ok(names.has(name), name);
      }
    },
  );

  const run = async (entry: string, ...args: string[]) =>
    await engine.docker(
      "run",
      "--rm",
      "--net=host",
      "--cap-add=NET_ADMIN",
      "--entrypoint",
      entry,
      IMAGE,
      ...args,
    );

  await t.step("a client that finds all its libraries", async () => {
    assert.match(await run("/usr/bin/docker-connector-client", "--version"), new RegExp(` ${version} `));
  });

  for (const backend of ["nft", "legacy"] as const) {
    await t.step(`an iptables-${backend} that prints what others make`, async () => {
      for (const [family, table, spec] of FOREIGN_RULES) {
        const iptables = `${family === 4 ? "iptables" : "ip6tables"}-${backend}`;
        await network.vm.run([iptables, "-t", table, "-N", "FOREIGN"]);
        await network.vm.exec([iptables, "-t", table, "-A", "FOREIGN", ...words(spec)]);
      }
      for (const family of ["iptables", "ip6tables"]) {
        const host = await network.vm.exec([`${family}-${backend}-save`]);
        assert.equal(
          plainRules(await run(`/usr/sbin/xtables-${backend}-multi`, `${family}-save`)),
          plainRules(host),
        );
      }
    });
  }
}, ENGINE_NEEDS);
