import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { archiveName, HOME, imageRepository, projectHome, SYSTEMS } from "./names.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => Deno.readTextFileSync(ROOT + path);

/** Runs a function of install.sh for what `uname` says of a system. */
function nameInScript(kernel: string, machine: string): string {
  const body = read("install.sh").replace(/^main "\$@"$/m, "");
  const script = `${body}
    uname() { case $1 in -s) echo ${kernel} ;; -m) echo ${machine} ;; esac; }
    sysctl() { echo 0; }
    find_system; echo "docker-connector-$os-$cpu.tar.gz"`;
  const { stdout, stderr } = new Deno.Command("sh", { args: ["-c", script] }).outputSync();
  return new TextDecoder().decode(stdout).trim() + new TextDecoder().decode(stderr).trim();
}

Deno.test("install.sh names the archives as a release does", () => {
  const machines = { arm64: ["arm64", "aarch64"], x64: ["x86_64", "amd64"] };
  const kernels = { darwin: "Darwin", linux: "Linux" };
  for (const system of SYSTEMS) {
    for (const machine of machines[system.cpu]) {
      equal(nameInScript(kernels[system.os], machine), archiveName("docker-connector", system));
    }
  }
});

/** What people are told to download, install or run. */
const SHOWN = [
  "README.md",
  "README.zh-CN.md",
  "install.sh",
  "docs/guide/install.md",
  "docs/guide/troubleshooting.md",
  "docs/guide/image.md",
]
  .map(
    read,
  );

Deno.test("every address to download from is the one in names.ts", () => {
  const addresses = SHOWN.join("\n").match(/https:\/\/github\.com\/[\w.-]+\/[\w.-]+(?=\/releases)/g) ?? [];
  const page = /^HOME_PAGE=(.*)$/m.exec(read("install.sh"))?.[1];
  deepEqual([...new Set([...addresses, page])], [HOME]);
});

/** A tap or an image by its owner, but for the page of another project on GitHub. */
const PUBLISHED = /(?<![\w.-]|https:\/\/github\.com\/)[\w.-]+\/(?:brew|mac-docker-connector)(?=[\s\/:`"])/g;

Deno.test("nothing that is shown installs or runs what others publish", () => {
  const owners = SHOWN.join("\n").match(PUBLISHED) ?? [];
  // OWNER's are what a release will have, docker-connector's is the folder below share.
  const ours = ["OWNER/mac-docker-connector", "docker-connector/mac-docker-connector"];
  deepEqual(owners.filter((name) => !ours.includes(name)), []);
});

Deno.test("a workflow's image is below the repository's owner, and there is none elsewhere", () => {
  const github = { GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "Some-One/a" };
  equal(imageRepository(github), "ghcr.io/some-one/mac-docker-connector");
  equal(imageRepository({}), "");
  equal(imageRepository({ ...github, GITHUB_SERVER_URL: "https://git.example.org" }), "");
});

Deno.test("install.sh of no release says so instead of asking a place that is nobody's", () => {
  const env = { PREFIX: Deno.makeTempDirSync() };
  try {
    const { success, stderr } = new Deno.Command("sh", { args: [ROOT + "install.sh"], env }).outputSync();
    equal(success, false);
    match(
      new TextDecoder().decode(stderr),
      /Cannot download: this script is not one of a release\. .*BASE_URL/,
    );
  } finally {
    Deno.removeSync(env.PREFIX, { recursive: true });
  }
});

Deno.test("a release that GitHub runs elsewhere names that place", () => {
  equal(projectHome({}), HOME);
  equal(
    projectHome({ GITHUB_SERVER_URL: "https://git.example.org", GITHUB_REPOSITORY: "a/b" }),
    "https://git.example.org/a/b",
  );
});
