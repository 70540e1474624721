import assert from "node:assert/strict";
import { OperationError } from "../core/error.ts";
import { findToken, readEnvFile } from "./token_source.ts";

const NOTHING = { token: undefined, tokenFile: undefined, read: () => undefined };
const TOKEN = "8k3m5n7p9q2r4s6t8v1w3x5y7z";

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

Deno.test("a token on the command line is taken with a warning that does not repeat it", async () => {
  const { token, warnings } = await findToken({ ...NOTHING, token: TOKEN, read: () => "another" });
  assert.equal(token, TOKEN);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /--token-file.*DOCKER_ACCESSOR_TOKEN/);
  assert.ok(!warnings.join().includes(TOKEN));
});

Deno.test("the environment's token is taken silently", async () => {
  const read = (name: string) => name === "DOCKER_ACCESSOR_TOKEN" ? TOKEN : undefined;
  assert.deepEqual(await findToken({ ...NOTHING, read }), { token: TOKEN, warnings: [] });
});

Deno.test("a file's token is taken without its line end, and silently if the file is private", async () => {
  await withFile(`${TOKEN}\n`, 0o600, async (tokenFile) => {
    assert.deepEqual(await findToken({ ...NOTHING, tokenFile }), { token: TOKEN, warnings: [] });
  });
});

for (const mode of [0o640, 0o604, 0o620]) {
  Deno.test(`a file of mode ${mode.toString(8)} is warned about with the command that fixes it`, async () => {
    await withFile(TOKEN, mode, async (tokenFile) => {
      const { warnings } = await findToken({ ...NOTHING, tokenFile });
      assert.equal(warnings.length, 1);
      assert.ok(warnings[0]?.includes(`chmod 600 ${tokenFile}`));
    });
  });
}

for (
  const [title, text] of [["nothing", "\n"], ["two words", `${TOKEN} x`], [
    "too much",
    "x".repeat(5000),
  ]] as const
) {
  Deno.test(`a file with ${title} is a fault that does not repeat it`, async () => {
    await withFile(text, 0o600, async (tokenFile) => {
      await assert.rejects(findToken({ ...NOTHING, tokenFile }), (error) => {
        assert.ok(error instanceof OperationError);
        assert.equal(error.code, "config");
        assert.ok(error.report.includes(tokenFile) && !error.report.includes(TOKEN));
        return true;
      });
    });
  });
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
