import { deepEqual, equal } from "node:assert/strict";
import { HOME, projectHome } from "./project.ts";
import { archiveName, SYSTEMS } from "./systems.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

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

Deno.test("every address of the project is the one in project.ts", () => {
  const texts = ["README.md", "install.sh", "docs/install.md", "docs/troubleshooting.md"].map(read);
  const addresses = texts.join("\n").match(/https:\/\/github\.com\/[\w.-]+\/mac-docker-connector/g) ?? [];
  deepEqual([...new Set(addresses)], [HOME]);
});

Deno.test("a release that GitHub runs elsewhere names that place", () => {
  equal(projectHome({}), HOME);
  equal(
    projectHome({ GITHUB_SERVER_URL: "https://git.example.org", GITHUB_REPOSITORY: "a/b" }),
    "https://git.example.org/a/b",
  );
});
