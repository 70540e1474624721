import assert from "node:assert/strict";
import {
  CLIENT_CONTAINER,
  CLIENT_LABELS,
  clientEnvironment,
  creationRequest,
  findClient,
  KEPT,
  keyOfEnvironment,
  nextStep,
} from "./client_container.ts";
import type { DockerContainer } from "./containers.ts";

function container(changes: Partial<DockerContainer> = {}): DockerContainer {
  return {
    id: "1",
    names: ["web"],
    image: "nginx",
    imageId: "sha256:a",
    state: "running",
    labels: {},
    ...changes,
  };
}

const ours = (changes: Partial<DockerContainer> = {}) =>
  container({
    names: [CLIENT_CONTAINER],
    image: "mac-docker-connector:0.1.0",
    imageId: "sha256:c",
    labels: { [CLIENT_LABELS.owner]: KEPT, [CLIENT_LABELS.settings]: "f" },
    ...changes,
  });

Deno.test("the client is told where and how the server listens, and its key", () => {
  const settings = { port: 2511, addr: "192.168.251.1/24", mtu: 1400, key: "secret" };
  const environment = clientEnvironment({ ...settings, host: "10.0.0.1" });
  assert.deepEqual(environment, [
    "DOCKER_CONNECTOR_HOST=10.0.0.1",
    "DOCKER_CONNECTOR_PORT=2511",
    "DOCKER_CONNECTOR_ADDR=192.168.251.1/24",
    "DOCKER_CONNECTOR_MTU=1400",
    "DOCKER_CONNECTOR_KEY=secret",
  ]);
  assert.equal(keyOfEnvironment(environment), "secret");
  assert.equal(keyOfEnvironment(["PATH=/bin"]), undefined);
  assert.deepEqual(clientEnvironment({ ...settings, host: undefined }), environment.slice(1));
});

Deno.test("the container is made as the instructions say, with and without the device", () => {
  const plan = { image: "i", environment: ["A=b"], fingerprint: "f" };
  const { HostConfig: host, ...rest } = creationRequest(plan, true);
  assert.deepEqual(rest, {
    Image: "i",
    Env: ["A=b"],
    Labels: { "docker-connector": "kept", "docker-connector.settings": "f" },
  });
  assert.deepEqual(host, {
    NetworkMode: "host",
    RestartPolicy: { Name: "always" },
    CapAdd: ["NET_ADMIN"],
    Devices: [{ PathOnHost: "/dev/net/tun", PathInContainer: "/dev/net/tun", CgroupPermissions: "rwm" }],
  });
  const { HostConfig: bare } = creationRequest(plan, false);
  assert.deepEqual(bare, { ...Object(host), Devices: [] });
});

Deno.test("a client that the user runs is used, under any name", () => {
  for (
    const user of [
      container({ names: [CLIENT_CONTAINER], image: "wenjunxiao/mac-docker-connector" }),
      container({ image: "registry:5000/x/mac-docker-connector:1@sha256:1" }),
      container({ image: "sha256:c", imageId: "sha256:c" }),
      container({ image: "mac-docker-connector", state: "paused" }),
    ]
  ) {
    assert.deepEqual(findClient([container(), user, ours()], "sha256:c"), {
      kind: "theirs",
      container: user,
    });
  }
  const stopped = container({ image: "mac-docker-connector", state: "exited" });
  assert.equal(findClient([stopped], "sha256:c").kind, "ours");
});

Deno.test("another container of the name stands in the way, whatever labels its image gives it", () => {
  for (
    const other of [
      container({ names: [CLIENT_CONTAINER] }),
      container({ names: [CLIENT_CONTAINER], image: "mac-docker-connector", state: "exited" }),
      container({ names: ["x", CLIENT_CONTAINER], labels: { [CLIENT_LABELS.owner]: "image" } }),
    ]
  ) {
    assert.deepEqual(findClient([container(), other], undefined), { kind: "foreign", container: other });
  }
});

Deno.test("of the kept ones that of the name is it, and the others are too many", () => {
  assert.deepEqual(findClient([container()], "sha256:c"), {
    kind: "ours",
    container: undefined,
    surplus: [],
  });
  const renamed = ours({ names: ["old"] });
  assert.deepEqual(findClient([renamed, ours()], "sha256:c"), {
    kind: "ours",
    container: ours(),
    surplus: [renamed],
  });
});

Deno.test("the kept container is made, started, unpaused, replaced or left to the Engine", () => {
  assert.equal(nextStep(undefined, "f"), "create");
  const steps = { created: "start", exited: "start", paused: "unpause", running: "keep", restarting: "wait" };
  for (const [state, step] of Object.entries({ ...steps, removing: "wait", dead: "replace" })) {
    assert.equal(nextStep(ours({ state }), "f"), step, state);
  }
  for (const state of ["running", "exited", "paused", "restarting"]) {
    assert.equal(nextStep(ours({ state }), "g"), "replace", state);
  }
});
