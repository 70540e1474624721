import assert from "node:assert/strict";
import { linkedLibraries, parseLinkedLibraries } from "./shared_libraries.ts";

Deno.test("libraries are read from what ldd prints", () => {
  const text = [
    "\tlinux-vdso.so.1 (0x00007feee028c000)",
    "\tlibxtables.so.12 => /lib/x86_64-linux-gnu/libxtables.so.12 (0x00007feee0276000)",
    "\tlibmnl.so.0 => not found",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007feee028e000)",
    "",
  ].join("\n");
  assert.deepEqual(parseLinkedLibraries(text), {
    paths: ["/lib/x86_64-linux-gnu/libxtables.so.12", "/lib64/ld-linux-x86-64.so.2"],
    missing: ["libmnl.so.0"],
  });
  assert.deepEqual(parseLinkedLibraries("\tstatically linked\n"), { paths: [], missing: [] });
});

Deno.test(
  "this Deno's own libraries are found (needs Linux)",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    const found = await linkedLibraries([Deno.execPath()]);
    assert.ok(found.some((path) => path.endsWith("/libc.so.6")), found.join());
    for (const path of found) assert.ok((await Deno.stat(path)).isFile, path);
  },
);
