import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { UnreadFile } from "../../process/user_file.ts";
import { type SearchEnvironment, SYSTEM_ENVIRONMENT } from "./search_environment.ts";
import { searchSockets } from "./socket_search.ts";

/** The text of a file that is there and not to be read. */
const UNREAD = "\0unread";

/** A machine: its system, variables, files by path and the owners of files and folders. */
function machine(
  os: "darwin" | "linux",
  variables: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
  owners: Readonly<Record<string, number>> = {},
): SearchEnvironment {
  return {
    os,
    env: (name) => variables[name],
    console: () => owners["/dev/console"],
    read: (path) => Promise.resolve(files[path]),
    readUser: ({ folder, path }) => {
      const whole = path === "" ? folder : `${folder}/${path}`;
      return files[whole] === UNREAD
        ? Promise.reject(new UnreadFile(`${whole} is no regular file`))
        : Promise.resolve(files[whole]);
    },
    owner: (path) => Promise.resolve(owners[path]),
    list: (path) =>
      Promise.resolve(
        Object.keys(owners)
          .filter((other) => other.slice(0, other.lastIndexOf("/")) === path)
          .map((other) => other.slice(path.length + 1)),
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
    "/Users/anna/.config/colima/default/docker.sock",
    "/Users/anna/.rd/docker.sock",
    "/Users/anna/.orbstack/run/docker.sock",
    "/Users/anna/.docker/desktop/docker.sock",
    "/Users/anna/.lima/docker/sock/docker.sock",
    "/Users/anna/.local/share/containers/podman/machine/podman.sock",
    "/Users/anna/.local/share/containers/podman/machine/podman-machine-default/podman.sock",
    "/Users/anna/.local/share/containers/podman/machine/qemu/podman.sock",
  ]);
});

Deno.test("profiles of Colima and Lima, and the temporary folder of Podman 5, are looked into", async () => {
  const folders = {
    ...ANNA,
    "/Users/anna/.colima/_lima": 501,
    "/Users/anna/.colima/work": 501,
    "/Users/anna/.lima/_config": 501,
    "/Users/anna/.lima/rootful": 501,
    "/var/folders/ab": 0,
    "/var/folders/ab/ben": 502,
    "/var/folders/ab/ben/T": 502,
    "/var/folders/zz": 0,
    "/var/folders/zz/anna": 501,
    "/var/folders/zz/anna/T": 501,
  };
  const { paths } = await searchSockets(machine("darwin", {}, {}, folders));
  const found = (pattern: RegExp) => paths.filter((path) => pattern.test(path));
  assert.deepEqual(found(/\.colima/), [
    "/Users/anna/.colima/default/docker.sock",
    "/Users/anna/.colima/work/docker.sock",
  ]);
  assert.deepEqual(found(/\.lima/), [
    "/Users/anna/.lima/docker/sock/docker.sock",
    "/Users/anna/.lima/rootful/sock/docker.sock",
  ]);
  assert.deepEqual(found(/^\/var\/folders/), [
    "/var/folders/zz/anna/T/podman/podman-machine-default-api.sock",
  ]);
});

Deno.test("a user may make any number of profiles, and few are followed", async () => {
  const many = Array.from({ length: 500 }, (_, index) => [`/Users/anna/.colima/p${index}`, 501]);
  const { paths } = await searchSockets(machine("darwin", {}, {}, { ...ANNA, ...Object.fromEntries(many) }));
  assert.equal(paths.filter((path) => path.includes("/.colima/")).length, 17);
});

Deno.test("the sockets of a user's folders have to be that user's", async () => {
  const files = context("/Users/anna", "other", "unix:///Users/ben/.docker/run/docker.sock");
  const { paths, owners } = await searchSockets(machine("darwin", {}, files, ANNA));
  assert.equal(owners?.get(paths[0] ?? ""), 501);
  assert.equal(owners?.get("/Users/anna/.rd/docker.sock"), 501);
  assert.equal(owners?.get("/var/run/docker.sock"), undefined);
});

Deno.test("at the login window nobody is at the screen", async () => {
  const { paths } = await searchSockets(machine("darwin", {}, {}, { ...ANNA, "/dev/console": 0 }));
  assert.deepEqual(paths, ["/var/run/docker.sock"]);
});

Deno.test("the context in use comes first", async () => {
  const files = context("/Users/anna", "colima-work", "unix:///Users/anna/.colima/work/docker.sock");
  const { paths, context: chosen } = await searchSockets(machine("darwin", {}, files, ANNA));
  assert.deepEqual(paths.slice(0, 2), ["/Users/anna/.colima/work/docker.sock", "/var/run/docker.sock"]);
  assert.equal(chosen, "/Users/anna/.colima/work/docker.sock");
});

Deno.test("DOCKER_CONTEXT wins over the configured context", async () => {
  const files = {
    ...context("/home/anna", "other", "unix:///other.sock"),
    ...context("/home/anna", "used", "unix:///used.sock"),
    "/home/anna/.docker/config.json": '{"currentContext":"other"}',
  };
  const variables = { HOME: "/home/anna", DOCKER_CONTEXT: "used" };
  const place = machine("linux", variables, files, { "/home/anna": 1000 });
  assert.equal((await searchSockets(place)).paths[0], "/used.sock");
});

Deno.test("DOCKER_CONFIG stands for the settings in the home folders", async () => {
  const files = context("/home/anna", "usual", "unix:///usual.sock");
  const given = Object.entries(context("/home/anna", "given", "unix:///given.sock")).map(([path, text]) =>
    [path.replace("/home/anna/.docker", "/etc/docker-anna"), text] as const
  );
  const all = { ...files, ...Object.fromEntries(given) };
  const variables = { HOME: "/home/anna", DOCKER_CONFIG: "/etc/docker-anna" };
  const owners = { "/home/anna": 1000, "/etc/docker-anna": 0 };
  assert.equal((await searchSockets(machine("linux", variables, all, owners))).paths[0], "/given.sock");
  const absent = { ...variables, DOCKER_CONFIG: "/nowhere" };
  assert.equal((await searchSockets(machine("linux", absent, all, owners))).context, undefined);
});

Deno.test("a context that leads over the network is passed over, and that is said", async () => {
  for (const host of ["ssh://anna@host", "tcp://10.0.0.1:2375"]) {
    const place = machine("linux", { HOME: "/home/anna" }, context("/home/anna", "remote", host), {
      "/home/anna": 1000,
    });
    const { paths, notes } = await searchSockets(place);
    assert.equal(paths[0], "/var/run/docker.sock");
    assert.deepEqual(notes, [
      `the Docker context in use, "remote", leads to ${host}, which is no unix socket of this machine; ` +
      "the usual sockets are tried instead",
    ]);
  }
});

Deno.test("settings that are not to be read are passed over, and that is said", async () => {
  const files = { "/home/anna/.docker/config.json": UNREAD };
  const place = machine("linux", { HOME: "/home/anna" }, files, { "/home/anna": 1000 });
  const { paths, notes } = await searchSockets(place);
  assert.equal(paths[0], "/var/run/docker.sock");
  assert.deepEqual(notes, [
    "/home/anna/.docker/config.json is no regular file, so the Docker context in use is not known",
  ]);
});

Deno.test("a context that is the default or broken is passed over", async () => {
  const home = "/home/anna";
  const config = `${home}/.docker/config.json`;
  for (
    const files of [
      context(home, "default", "unix:///never.sock"),
      { [config]: '{"currentContext":"absent"}' },
      { [config]: '{"currentContext":{"a":1}}' },
      { [config]: "{" },
      { [config]: "null" },
    ]
  ) {
    const { paths, notes } = await searchSockets(machine("linux", { HOME: home }, files, { [home]: 1000 }));
    assert.equal(paths[0], "/var/run/docker.sock", JSON.stringify(files));
    assert.deepEqual(notes, []);
  }
});

Deno.test("the caller of sudo on Linux is found in /etc/passwd, with the sockets of the session", async () => {
  const files = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000:Anna,,,:/home/anna:/bin/bash\n",
  };
  const place = machine("linux", { SUDO_UID: "1000", HOME: "/root" }, files, { "/root": 0 });
  const { paths } = await searchSockets(place);
  assert.ok(paths.includes("/home/anna/.docker/desktop/docker.sock"));
  assert.ok(paths.includes("/root/.colima/default/docker.sock"));
  for (const path of ["/run/user/1000/docker.sock", "/run/user/1000/podman/podman.sock"]) {
    assert.ok(paths.includes(path), path);
  }
  assert.equal(paths.at(-1), "/run/podman/podman.sock");
  assert.equal(new Set(paths).size, paths.length);
});

const PASSWD = {
  "/etc/passwd":
    "root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\nben:x:1001:1001::/home/ben:/bin/sh\n",
};

Deno.test("a service on Linux searches where the only person with a session has Docker", async () => {
  const sessions = {
    "/run/user/0": 0,
    "/run/user/120": 120,
    "/run/user/60578": 60578,
    "/run/user/1000": 1000,
  };
  const { paths, owners, notes } = await searchSockets(machine("linux", {}, PASSWD, sessions));
  assert.deepEqual(paths.filter((path) => path.startsWith("/run/user")), [
    "/run/user/1000/docker.sock",
    "/run/user/1000/podman/podman.sock",
  ]);
  assert.equal(owners?.get("/home/anna/.docker/desktop/docker.sock"), 1000);
  assert.deepEqual(notes, []);
});

Deno.test("with several people's sessions none is searched, and that is said", async () => {
  const sessions = { "/run/user/1001": 1001, "/run/user/1000": 1000 };
  const { paths, notes } = await searchSockets(machine("linux", {}, PASSWD, sessions));
  assert.deepEqual(paths, ["/var/run/docker.sock", "/run/podman/podman.sock"]);
  assert.match(
    notes?.join() ?? "",
    /^users 1000, 1001 have sessions on this machine, so no one's own Docker Engine/,
  );
  const called = await searchSockets(machine("linux", { SUDO_UID: "1001" }, PASSWD, sessions));
  assert.ok(called.paths.includes("/home/ben/.docker/run/docker.sock"));
  assert.deepEqual(called.notes, []);
});

Deno.test("a session's folder of another's is none", async () => {
  const { paths } = await searchSockets(machine("linux", {}, PASSWD, { "/run/user/1000": 1001 }));
  assert.deepEqual(paths, ["/var/run/docker.sock", "/run/podman/podman.sock"]);
});

Deno.test("what the runtime refuses is no absence", async () => {
  const refused = () => Promise.reject(new Deno.errors.NotCapable("Requires all access"));
  const place = { ...machine("linux", { HOME: "/home/anna" }), owner: refused };
  await assert.rejects(searchSockets(place), Deno.errors.NotCapable);
});

Deno.test("the running machine can be searched", async () => {
  const { paths } = await searchSockets({ ...SYSTEM_ENVIRONMENT, env: () => undefined });
  assert.equal(paths[0], "/var/run/docker.sock");
});

Deno.test("without a home, a user or sense in the variables the system's sockets are left", async () => {
  const variables = { HOME: "relative", SUDO_UID: "-1" };
  const { paths } = await searchSockets(machine("linux", variables));
  assert.deepEqual(paths, ["/var/run/docker.sock", "/run/podman/podman.sock"]);
});

Deno.test("DOCKER_HOST alone counts where it is set", async () => {
  const files = context("/root", "other", "unix:///other.sock");
  const set = (host: string) =>
    searchSockets(machine("linux", { HOME: "/root", DOCKER_HOST: host }, files, { "/root": 0 }));
  assert.deepEqual(await set("unix:///run/my.sock"), { paths: ["/run/my.sock"] });
  assert.equal((await set("")).paths[0], "/other.sock");
  for (const host of ["tcp://127.0.0.1:2375", "ssh://host", "unix://relative", "/run/my.sock"]) {
    const { paths, fault } = await set(host);
    assert.deepEqual(paths, []);
    assert.ok(fault?.startsWith(`DOCKER_HOST is ${host}, which is no unix socket`), fault);
  }
});
