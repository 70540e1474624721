import { deepEqual, equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { PAGE_FILE, withPrivileges } from "./privileges.ts";
import { permissionFlags, PROGRAMS } from "./programs.ts";

const FIXTURE = fileURLToPath(new URL("privileges_fixture.ts", import.meta.url));

Deno.test("docs/internals/privileges.md has the grants of tools/programs.ts and the capabilities that are kept", async () => {
  const page = await Deno.readTextFile(PAGE_FILE);
  equal(page, withPrivileges(page), "run: deno run -A tools/privileges.ts");
});

async function tried(flags: readonly string[]): Promise<Record<string, string>> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--no-config",
      "--cached-only",
      "--unstable-worker-options",
      ...flags,
      FIXTURE,
      "--running",
    ],
    // The fixture prints no colour, and reads no variable.
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  const line = text.decode(stdout);
  if (line === "") throw new Error(text.decode(stderr));
  return JSON.parse(line);
}

const TITLES = [
  "docker-connector is refused what it was not granted",
  "docker-connector-client is refused what it was not granted",
  "docker-accessor is refused what it was not granted",
];

for (const program of PROGRAMS) {
  const title = TITLES.find((title) => title.startsWith(`${program.binary} `)) ??
    `add ${program.binary} to TITLES`;
  Deno.test(title, async () => {
    const build = { target: Deno.build.target, version: Deno.version.deno };
    const results = await tried(permissionFlags(program, build));
    deepEqual(Object.entries(results).filter(([, result]) => result !== "denied"), []);
    equal(Object.keys(results).length, 15);
  });
}

Deno.test("with more grants the same attempts are not refused", async () => {
  const results = await tried(["--no-prompt", "--allow-run=/bin/sh", "--allow-env", "--allow-sys"]);
  const allowed = ["a shell", "all variables", "the host's name", "a permission on request"];
  deepEqual(allowed.map((name) => results[name]), allowed.map(() => "allowed"));
});
