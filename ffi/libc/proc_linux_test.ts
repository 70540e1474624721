import assert from "node:assert/strict";
import { readSysctl, trimResidentMemory, unchangedProgramMappings } from "./proc_linux.ts";

/** One mapping as proc(5) shows it. */
function mapping(range: string, rights: string, path: string, anonymous: number): string {
  return `${range} ${rights} 00000000 fe:00 260638                     ${path}\n` +
    `Rss:                  16 kB\nAnonymous:           ${anonymous} kB\nVmFlags: rd mr mw me\n`;
}

Deno.test("only the program's own unchanged, unwritable mappings are given back", () => {
  const smaps = mapping("1000-2000", "rw-p", "", 4) +
    mapping("562298e47000-562298e4b000", "r--p", "/usr/bin/program", 0) +
    mapping("562298e4b000-562298e64000", "r-xp", "/usr/bin/program", 0) +
    mapping("562298e64000-562298e65000", "r--p", "/usr/bin/program", 4) +
    mapping("562298e65000-562298e66000", "rw-p", "/usr/bin/program", 0) +
    mapping("7f0000000000-7f0000001000", "r-xp", "/usr/lib/libc.so.6", 0);
  assert.deepEqual(unchangedProgramMappings(smaps), [
    { start: 0x562298e47000n, length: 0x4000n },
    { start: 0x562298e4b000n, length: 0x19000n },
  ]);
});

Deno.test("a list that cannot be read gives nothing back", () => {
  assert.deepEqual(unchangedProgramMappings(""), []);
  assert.deepEqual(unchangedProgramMappings("garbage\n\0\n"), []);
  assert.deepEqual(unchangedProgramMappings(mapping("1000-2000", "r-xp", "[vdso]", 0)), []);
});

/** Bytes of this process's files in memory. */
function fileMemory(): number {
  const [, kilobytes] = /^RssFile:\s+(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/self/status")) ?? [];
  return Number(kilobytes) * 1024;
}

Deno.test({
  name: "the process's memory falls by much of the program's file, and the program goes on (needs Linux)",
  ignore: Deno.build.os !== "linux",
  fn() {
    const before = fileMemory();
    trimResidentMemory();
    const after = fileMemory();
    assert.ok(after < before - 10e6, `${before} octets of files before, ${after} after`);
    assert.equal(new Function("return [3, 1, 2].sort().join('')")(), "123");
  },
});

const onLinux = { ignore: Deno.build.os !== "linux" };

Deno.test("a setting is read as the kernel prints it (needs Linux)", onLinux, async () => {
  const { stdout } = await new Deno.Command("cat", { args: ["/proc/sys/net/ipv4/ip_forward"] }).output();
  assert.equal(readSysctl("net/ipv4/ip_forward"), new TextDecoder().decode(stdout).trim());
});

Deno.test("a setting that is not there is undefined (needs Linux)", onLinux, () => {
  assert.equal(readSysctl("net/ipv4/no_such_setting"), undefined);
});
