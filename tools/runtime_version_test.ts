import { doesNotReject, rejects } from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { checkReleasedRuntime, checkRuntimeFile } from "./runtime_version.ts";

const refusal = (words: RegExp) => (error: unknown) =>
  error instanceof OperationError && error.code === "config" && words.test(error.report);

Deno.test("the running Deno passes as a runtime file of its own version", async () => {
  await doesNotReject(checkRuntimeFile(Deno.execPath(), Deno.version.deno));
});

Deno.test("a runtime file of another Deno is refused, and both versions are named", async () => {
  await rejects(
    checkRuntimeFile(Deno.execPath(), "2.4.2000"),
    refusal(
      new RegExp(`of Deno ${Deno.version.deno}.* this is Deno 2.4.2000.*deno@${Deno.version.deno}`, "s"),
    ),
  );
});

Deno.test("a version is found where two pieces of the file meet", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (const offset of [-10, -5, -1, 0]) {
      await Deno.writeTextFile(path, "x".repeat((1 << 20) + offset) + "Deno/2.9.6+build");
      await doesNotReject(checkRuntimeFile(path, "2.9.6"));
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("what is no runtime file is refused before anything is compiled", async () => {
  await rejects(checkRuntimeFile("/nonexistent/denort", "2.9.6"), refusal(/there is no such file/));
  await rejects(checkRuntimeFile("/bin/sh", "2.9.6"), refusal(/no runtime file/));
});

Deno.test("a program of another Deno than the released one is not released", async () => {
  await doesNotReject(checkReleasedRuntime(Deno.execPath(), Deno.version.deno));
  const refused = (words: RegExp) => (error: unknown) =>
    error instanceof OperationError && error.code === "failure" && words.test(error.report);
  const named = new RegExp(
    `holds Deno ${Deno.version.deno}, not Deno 9.9.9. Compile it .*deno@9.9.9 task compile`,
  );
  await rejects(checkReleasedRuntime(Deno.execPath(), "9.9.9"), refused(named));
  await rejects(checkReleasedRuntime("/bin/true", "9.9.9"), refused(/holds no Deno/));
});
