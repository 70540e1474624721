import assert from "node:assert/strict";
import { join } from "node:path";
import { suggestAdded, suggestNetworks, suggestRemoved, suggestTokens } from "./suggestions.ts";

const TOKEN = "k7wz2m9x4c6v8b1n3q5r7t0y2d";

/** Runs a test with a config file in the first of the usual places. */
function withConfig(text: string | undefined, test: () => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    const before = Deno.env.get("HOMEBREW_PREFIX");
    try {
      await Deno.mkdir(join(folder, "etc"));
      if (text !== undefined) await Deno.writeTextFile(join(folder, "etc", "docker-connector.conf"), text);
      Deno.env.set("HOMEBREW_PREFIX", folder);
      await test();
    } finally {
      if (before === undefined) Deno.env.delete("HOMEBREW_PREFIX");
      else Deno.env.set("HOMEBREW_PREFIX", before);
      await Deno.remove(folder, { recursive: true });
    }
  };
}

const words = (found: readonly (readonly [string, string])[]) => found.map(([word]) => word);

Deno.test(
  "lines to remove are completed from the config file, without secrets",
  withConfig(
    `# mine\nroute 10.1.0.0/16 expose\nkey s3cret\ntoken anna-${TOKEN} 192.168.251.7\n`,
    async () => {
      assert.deepEqual(words(await suggestRemoved([])), ["route", "key", "token"]);
      assert.deepEqual(words(await suggestRemoved(["route"])), ["10.1.0.0/16"]);
      assert.deepEqual(words(await suggestRemoved(["route", "10.1.0.0/16"])), ["expose"]);
      assert.deepEqual(words(await suggestRemoved(["key"])), []);
      assert.deepEqual(words(await suggestRemoved(["token"])), []);
    },
  ),
);

Deno.test(
  "tokens are offered by their addresses, with the name of a made one",
  withConfig(`token anna-${TOKEN} 192.168.251.7\ntoken mine-own-secret 192.168.251.8\n`, async () => {
    assert.deepEqual(await suggestTokens(), [["192.168.251.7", "anna"], ["192.168.251.8", ""]]);
  }),
);

Deno.test(
  "a faulty file and no running server give nothing",
  withConfig("nonsense\n", async () => {
    assert.deepEqual(await suggestTokens(), []);
    assert.deepEqual(await suggestNetworks("/nonexistent/control.sock"), []);
    assert.deepEqual(await suggestAdded(["route"]), []);
  }),
);
