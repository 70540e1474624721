import { deepEqual, equal } from "node:assert/strict";
import { IPTABLES_PROGRAMS } from "../system/firewall/firewall_iptables.ts";
import { RESOLVCONF, RESOLVECTL } from "../system/names/resolver_linux.ts";
import { type Build, permissionFlags, PROGRAMS } from "./programs.ts";

const LINUX: Build = { target: "x86_64-unknown-linux-gnu", version: "2.9.6" };
const DARWIN: Build = { target: "aarch64-apple-darwin", version: "2.9.6" };

const programsWith = (build: Build, prefix: string) =>
  PROGRAMS.filter((program) => permissionFlags(program, build).some((flag) => flag.startsWith(prefix)))
    .map(({ binary }) => binary);

Deno.test("programs run other programs only by their names: those of routing, iptables, names, the journal", () => {
  const files = Object.values(IPTABLES_PROGRAMS).toSorted().join();
  const named = ["docker-connector", "docker-accessor"];
  deepEqual(programsWith(LINUX, "--allow-run").length, 3);
  deepEqual(programsWith(LINUX, `--allow-run=${RESOLVECTL},${RESOLVCONF},/usr/bin/journalctl`), named);
  deepEqual(programsWith(LINUX, `--allow-run=${files}`), ["docker-connector-client"]);
  const routing = ["docker-connector", "docker-accessor"];
  deepEqual(programsWith(DARWIN, "--allow-run"), routing);
  deepEqual(programsWith(DARWIN, "--allow-run=/sbin/ifconfig,/sbin/route,/usr/sbin/netstat"), routing);
  deepEqual(
    programsWith(DARWIN, "--allow-run=/sbin/ifconfig,/sbin/route,/usr/sbin/netstat,/usr/bin/open"),
    ["docker-connector"],
  );
});

Deno.test("the network is closed where unix sockets do without it, but for the server's own sockets", () => {
  deepEqual(programsWith({ ...LINUX, version: "2.4.2" }, "--allow-net"), ["docker-connector"]);
  deepEqual(programsWith(LINUX, "--allow-net"), [
    "docker-connector",
    "docker-connector-client",
    "docker-accessor",
  ]);
});

Deno.test("no program gets every permission, asks for one, or loads code from the network", () => {
  for (const program of PROGRAMS) {
    const flags = permissionFlags(program, LINUX);
    deepEqual(flags.filter((flag) => ["-A", "--allow-all", "--allow-sys", "--allow-env"].includes(flag)), []);
    equal(flags.includes("--no-prompt") && flags.includes("--deny-import"), true);
  }
});

Deno.test("what is granted without a limit is FFI, reading, writing and the network", () => {
  for (const program of PROGRAMS) {
    for (const build of [LINUX, DARWIN]) {
      const unlimited = permissionFlags(program, build).filter((flag) =>
        flag.startsWith("--allow") && !flag.includes("=")
      );
      deepEqual(unlimited, ["--allow-ffi", "--allow-read", "--allow-write", "--allow-net"], program.binary);
    }
  }
});
