import assert from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { CapturedTerminal } from "../../cli/terminal_fixture.ts";
import { runProgram } from "../../program/program.ts";
import { programStatus } from "../../program/status.ts";
import { serveControlSocket } from "../../system/control/control_socket.ts";
import { client } from "../program.ts";
import { CLIENT_STATUS, type ClientStatus, type ServerView } from "./status_document.ts";

const up: ServerView = {
  host: "host.docker.internal",
  endpoint: "192.168.65.254:2511",
  lastHeardSeconds: 2,
  state: "connected",
};

const document = (server: ServerView): ClientStatus => ({
  ...programStatus("docker-connector-client", 0, 0),
  summary: "up: connected",
  faults: [],
  interface: { name: "connector0", mtu: 1400, address: "192.168.251.1", peer: "192.168.251.2" },
  server,
  heartbeats: { sent: 3, answered: 2 },
  dataPlane: { offload: true },
  firewall: {
    state: "waiting",
    backend: null,
    rules: 0,
    pairs: [{ a: "172.17.0.0", b: "172.18.0.0", state: "waiting" }],
  },
  counters: { outbound: { packets: 0, bytes: 0 }, inbound: { packets: 0, bytes: 0 }, drops: {} },
});

Deno.test("the document is all in the schema", () => {
  assert.deepEqual(v.parse(CLIENT_STATUS, document(up)), document(up));
});

/** The outcome of `health` where a client runs that sees the server so; undefined for no client. */
async function health(server: ServerView | undefined) {
  const folder = await Deno.makeTempDir();
  try {
    const control = join(folder, "client.sock");
    const terminal = new CapturedTerminal();
    const ask = async () => await runProgram(client, ["health", "--control", control], terminal);
    let status: number;
    if (server === undefined) status = await ask();
    else {
      await using _socket = await serveControlSocket(
        control,
        "docker-connector-client",
        () => document(server),
      );
      status = await ask();
    }
    return { status, stdout: terminal.stdout, stderr: terminal.stderr.replaceAll(control, "SOCKET") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("health is 0 while the server is heard", async () => {
  assert.deepEqual(await health(up), {
    status: 0,
    stdout: "connected: host.docker.internal (192.168.65.254:2511), heard 2 s ago\n",
    stderr: "",
  });
});

Deno.test("health is 1 with one line why, in each other case", async () => {
  const unhealthy = (why: string) => ({ status: 1, stdout: "", stderr: `docker-connector-client: ${why}\n` });
  assert.deepEqual(
    await health({ ...up, lastHeardSeconds: 75, state: "unreachable" }),
    unhealthy(
      "Cannot reach the server: host.docker.internal (192.168.65.254:2511) was heard 1 min 15 s ago. " +
        "Start docker-connector on the desktop, or check its host, port and key",
    ),
  );
  assert.deepEqual(
    await health({ ...up, endpoint: null, lastHeardSeconds: null, state: "searching" }),
    unhealthy(
      "Cannot reach the server: host.docker.internal cannot be resolved here. " +
        "Correct the host of the command line, or leave it out: the usual places are searched",
    ),
  );
  assert.deepEqual(
    await health(undefined),
    unhealthy(
      "Cannot read the status of docker-connector-client: nothing runs at SOCKET. " +
        "Start it, or give --control the path that it was started with",
    ),
  );
});
