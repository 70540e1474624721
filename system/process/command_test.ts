import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { runCommand } from "./command.ts";

Deno.test("arguments reach the program as they are", async () => {
  const { code, stdout } = await runCommand(["/bin/echo", "$HOME; exit 3", "*", "a b"]);
  assert.deepEqual([code, stdout], [0, "$HOME; exit 3 * a b\n"]);
});

Deno.test("a failing program is an outcome with its message", async () => {
  const { code, stdout, stderr } = await runCommand(["/bin/ls", "/nonexistent"]);
  assert.notEqual(code, 0);
  assert.equal(stdout, "");
  assert.match(stderr, /nonexistent.*No such file/);
});

Deno.test("programs speak English and get no other variable than those given", async () => {
  assert.equal((await runCommand(["/usr/bin/env"])).stdout, "LC_ALL=C\n");
  const { stdout } = await runCommand(["/usr/bin/env"], { env: { XTABLES_LOCKFILE: "/tmp/lock" } });
  assert.deepEqual(stdout.trim().split("\n").sort(), ["LC_ALL=C", "XTABLES_LOCKFILE=/tmp/lock"]);
});

Deno.test("input of any length goes in and comes out whole", async () => {
  const input = "docker-connector \u00fc\n".repeat(50_000);
  const { stdout } = await runCommand(["/bin/cat"], { input });
  assert.equal(stdout, input);
});

Deno.test("a program may ignore its input, and has none unless given", async () => {
  assert.equal((await runCommand(["/bin/echo", "done"], { input: "x".repeat(1 << 20) })).stdout, "done\n");
  assert.equal((await runCommand(["/bin/cat"])).stdout, "");
});

Deno.test("a program that takes too long is ended and named", async () => {
  await assert.rejects(
    runCommand(["/bin/sleep", "600"], { timeout: 50 }),
    (error) =>
      error instanceof OperationError && error.code === "io" &&
      error.message === "Cannot run /bin/sleep 600: it did not end within 0.05 s",
  );
});

Deno.test("a program that ends while its child keeps the output open counts as late", async () => {
  // The shell stands for any program that leaves a child behind.
  await assert.rejects(
    runCommand(["/bin/sh", "-c", "/bin/sleep 1 & exit 0"], { timeout: 50 }),
    (error) => error instanceof OperationError && error.code === "io",
  );
});

Deno.test("a missing program is told from one that may not run", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.chmod(file, 0o600);
    const states = { "/nonexistent/program": "there is no such program", [file]: "it is not executable" };
    for (const [program, state] of Object.entries(states)) {
      await assert.rejects(
        runCommand([program]),
        (error) =>
          error instanceof OperationError && error.code === "unavailable" &&
          error.message === `Cannot run ${program}: ${state}`,
      );
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a program is never looked up", async () => {
  for (const program of ["ls", "./ls", ""]) await assert.rejects(runCommand([program]), RangeError);
});
