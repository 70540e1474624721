import assert from "node:assert/strict";
import { fileCalls } from "../ffi/file/open_file.ts";
import { join } from "node:path";
import { CapturedTerminal } from "../cli/terminal_fixture.ts";
import { programStatus } from "../program/status.ts";
import { runProgram } from "../program/program.ts";
import { serveControlSocket } from "../system/control/control_socket.ts";
import { server } from "./program.ts";
import type { ServerStatus } from "./status/status_document.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

/** Runs a test with a folder that is removed afterwards. */
function withFolder(test: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      await test(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

async function outcome(...args: string[]) {
  const terminal = new CapturedTerminal();
  const status = await runProgram(server, args, terminal);
  return { status, stdout: terminal.stdout, stderr: terminal.stderr };
}

function withConfig(text: string, test: (file: string) => Promise<void>): () => Promise<void> {
  return withFolder(async (folder) => {
    const file = join(folder, "docker-connector.conf");
    await Deno.writeTextFile(file, text);
    await test(file);
  });
}

const document: ServerStatus = {
  ...programStatus("docker-connector", 0, 61_000),
  summary: "starting: waiting for the client",
  faults: [],
  refused: null,
  interface: { name: "connector0", mtu: 1400, address: "192.168.251.2", peer: "192.168.251.1" },
  listen: "127.0.0.1:2511",
  client: null,
  paths: { preference: "auto", inUse: null, reason: "no path is up", list: [] },
  routes: [],
  docker: { state: "off", socket: null, engine: null, api: null, networks: [], container: null },
  counters: { outbound: { packets: 0, bytes: 0 }, inbound: { packets: 0, bytes: 0 }, drops: {} },
  dataPlane: { offload: false },
  sharing: null,
  https: null,
  names: null,
  web: null,
  hosts: [],
  proxies: [],
  config: { file: null, loadedAt: "1970-01-01T00:00:00.000Z", faults: [] },
};

Deno.test(
  "check names the file and its routes, in the original's spelling too",
  withConfig("# mine\nroute 172.20.0.0/16\nroute 172.21.0.0/16\n", async (file) => {
    assert.deepEqual(await outcome("check", "-config", file), {
      status: 0,
      stdout: `ok: ${file}: 2 routes\n`,
      stderr: "",
    });
  }),
);

Deno.test("ls lists the containers of the running server, and none without it", async () => {
  const folder = await Deno.makeTempDir();
  const control = join(folder, "s.sock");
  try {
    assert.equal((await outcome("ls", "--control", control)).status, 3);
    const containers = [{
      ...{ id: "a", name: "web", image: "x", state: "running", names: ["web.test"], urls: [] },
      ...{ networks: [{ name: "bridge", address: "172.17.0.2" }], ports: [] },
    }];
    const program = "docker-connector";
    const documents = { "/v1/containers": () => ({ program, containers }) };
    await using _socket = await serveControlSocket(control, program, () => ({ program }), { documents });
    const shown = await outcome("ls", "--control", control);
    assert.match(shown.stdout, /^web\.test +172\.17\.0\.2 +bridge$/m);
    assert.deepEqual(JSON.parse((await outcome("ls", "--json", "--control", control)).stdout), containers);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a server of a version without containers says so", async () => {
  const folder = await Deno.makeTempDir();
  const control = join(folder, "s.sock");
  try {
    const program = "docker-connector";
    await using _socket = await serveControlSocket(control, program, () => ({ program }));
    const { status, stderr } = await outcome("ls", "--control", control);
    assert.deepEqual([status, /Cannot read/.test(stderr)], [1, true], stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test(
  "check names the keys without effect",
  withConfig(
    "hosts /etc/hosts .test\nproxy 3306\ndns container.internal\nweb 127.0.0.1:2580\npong on\n",
    async (file) => {
      assert.deepEqual(await outcome("check", "--config", file), {
        status: 0,
        stdout: `ok: ${file}: 0 routes\n` +
          'settings without effect (they need "expose ADDRESS:PORT"): pong\n',
        stderr: "",
      });
      await Deno.writeTextFile(file, "dns off\nweb off\n");
      assert.equal((await outcome("check", "--config", file)).stdout, `ok: ${file}: 0 routes\n`);
    },
  ),
);

Deno.test(
  "check prints every fault with its place and exits with 78",
  withConfig("route 172.20.0.0/16\ntoken foo\niptables foo\n", async (file) => {
    const { status, stdout, stderr } = await outcome("check", "--config", file);
    assert.deepEqual([status, stderr], [78, ""]);
    assert.deepEqual(stdout.split("\n").map((line) => line.split(": ")[0]), [
      `${file}:2:10`,
      `${file}:3:10`,
      "",
    ]);
  }),
);

Deno.test(
  "check of a file that is not there is one line and 78",
  withFolder(async (folder) => {
    const { status, stdout, stderr } = await outcome("check", "--config", join(folder, "none"));
    assert.deepEqual([status, stdout], [78, ""]);
    assert.match(stderr, /^docker-connector: Cannot read config .*: not found\. .*\n$/);
  }),
);

Deno.test(
  "config add and remove edit the file and keep its comments",
  withConfig("# mine\nroute 172.20.0.0/16\n", async (file) => {
    assert.equal(
      (await outcome("config", "add", "route", "172.21.0.0/16", "--config", file)).stdout,
      `added to ${file}\n`,
    );
    assert.equal(
      (await outcome("config", "add", "--config", file, "route 172.21.0.0/16")).stdout,
      `already in ${file}\n`,
    );
    assert.equal(await Deno.readTextFile(file), "# mine\nroute 172.20.0.0/16\nroute 172.21.0.0/16\n");
    assert.equal(
      (await outcome("config", "list", "--config", file)).stdout,
      "route 172.20.0.0/16\nroute 172.21.0.0/16\n",
    );
    const removed = await outcome("config", "remove", "route   172.20.0.0/16", "--config", file);
    assert.deepEqual(removed, { status: 0, stdout: `removed from ${file}\n`, stderr: "" });
    assert.equal(await Deno.readTextFile(file), "# mine\nroute 172.21.0.0/16\n");
    assert.equal((await outcome("config", "remove", "mtu 9", "--config", file)).stdout, `not in ${file}\n`);
  }),
);

Deno.test(
  "config add makes the file where there is none",
  withFolder(async (folder) => {
    const file = join(folder, "new.conf");
    assert.equal((await outcome("config", "add", "mtu 1500", "--config", file)).status, 0);
    assert.equal(await Deno.readTextFile(file), "mtu 1500\n");
  }),
);

Deno.test(
  "a line that would be a fault is refused and the file stays as it is",
  withConfig("route 172.20.0.0/16\n", async (file) => {
    const { status, stdout, stderr } = await outcome("config", "add", "iptables foo", "--config", file);
    assert.deepEqual([status, stdout], [78, ""]);
    assert.match(
      stderr,
      /^docker-connector: Cannot add the line: it would be a fault: .*:2:10: invalid pair "foo".*\n$/,
    );
    assert.equal(await Deno.readTextFile(file), "route 172.20.0.0/16\n");
    assert.equal((await outcome("config", "add", "# comment", "--config", file)).status, 64);
    assert.equal((await outcome("config", "add", "--config", file)).status, 64);
  }),
);

Deno.test(
  "a faulty file can be fixed line by line, not added to",
  withConfig("token foo\niptables foo\n", async (file) => {
    const refused = await outcome("config", "add", "mtu 1500", "--config", file);
    assert.equal(refused.status, 78);
    assert.match(refused.stderr, /the file is faulty already: .*:1:10: /);
    assert.equal((await outcome("config", "remove", "token foo", "--config", file)).status, 0);
    assert.equal(await Deno.readTextFile(file), "iptables foo\n");
  }),
);

Deno.test(
  "status shows the running server as text and as JSON",
  withFolder(async (folder) => {
    const control = join(folder, "control.sock");
    await using _socket = await serveControlSocket(control, "docker-connector", () => document);
    const text = await outcome("status", "--control", control);
    assert.deepEqual([text.status, text.stderr], [0, ""]);
    assert.match(text.stdout, /, up 1 min 1 s\ninterface +connector0, /);
    const json = await outcome("status", "-json", "-control", control);
    assert.deepEqual(JSON.parse(json.stdout), document);
  }),
);

Deno.test(
  "status of nothing is one line and 3, also to begin a watch",
  withFolder(async (folder) => {
    const control = join(folder, "control.sock");
    const line =
      `docker-connector: Cannot read the status of docker-connector: nothing runs at ${control}. ` +
      "Start it, or give --control the path that it was started with\n";
    assert.deepEqual(await outcome("status", "--control", control), { status: 3, stdout: "", stderr: line });
    assert.deepEqual(await outcome("status", "--watch", "--control", control), {
      status: 3,
      stdout: "",
      stderr: line,
    });
  }),
);

Deno.test(
  "status of a server of another version says so, and JSON still works",
  withFolder(async (folder) => {
    const control = join(folder, "control.sock");
    await using _socket = await serveControlSocket(
      control,
      "docker-connector",
      () => ({ program: "docker-connector", version: "9" }),
    );
    const text = await outcome("status", "--control", control);
    assert.equal(text.status, 1);
    assert.match(text.stderr, /is of another version\. Restart it, or use --json\n$/);
    assert.equal((await outcome("status", "--json", "--control", control)).status, 0);
  }),
);

Deno.test("commands of the original are refused with what to do", async () => {
  const service = await outcome("restart");
  assert.equal(service.status, 64);
  assert.match(service.stderr, /sudo brew services/);
  assert.match(
    (await outcome("config", "route", "172.20.0.0/16")).stderr,
    /Write "docker-connector config add route /,
  );
});
