/** All that the programs show, of a setup with every kind of secret, is searched for each of them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { deriveTokenKeys } from "../../core/token/token_keys.ts";
import { scrypt } from "../../system/process/scrypt.ts";
import { startAccessor } from "../topology/accessor.ts";
import { binary } from "../topology/daemon.ts";
import { CLIENT_CONTAINER, EngineScene } from "../topology/engine_scene.ts";
import { DEFAULT_ENGINE } from "../topology/engines.ts";
import { mustRun } from "../topology/process.ts";
import { EXPOSED_PORT } from "../topology/session_pair.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const PAGE = "127.0.0.1:2580";
const NEEDS = {
  ...DEFAULT_ENGINE.needs,
  programs: [...DEFAULT_ENGINE.needs.programs, "curl"],
  packages: [...DEFAULT_ENGINE.needs.packages, "curl"],
};

/** What bytes may be written as. */
function writings(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  return [buffer.toString("hex"), buffer.toString("base64"), buffer.toString("base64url")];
}

/** Every file below a folder. */
async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesBelow(`${folder}/${name}`);
    else yield await Deno.readTextFile(`${folder}/${name}`);
  }
}

/** The command lines of all processes, as `ps` shows them to everyone. */
async function commandLines(): Promise<string> {
  const lines: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (/^\d+$/.test(name)) lines.push(await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => ""));
  }
  return lines.join("\n");
}

networkTest("no secret is shown", { containers: [], lans: 1, link: "veth" }, async (network, t) => {
  const { folder, mac } = network;
  const token = crypto.getRandomValues(new Uint8Array(13)).toHex();
  await Deno.mkdir(`${folder}/var-lib`, { mode: 0o700 });
  // The authority's key is a new one, and not this machine's.
  const script = 'mount --bind "$1" /var/lib && shift && exec "$@"';
  const inside = ["unshare", "--mount", "sh", "-c", script, "sh", `${folder}/var-lib`];
  await using scene = await EngineScene.prepare(network, DEFAULT_ENGINE);
  const address = await scene.machine.runPage("page");
  await scene.startServer({
    config: [
      `expose 0.0.0.0:${EXPOSED_PORT}`,
      "route 172.31.0.0/16 expose",
      `token ${token} 192.168.251.3`,
      `web ${PAGE}`,
      "https on",
      "loglevel debug",
      "",
    ].join("\n"),
    serverWrapper: inside,
  });
  const { server } = scene;
  await scene.answers(address, "page");
  await server.waitForStatus(
    "all of it runs",
    ({ web, https, sharing }) =>
      web !== null && https !== null && sharing?.cipher !== null && sharing?.deriving === 0,
    30_000,
  );
  await using accessor = await startAccessor({
    network,
    lan: network.lan(),
    token,
    args: ["--log-level", "debug"],
  });
  await server.waitForStatus("it is in", ({ sharing }) => (sharing?.sessions.length ?? 0) > 0);

  const [{ Config: config, ...rest }] = JSON.parse(
    await scene.docker(`container inspect ${CLIENT_CONTAINER}`),
  );
  const environment: readonly string[] = config.Env;
  const key = environment.find((line) => line.startsWith("DOCKER_CONNECTOR_KEY="))?.split("=", 2)[1] ?? "";
  const keys = await deriveTokenKeys(token, scrypt);
  const authority = (await Array.fromAsync(filesBelow(`${folder}/var-lib`))).join("\n");
  const [, pem = ""] = /-----BEGIN (?:EC )?PRIVATE KEY-----\n([^-]+)/.exec(authority) ?? [];
  const secrets: Readonly<Record<string, readonly string[]>> = {
    "the client's key": [key, ...writings(new TextEncoder().encode(key))],
    "a token": [token, ...writings(new TextEncoder().encode(token))],
    "keys of a token": Object.values(keys).filter((one) => one instanceof Uint8Array).flatMap(writings),
    "the authority's key": pem.trim().split("\n"),
  };
  for (const [name, texts] of Object.entries(secrets)) {
    assert.ok(
      texts.length > 0 && texts.every((text) => text.length >= 16),
      `${name} is not known to the test`,
    );
  }

  const began = performance.now();
  const own = binary("docker-connector");
  const control = ["--control", server.settings.control];
  const ask = async (...args: string[]) => {
    const { stdout, stderr } = await mac.run([own, ...args]);
    return `${stdout}\n${stderr}`;
  };
  const get = async (path: string, seconds: number) =>
    (await mac.run(["curl", "-sS", "--max-time", `${seconds}`, `http://${PAGE}${path}`])).stdout;
  // Completions read the file at the usual place.
  await Deno.mkdir(`${folder}/etc`);
  await Deno.copyFile(scene.configFile, `${folder}/etc/docker-connector.conf`);
  const complete = async (...words: string[]) =>
    (await mac.run([own, "completions", "bash", ...words], { env: { HOMEBREW_PREFIX: folder } })).stdout;
  const again = [...control, "--config", scene.configFile];
  const shown: Readonly<Record<string, string | Promise<string>>> = {
    "ps": commandLines(),
    "status": ask("status", ...control),
    "status --json": ask("status", "--json", ...control),
    "doctor --json": ask("doctor", "--json", ...again),
    "ls --json": ask("ls", "--json", ...control),
    "check": ask("check", "--config", scene.configFile),
    "completions": complete("token", "export", ""),
    "completions of what can be removed": complete("config", "remove", ""),
    "a run that fails, with its stack": ask("run", ...again, "--log-level", "debug"),
    "the page": get("/", 5),
    "the page's status": get("/v1/status", 5),
    "the page's doctor": get("/v1/doctor", 10),
    "the page's events": get("/v1/events", 2),
    "the metrics": get("/metrics", 5),
    "docker inspect, but for the environment": JSON.stringify({ rest, ...config, Env: [] }),
    "docker logs": scene.machine.engine.logs(CLIENT_CONTAINER),
    "docker history": scene.docker(`history --no-trunc ${rest.Image}`),
    "docker events": scene.docker(
      `events --since 0 --until ${Math.ceil(Date.now() / 1000)}`,
    ),
    "the accessor's status": accessor.status().then(JSON.stringify),
  };
  const texts = await Promise.all(
    Object.entries(shown).map(async ([place, text]) => [place, await text] as const),
  );
  console.log(`  shown within ${Math.round(performance.now() - began)} ms`);
  await server.stop();
  await accessor.stop();
  const logs = {
    "the server's log": server.process.stderr.lines.join("\n"),
    "the accessor's log": accessor.process.stderr.lines.join("\n"),
  };
  for (const [place, text] of [...texts, ...Object.entries(logs)]) {
    await t.step(place, () => {
      assert.ok(text.length > 10, `nothing is shown: ${text}`);
      for (const [name, writings] of Object.entries(secrets)) {
        assert.ok(!writings.some((secret) => text.includes(secret)), `it shows ${name}`);
      }
    });
  }
  await t.step("and the files with secrets are root's alone", async () => {
    const modes = await mustRun(["find", `${folder}/var-lib`, "-type", "f", "-perm", "/077"]);
    assert.equal(modes, "");
  });
}, NEEDS);
