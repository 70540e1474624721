import assert from "node:assert/strict";
import {
  CLIENT_CONTAINER,
  CLIENT_LABELS,
  clientEnvironment,
  createBody,
  KEPT,
  keyOfEnvironment,
  lacksDevice,
  nextAction,
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

Deno.test("the container is given the least that the client needs, with and without the device", () => {
  const plan = { image: "i", environment: ["A=b"], fingerprint: "f" };
  const { HostConfig: host, ...rest } = createBody(plan, true);
  assert.deepEqual(rest, {
    Image: "i",
    Env: ["A=b"],
    Labels: { "docker-connector": "kept", "docker-connector.settings": "f" },
  });
  assert.deepEqual(host, {
    NetworkMode: "host",
    RestartPolicy: { Name: "no" },
    CapDrop: ["ALL"],
    CapAdd: ["NET_ADMIN", "NET_RAW"],
    SecurityOpt: ["no-new-privileges"],
    ReadonlyRootfs: true,
    Tmpfs: { "/run": "" },
    Devices: [{ PathOnHost: "/dev/net/tun", PathInContainer: "/dev/net/tun", CgroupPermissions: "rwm" }],
  });
  const { HostConfig: bare } = createBody(plan, false);
  assert.deepEqual(bare, { ...Object(host), CapAdd: ["NET_ADMIN", "NET_RAW", "MKNOD"], Devices: [] });
});

Deno.test("a refusal for want of the device is told from every other", () => {
  const adding = 'error gathering device information while adding custom device "/dev/net/tun": ';
  assert.ok(lacksDevice(`${adding}no such file or directory`));
  assert.ok(lacksDevice(`${adding}not a device node`));
  assert.ok(lacksDevice("stat /dev/net/tun: no such file or directory"), "Podman");
  assert.ok(!lacksDevice("write /var/lib/docker/x: no space left on device"));
  assert.ok(!lacksDevice('adding custom device "/dev/fuse": no such file or directory'));
});

Deno.test("the kept container is made, started, unpaused, replaced or left to the Engine", () => {
  assert.equal(nextAction(undefined, "f"), "create");
  const steps = { created: "start", exited: "start", paused: "unpause", running: "keep", restarting: "wait" };
  for (const [state, step] of Object.entries({ ...steps, removing: "wait", dead: "replace" })) {
    assert.equal(nextAction(ours({ state }), "f"), step, state);
  }
  for (const state of ["running", "exited", "paused", "restarting"]) {
    assert.equal(nextAction(ours({ state }), "g"), "replace", state);
  }
});
