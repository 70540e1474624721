import assert from "node:assert/strict";
import {
  clientEnvironment,
  createBody,
  isClientName,
  isManaged,
  keyOfEnvironment,
  lacksDevice,
} from "./client_container.ts";

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
    Labels: {
      "io.github.docker-connector.managed": "true",
      "io.github.docker-connector.fingerprint": "f",
    },
  });
  assert.deepEqual(host, {
    NetworkMode: "host",
    RestartPolicy: { Name: "no" },
    CapDrop: ["ALL"],
    CapAdd: ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"],
    SecurityOpt: ["no-new-privileges"],
    ReadonlyRootfs: true,
    Tmpfs: { "/run": "rw,noexec,nosuid,nodev,size=1m,mode=0755" },
    Memory: 512 * 1024 * 1024,
    PidsLimit: 256,
    Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }],
    Devices: [{ PathOnHost: "/dev/net/tun", PathInContainer: "/dev/net/tun", CgroupPermissions: "rwm" }],
  });
  const { HostConfig: bare } = createBody(plan, false);
  assert.deepEqual(bare, {
    ...Object(host),
    CapAdd: ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "MKNOD"],
    Devices: [],
  });
});

Deno.test("a refusal for want of the device is told from every other", () => {
  const adding = 'error gathering device information while adding custom device "/dev/net/tun": ';
  assert.ok(lacksDevice(`${adding}no such file or directory`));
  assert.ok(lacksDevice(`${adding}not a device node`));
  assert.ok(lacksDevice("stat /dev/net/tun: no such file or directory"), "Podman");
  assert.ok(!lacksDevice("write /var/lib/docker/x: no space left on device"));
  assert.ok(!lacksDevice('adding custom device "/dev/fuse": no such file or directory'));
});

Deno.test("a container of version 0.1.0 is managed too, one with another value of the label is not", () => {
  for (const labels of [{ "io.github.docker-connector.managed": "true" }, { "docker-connector": "kept" }]) {
    assert.ok(isManaged({ labels }));
    assert.ok(isClientName("x", "sha256:1", labels));
  }
  for (
    const labels of [{}, { "io.github.docker-connector.managed": "false" }, { "docker-connector": "image" }]
  ) {
    assert.ok(!isManaged({ labels }));
  }
});
