import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type SearchPlace, searchSockets } from "./socket_search.ts";

/** A machine: its system, variables, files by path and their owners. */
function machine(
  os: "darwin" | "linux",
  variables: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
  owners: Readonly<Record<string, number>> = {},
): SearchPlace {
  return {
    os,
    env: (name) => variables[name],
    read: (path) => Promise.resolve(files[path]),
    owner: (path) => Promise.resolve(owners[path]),
    list: (path) =>
      Promise.resolve(
        Object.keys(owners).filter((other) => other.startsWith(`${path}/`)).map((other) =>
          other.slice(path.length + 1)
        ),
      ),
  };
}

/** The files of a context. */
function context(home: string, name: string, host: string): Record<string, string> {
  const hash = createHash("sha256").update(name).digest("hex");
  return {
    [`${home}/.docker/config.json`]: JSON.stringify({ currentContext: name }),
    [`${home}/.docker/contexts/meta/${hash}/meta.json`]: JSON.stringify({
      Name: name,
      Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
    }),
  };
}

const ANNA = { "/dev/console": 501, "/Users/Shared": 0, "/Users/ben": 502, "/Users/anna": 501 };

Deno.test("a service on macOS searches where the person at the screen has Docker", async () => {
  const { paths } = await searchSockets(machine("darwin", {}, {}, ANNA));
  assert.deepEqual(paths, [
    "/var/run/docker.sock",
    "/Users/anna/.docker/run/docker.sock",
    "/Users/anna/.colima/default/docker.sock",
    "/Users/anna/.rd/docker.sock",
    "/Users/anna/.orbstack/run/docker.sock",
    "/Users/anna/.docker/desktop/docker.sock",
    "/Users/anna/.lima/docker/sock/docker.sock",
    "/Users/anna/.local/share/containers/podman/machine/podman.sock",
  ]);
});

Deno.test("at the login window nobody is at the screen", async () => {
  const { paths } = await searchSockets(machine("darwin", {}, {}, { ...ANNA, "/dev/console": 0 }));
  assert.deepEqual(paths, ["/var/run/docker.sock"]);
});

Deno.test("the context in use comes first", async () => {
  const files = context("/Users/anna", "colima-work", "unix:///Users/anna/.colima/work/docker.sock");
  const { paths } = await searchSockets(machine("darwin", {}, files, ANNA));
  assert.deepEqual(paths.slice(0, 2), ["/Users/anna/.colima/work/docker.sock", "/var/run/docker.sock"]);
});

Deno.test("DOCKER_CONTEXT wins over the configured context", async () => {
  const files = {
    ...context("/home/anna", "other", "unix:///other.sock"),
    ...context("/home/anna", "used", "unix:///used.sock"),
    "/home/anna/.docker/config.json": '{"currentContext":"other"}',
  };
  const variables = { HOME: "/home/anna", DOCKER_CONTEXT: "used" };
  assert.equal((await searchSockets(machine("linux", variables, files))).paths[0], "/used.sock");
});

Deno.test("a context that leads over the network, is the default, or is broken is passed over", async () => {
  const home = "/home/anna";
  const config = `${home}/.docker/config.json`;
  for (
    const files of [
      context(home, "remote", "ssh://anna@host"),
      context(home, "remote", "tcp://10.0.0.1:2375"),
      context(home, "default", "unix:///never.sock"),
      { [config]: '{"currentContext":"absent"}' },
      { [config]: '{"currentContext":{"a":1}}' },
      { [config]: "{" },
      { [config]: "null" },
    ]
  ) {
    const { paths } = await searchSockets(machine("linux", { HOME: home }, files));
    assert.equal(paths[0], "/var/run/docker.sock", JSON.stringify(files));
  }
});

Deno.test("whoever called sudo on Linux is found in /etc/passwd, with the sockets of the session", async () => {
  const files = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000:Anna,,,:/home/anna:/bin/bash\n",
  };
  const { paths } = await searchSockets(machine("linux", { SUDO_UID: "1000", HOME: "/root" }, files));
  assert.ok(paths.includes("/home/anna/.docker/desktop/docker.sock"));
  assert.ok(paths.includes("/root/.colima/default/docker.sock"));
  assert.deepEqual(paths.slice(-3), [
    "/run/user/1000/docker.sock",
    "/run/user/1000/podman/podman.sock",
    "/run/podman/podman.sock",
  ]);
  assert.equal(new Set(paths).size, paths.length);
});

Deno.test("without a home, a user or sense in the variables the system's sockets are left", async () => {
  const variables = { HOME: "relative", SUDO_UID: "-1" };
  const { paths } = await searchSockets(machine("linux", variables));
  assert.deepEqual(paths, ["/var/run/docker.sock", "/run/podman/podman.sock"]);
});

Deno.test("DOCKER_HOST alone counts where it is set", async () => {
  const files = context("/root", "other", "unix:///other.sock");
  const set = (host: string) => searchSockets(machine("linux", { HOME: "/root", DOCKER_HOST: host }, files));
  assert.deepEqual(await set("unix:///run/my.sock"), { paths: ["/run/my.sock"] });
  assert.equal((await set("")).paths[0], "/other.sock");
  for (const host of ["tcp://127.0.0.1:2375", "ssh://host", "unix://relative", "/run/my.sock"]) {
    const { paths, fault } = await set(host);
    assert.deepEqual(paths, []);
    assert.ok(fault?.startsWith(`DOCKER_HOST is ${host}, which is no unix socket`), fault);
  }
});
