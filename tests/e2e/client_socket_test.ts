import assert from "node:assert/strict";
import { binary } from "../topology/daemon.ts";
import { run } from "../topology/process.ts";
import { Tunnel } from "../topology/tunnel.ts";
import { networkTest } from "../topology/tunnel_test_case.ts";

networkTest("a client whose status socket cannot be opened", {}, async (network, t) => {
  const readOnly = `mount -t tmpfs -o ro none ${network.folder} && exec "$@"`;
  await using tunnel = await Tunnel.launch(network, {
    clientWrapper: ["unshare", "--mount", "sh", "-c", readOnly, "sh"],
  });
  const { client } = tunnel;

  await t.step("warns, names what does not work, and carries packets", async () => {
    await client.process.stderr.waitFor(/ warn .*Cannot open control socket \S+\.sock: .*"health" reports/);
    await tunnel.waitForEcho();
    assert.ok(client.process.running, tunnel.transcript());
  });

  await t.step("is not healthy, since nobody can ask it", async () => {
    const health = await run([
      binary("docker-connector-client"),
      "health",
      "--control",
      client.settings.control,
    ]);
    assert.equal(health.code, 1, health.stderr);
  });

  await t.step("ends in order", async () => {
    assert.equal((await client.stop()).code, 0, tunnel.transcript());
  });
});
