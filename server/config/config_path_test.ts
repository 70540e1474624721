import assert from "node:assert/strict";
import { defaultConfigPaths } from "../../system/config/config_file.ts";
import { serveControlSocket } from "../../system/control/control_socket.ts";
import { configFileToEdit, configFileToRead } from "./config_path.ts";

/** A server's answer, and what it makes the place of the config file. */
async function withServer(document: unknown, test: (control: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const control = `${folder}/control.sock`;
  try {
    await using _socket = await serveControlSocket(control, "docker-connector", () => document);
    await test(control);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the running server's file is meant, also where it is not there yet", async () => {
  const document = { program: "docker-connector", config: { file: "/somewhere/else.conf" } };
  await withServer(document, async (control) => {
    assert.equal(await configFileToRead(undefined, control), "/somewhere/else.conf");
    assert.equal(await configFileToEdit(undefined, control), "/somewhere/else.conf");
    assert.equal(await configFileToEdit("mine.conf", control), "mine.conf");
  });
});

Deno.test("a server that does not say, or another program, is passed over", async () => {
  const usual = await configFileToEdit(undefined, "/nowhere/control.sock");
  assert(defaultConfigPaths(Deno.env.get("HOMEBREW_PREFIX")).includes(usual), usual);
  for (
    const document of [
      { program: "docker-accessor", config: { file: "/x.conf" } },
      { program: "docker-connector" },
      { program: "docker-connector", config: { file: null } },
      { program: "docker-connector", config: { file: "relative.conf" } },
      "nothing",
    ]
  ) {
    await withServer(document, async (control) => {
      assert.equal(await configFileToEdit(undefined, control), usual, JSON.stringify(document));
    });
  }
});
