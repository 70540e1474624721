import assert from "node:assert/strict";
import { version } from "../../cli/build_info.ts";
import { IMAGE } from "../../tools/image/contents.ts";
import { clientImageTar } from "../topology/client_image.ts";
import { DockerMachine } from "../topology/docker_machine.ts";
import { ENGINE_NEEDS } from "../topology/gate.ts";
import { mustRun } from "../topology/process.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

/** Bytes. */
const SIZE_LIMIT = 110e6;

/** The files, links and empty folders of a tar, by absolute path; empty folders end with a slash. */
async function listTar(path: string): Promise<string[]> {
  const lines = (await mustRun(["tar", "--list", "--file", path])).split("\n").map((line) => `/${line}`);
  const isFilled = (folder: string) => lines.some((line) => line !== folder && line.startsWith(folder));
  return lines.filter((line) => !line.endsWith("/") || !isFilled(line)).sort();
}

/** The paths in the first column of the table of docs/image.md. */
async function documentedPaths(): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("../../docs/image.md", import.meta.url));
  return [...text.matchAll(/^\| `(\/\S+)` \|/gm)].map((match) => match[1] ?? "").sort();
}

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

  await t.step("exactly the files that docs/image.md lists", async () => {
    const folder = `${network.folder}/saved`;
    await Deno.mkdir(folder);
    await mustRun(["tar", "--extract", "--file", await clientImageTar(engine), "--directory", folder]);
    const [{ Layers: [layer] }] = JSON.parse(await Deno.readTextFile(`${folder}/manifest.json`));
    assert.deepEqual(await listTar(`${folder}/${layer}`), await documentedPaths());
  });

  await t.step("the programs find all their libraries, and the extensions too", async () => {
    const check = async (...argv: string[]) => await engine.docker("run", "--rm", "--entrypoint", ...argv);
    assert.match(
      await check("/usr/bin/docker-connector-client", IMAGE, "--version"),
      new RegExp(` ${version} `),
    );
    for (const backend of ["nft", "legacy"]) {
      assert.match(
        await check(`/usr/sbin/xtables-${backend}-multi`, IMAGE, "iptables", "--version"),
        backend === "nft" ? /nf_tables/ : /legacy/,
      );
    }
  });
}, ENGINE_NEEDS);
