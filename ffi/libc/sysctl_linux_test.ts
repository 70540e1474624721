import assert from "node:assert/strict";
import { readSysctl } from "./sysctl_linux.ts";

const onLinux = { ignore: Deno.build.os !== "linux" };

Deno.test("a setting is read as the kernel prints it (needs Linux)", onLinux, async () => {
  const { stdout } = await new Deno.Command("cat", { args: ["/proc/sys/net/ipv4/ip_forward"] }).output();
  assert.equal(readSysctl("net/ipv4/ip_forward"), new TextDecoder().decode(stdout).trim());
});

Deno.test("a setting that is not there is undefined (needs Linux)", onLinux, () => {
  assert.equal(readSysctl("net/ipv4/no_such_setting"), undefined);
});
