import assert from "node:assert/strict";
import { IMAGE } from "../../tools/release/names.ts";
import {
  CLIENT_CONTAINER,
  clientSceneTest,
  logged,
  MANAGED,
  REPAIR_LIMIT,
} from "../topology/client_scene.ts";
import { launchServer } from "../topology/tunnel.ts";
import { pause, waitUntil } from "../topology/wait.ts";

clientSceneTest("a client container that is not kept any more goes", {
  hasImage: true,
}, async (scene, step) => {
  const { network } = scene;
  const engineSocket = scene.machine.engine.socket;
  const isThere = async () => await scene.docker(`ps --all --quiet --filter name=${CLIENT_CONTAINER}`) !== "";
  for (
    const [setting, changes] of [
      ["docker off", { config: "docker off\n" }],
      ["--image off", { serverArgs: ["--image", "off"] }],
    ] as const
  ) {
    await step(`with ${setting}, so that the user's own can take its place`, async () => {
      await scene.containerIs("running");
      await scene.server.stop();
      assert.ok(await isThere(), "it does not outlive the server");
      const { server } = await launchServer(network, { ...MANAGED, ...changes, engineSocket });
      await using _server = server;
      await waitUntil("it has gone", async () => !await isThere());
      await server.process.stderr.waitFor(/client container of an earlier run removed/);
      await scene.docker(`run -d --net host --cap-add NET_ADMIN --name ${CLIENT_CONTAINER} ${IMAGE}`);
      await server.waitForStatus("the user's client is bound", ({ client }) => client !== null);
      await scene.docker(`rm --force ${CLIENT_CONTAINER}`);
      await server.stop();
      scene.server.start();
    });
  }
});

clientSceneTest("a foreign container of the name is left alone", {
  hasImage: true,
  prepare: (docker) => docker(`run --detach --name ${CLIENT_CONTAINER} page /busybox sleep 1000`),
}, async (scene, step) => {
  await step("and named, with what to do", async () => {
    const id = await scene.id();
    const { docker } = await scene.server.waitForStatus(
      "the fault is told",
      (status) => status.docker.container?.fault !== undefined,
    );
    assert.deepEqual([docker.container?.state, docker.container?.image], ["conflict", "page"]);
    assert.match(
      docker.container?.fault ?? "",
      /container mac-connector exists \(page, running\)/,
    );
    assert.match(docker.container?.remedy ?? "", /^Remove or rename/);
    assert.equal(await scene.id(), id);
    assert.equal(logged(scene, /Cannot start the client container/).length, 1);
  });

  await step("until it has gone", async () => {
    await scene.docker(`rm --force ${CLIENT_CONTAINER}`);
    const took = await scene.pageComes("after the foreign container has gone");
    assert.ok(took < REPAIR_LIMIT, `it took ${took} ms`);
  });
});

clientSceneTest("a client that the user runs is used", {
  hasImage: true,
  prepare: (docker) =>
    docker(`run -it -d --restart always --net host --cap-add NET_ADMIN --name ${CLIENT_CONTAINER} ${IMAGE}`),
}, async (scene, step) => {
  await step("without a key, and left alone", async () => {
    const id = await scene.id();
    await scene.pageComes("with the user's own client");
    const { docker } = await scene.server.waitForStatus(
      "the container has been looked at",
      (status) => status.docker.container?.state !== "pending",
    );
    assert.deepEqual(docker.container, { name: CLIENT_CONTAINER, state: "external", image: IMAGE });
    assert.equal(await scene.id(), id);
    assert.deepEqual(logged(scene, / (warn|error) /), []);
  });
});

clientSceneTest("docker off leaves all of it to the user", {
  hasImage: true,
  config: "docker off\n",
}, async (scene, step) => {
  await step("no container is made", async () => {
    const { docker } = await scene.server.waitForStatus("it is up", () => true);
    assert.equal(docker.container, null);
    // What an Engine that is followed needs for a container many times over.
    await pause(3_000);
    assert.equal(await scene.docker(`ps --all --quiet --filter name=${CLIENT_CONTAINER}`), "");
  });
});
