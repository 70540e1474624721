import assert from "node:assert/strict";
import { configureLog } from "../../program/log.ts";
import { initialConfig } from "./initial_config.ts";

const OPTIONS = { addr: undefined, host: undefined, port: undefined, mtu: undefined, path: undefined };

/** The warnings about a file with this text and mode. */
async function warnings(text: string, mode: number): Promise<string[]> {
  const file = await Deno.makeTempFile({ suffix: ".conf" });
  const lines: string[] = [];
  configureLog({ level: "warn", format: "text", color: false, write: (line) => void lines.push(line) });
  try {
    await Deno.writeTextFile(file, text);
    await Deno.chmod(file, mode);
    await initialConfig({ ...OPTIONS, configFile: file } as unknown as Parameters<typeof initialConfig>[0]);
    return lines.map((line) => /config: (.*?); run: (chmod \S+) /.exec(line)?.slice(1).join(" -> ") ?? line);
  } finally {
    configureLog({ level: "error", format: "text", color: false, write: () => {} });
    await Deno.remove(file);
  }
}

const WRITE = "everyone may write the config file, which decides on routes and on who gets in -> chmod o-w";
const READ = "everyone may read the config file, which has a key or tokens -> chmod o-r";

Deno.test("a config file that everyone may write, or read although it has a secret, is warned about", async () => {
  const key = "key kXo4vZb2TqhW7yNe\n";
  const token = "token 8k3m5n7p9q2r4s6t8v1w3x5y7z 192.168.251.3\n";
  assert.deepEqual(await warnings("", 0o644), []);
  assert.deepEqual(await warnings("", 0o666), [WRITE]);
  assert.deepEqual(await warnings(key, 0o600), []);
  assert.deepEqual(await warnings(key, 0o640), []);
  assert.deepEqual(await warnings(key, 0o644), [READ]);
  assert.deepEqual(await warnings(token, 0o646), [WRITE, READ]);
});
