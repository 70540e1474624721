/** What the gate skips on a Mac is what only Linux can run: with CI=true any other skip is a failure (tools/junit.ts). */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { avoidableSkips, NO_TESTS } from "../../tools/junit.ts";
import type { SkippedTest } from "../darwin/registered_tests.ts";
import { run } from "../topology/process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The folders whose tests stand beside the code; the gate's own list is tools/ok.ts. */
const FOLDERS = [
  "accessor",
  "bench",
  "cli",
  "program",
  "client",
  "core",
  "dataplane",
  "ffi",
  "server",
  "system",
  "tools",
];

/** Skipped where OpenSSL is not installed, which a Mac may have and the double does not. */
const CIPHER_TESTS = "ffi/aead/packet_cipher_test.ts";

function testFiles(folder: string): string[] {
  return Array.from(Deno.readDirSync(ROOT + folder)).flatMap(({ name, isDirectory }) => {
    const below = `${folder}/${name}`;
    return isDirectory ? testFiles(below) : name.endsWith("_test.ts") ? [below] : [];
  });
}

Deno.test("what a Mac skips of the gate says that it needs Linux", async () => {
  const files = [...FOLDERS.flatMap(testFiles), "tests/boundaries_test.ts"];
  const script = fileURLToPath(new URL("../darwin/registered_tests.ts", import.meta.url));
  const deno = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", script];
  const { code, stdout, stderr } = await run([...deno, ...files.map((file) => ROOT + file)], {
    deadline: 60_000,
    env: { CI: "true", HOME: Deno.env.get("HOME") ?? "/", NO_COLOR: "1" },
    cwd: ROOT,
  });
  assert.equal(code, 0, stderr);
  const skipped = stdout.trim().split("\n").map((line): SkippedTest => JSON.parse(line));
  assert.ok(skipped.length > 50, stdout);
  const names = skipped.map(({ file, name }) => `${file.slice(ROOT.length)}: ${name}`);
  const avoidable = avoidableSkips({ ...NO_TESTS, skipped: names }, "darwin");
  assert.deepEqual(avoidable.filter((name) => !name.startsWith(CIPHER_TESTS)), []);
});
