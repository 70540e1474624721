import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { readEnvFile } from "./env_file.ts";

async function withFile(text: string, mode: number, body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "docker-accessor-" });
  try {
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, mode);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("server and token are read as systemd reads them", async () => {
  const text = `# where to log in
; another comment

DOCKER_ACCESSOR_REMOTE="desk.example.com:2512"\r
 DOCKER_ACCESSOR_TOKEN=8k3m5n7p9q=x
`;
  await withFile(text, 0o600, async (path) => {
    const { read, remote, warnings } = await readEnvFile(path);
    assert.deepEqual(warnings, []);
    assert.equal(read("DOCKER_ACCESSOR_TOKEN"), "8k3m5n7p9q=x");
    assert.equal(remote?.host, "desk.example.com");
    assert.equal(remote?.port, 2512);
    assert.equal(read("NO_COLOR"), undefined);
  });
});

Deno.test("a file that others can read is warned about", async () => {
  await withFile("DOCKER_ACCESSOR_TOKEN=abc\n", 0o644, async (path) => {
    const { remote, warnings } = await readEnvFile(path);
    assert.equal(remote, undefined);
    assert.match(warnings.join(), /chmod 600/);
  });
});

Deno.test("what cannot be used is refused with what to write", async () => {
  const config = (text: RegExp) => (error: unknown) =>
    error instanceof OperationError && error.code === "config" && text.test(error.report);
  await assert.rejects(
    readEnvFile("/nowhere/x.env"),
    config(/no such file\. Write the lines DOCKER_ACCESSOR_REMOTE=/),
  );
  await withFile("DOCKER_ACCESSOR_REMOTE=desk\n", 0o600, async (path) => {
    await assert.rejects(readEnvFile(path), config(/DOCKER_ACCESSOR_REMOTE/));
  });
});
