import { deepEqual, equal } from "node:assert/strict";
import { permissionFlags, PROGRAMS } from "./programs.ts";

const LINUX = "x86_64-unknown-linux-gnu";
const DARWIN = "aarch64-apple-darwin";

Deno.test("only the server for macOS runs programs, and only the two it names", () => {
  const runners = PROGRAMS.flatMap((program) =>
    [LINUX, DARWIN].flatMap((target) =>
      permissionFlags(program, target)
        .filter((flag) => flag.startsWith("--allow-run"))
        .map((flag) => [program.binary, target, flag])
    )
  );
  deepEqual(runners, [["docker-connector", DARWIN, "--allow-run=/sbin/ifconfig,/sbin/route"]]);
});

Deno.test("no program gets every permission, asks for one, or loads code from the network", () => {
  for (const program of PROGRAMS) {
    const flags = permissionFlags(program, LINUX);
    deepEqual(flags.filter((flag) => ["-A", "--allow-all", "--allow-sys", "--allow-env"].includes(flag)), []);
    equal(flags.includes("--no-prompt") && flags.includes("--deny-import"), true);
  }
});
