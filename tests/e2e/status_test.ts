/** The status of running programs: the published schema, and `status --watch` on a terminal. */
import assert from "node:assert/strict";
import { startAccessor } from "../topology/accessor.ts";
import { binary } from "../topology/daemon.ts";
import { ANNA, sharingTest } from "../topology/shared_tunnel.ts";
import { schemaFaults } from "../topology/status_schema.ts";
import { onTerminal } from "../topology/terminal.ts";
import { waitUntil } from "../topology/wait.ts";

sharingTest("the status of running programs", {}, async ({ network, tunnel, step }) => {
  const { mac } = network;
  const lan = network.lans[0] ?? assert.fail("there is no network of teammates");

  await step("each document is as docs/guide/status.schema.json says, field by field", async () => {
    await using accessor = await startAccessor({ network, lan, token: ANNA.token });
    for (const { settings: { program, control } } of [tunnel.server, accessor]) {
      const { stdout, stderr } = await mac.run([binary(program), "status", "--json", "--control", control]);
      assert.equal(stderr, "");
      assert.deepEqual(await schemaFaults(program, JSON.parse(stdout)), []);
    }
    // The client has no command for it.
    assert.deepEqual(await schemaFaults("docker-connector-client", await tunnel.client.status()), []);
    // A document of another program is not.
    assert.ok((await schemaFaults("docker-accessor", await tunnel.client.status())).length > 3);
  });

  await step("--watch stays in its place, survives a restart of the server, and ends by Ctrl-C", async () => {
    const { control } = tunnel.server.settings;
    const words = [binary("docker-connector"), "status", "--watch", "--control", control];
    await using watch = mac.spawn(onTerminal(words), { env: { TERM: "xterm" } });
    const sees = (what: string, pattern: RegExp, from: number) =>
      waitUntil(what, () => Promise.resolve(pattern.test(watch.stdout.lines.slice(from).join("\n"))), 10_000);
    await sees("the status", /docker-connector \d.*pid \d+/, 0);
    await tunnel.server.stop();
    await sees("that it is gone", /docker-connector is not running/, 0);
    const before = watch.stdout.lines.length;
    tunnel.server.start();
    await sees("the status again", new RegExp(`pid ${tunnel.server.process.pid}`), before);
    await watch.send("\x03");
    assert.equal((await watch.wait()).code, 0);
    const text = watch.stdout.lines.join("\n");
    assert.ok(!text.includes("\x1b[2J"), "the display was erased");
    // deno-lint-ignore no-control-regex
    const modes = text.match(/\x1b\[\?\w+/g) ?? [];
    assert.deepEqual(modes, [], "a mode of the terminal was changed");
    await tunnel.waitUp();
  });
}, { programs: ["script"], packages: ["bsdutils"] });
