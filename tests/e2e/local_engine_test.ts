import assert from "node:assert/strict";
import { permissionFlags, PROGRAMS } from "../../tools/programs.ts";
import { DockerEngine } from "../topology/docker_engine.ts";
import { ENGINES } from "../topology/engines.ts";
import { run } from "../topology/process.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

const ROOT = new URL("../../", import.meta.url);

/** Asks whether an Engine of a machine of this name is on this machine, whose bridge is there. */
const QUESTION = `
  import { isLocalEngine } from "${new URL("server/docker/local_engine.ts", ROOT)}";
  import { parsePrefix } from "${new URL("core/net/prefix.ts", ROOT)}";
  const subnet = parsePrefix("172.17.0.0/16");
  const engine = { path: "x", send: () => Promise.resolve({ status: 200, text: Deno.args[0], message: "" }) };
  const networks = [{ id: "0".repeat(64), name: "bridge", subnets: [subnet] }];
  const foreign = [{ prefix: subnet, interfaceName: "docker0" }];
  console.log(await isLocalEngine(engine, networks, () => Promise.resolve(foreign)));
`;

/** Asks under the server's own permissions, with the Engine's answer to `GET /info`. */
async function ask(info: string): Promise<string> {
  const server = PROGRAMS.find(({ binary }) => binary === "docker-connector") ?? assert.fail("no server");
  const flags = permissionFlags(server, { target: Deno.build.target, version: Deno.version.deno });
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, QUESTION);
    const config = new URL("deno.json", ROOT).pathname;
    const argv = [Deno.execPath(), "run", "--no-check", "--config", config, ...flags, file, info];
    const { code, stdout, stderr } = await run(argv);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  } finally {
    await Deno.remove(file);
  }
}

Deno.test({
  name: "an Engine of this machine is known under the server's own permissions",
  ignore: Deno.build.os !== "linux",
}, async () => {
  for (const [name, isLocal] of [[Deno.hostname(), true], [`${Deno.hostname()}x`, false]] as const) {
    assert.equal(await ask(JSON.stringify({ Name: name })), `${isLocal}`);
  }
});

for (const kind of ENGINES) {
  networkTest(
    `${kind.title} of this machine is known by its own word`,
    { containers: [] },
    async (network) => {
      await using engine = new DockerEngine(network, { kind });
      await engine.start();
      assert.equal(await ask(await engine.request("GET", "/info")), "true");
    },
    kind.needs,
  );
}
