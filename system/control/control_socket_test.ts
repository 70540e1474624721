import assert from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { readStatus } from "./control_client.ts";
import { serveControlSocket } from "./control_socket.ts";

/** Runs a test with a path in a folder that is removed afterwards. */
function withPath(test: (path: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      await test(join(folder, "control.sock"));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

/** Sends bytes and returns all that comes back. */
async function exchange(path: string, request: string): Promise<string> {
  using connection = await Deno.connect({ transport: "unix", path });
  await connection.write(new TextEncoder().encode(request));
  const answer: number[] = [];
  const buffer = new Uint8Array(1024);
  for (let length = await connection.read(buffer); length !== null; length = await connection.read(buffer)) {
    answer.push(...buffer.subarray(0, length));
  }
  return new TextDecoder().decode(Uint8Array.from(answer));
}

const fault = (code: string, text: RegExp) => (error: unknown) =>
  error instanceof OperationError && error.code === code && text.test(error.report);

Deno.test(
  "the status of each moment is read over the socket",
  withPath(async (path) => {
    let asked = 0;
    await using _socket = await serveControlSocket(
      path,
      "p",
      () => ({ program: "p", name: "\u00e9", asked: ++asked }),
    );
    assert.deepEqual(await readStatus(path, "p"), { program: "p", name: "\u00e9", asked: 1 });
    assert.deepEqual(await readStatus(path, "p"), { program: "p", name: "\u00e9", asked: 2 });
  }),
);

Deno.test(
  "any HTTP client is understood, and only GET of the one resource is answered",
  withPath(async (path) => {
    await using _socket = await serveControlSocket(path, "p", () => ({ program: "p" }));
    const first = async (request: string) => (await exchange(path, request)).split("\r\n")[0];
    assert.equal(await first("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 200 OK");
    assert.equal(await first("GET /v1/status HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 OK");
    assert.equal(await first("POST /v1/status HTTP/1.1\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
    assert.equal(await first("GET /v1/other HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 Not Found");
    assert.equal(await first("\x16\x03\x01\r\n\r\n"), "HTTP/1.1 400 Bad Request");
  }),
);

Deno.test(
  "an endless request is refused after 4 kB",
  withPath(async (path) => {
    await using _socket = await serveControlSocket(path, "p", () => ({}));
    const answer = await exchange(path, `GET /${"a".repeat(4091)}`);
    assert.match(answer, /^HTTP\/1\.1 400 /);
  }),
);

Deno.test(
  "connections that stay silent leave room for others again when they close",
  withPath(async (path) => {
    const limits = { connections: 2, deadline: 60_000 };
    await using _socket = await serveControlSocket(path, "p", () => ({ program: "p" }), limits);
    const silent = await Promise.all(
      Array.from({ length: limits.connections }, () => Deno.connect({ transport: "unix", path })),
    );
    await assert.rejects(readStatus(path, "p"));
    for (const connection of silent) {
      await connection.closeWrite();
      // The server's end is closed too: it counts no longer.
      await connection.readable.pipeTo(new WritableStream());
    }
    assert.deepEqual(await readStatus(path, "p"), { program: "p" });
  }),
);

Deno.test(
  "a connection that stays silent is closed",
  withPath(async (path) => {
    const limits = { connections: 2, deadline: 20 };
    await using _socket = await serveControlSocket(path, "p", () => ({ program: "p" }), limits);
    assert.equal(await exchange(path, "GET /v1/status HTTP/1.1\r\n"), "");
  }),
);

Deno.test(
  "a failing status is an answer, not the end of the program",
  withPath(async (path) => {
    await using _socket = await serveControlSocket(path, "p", () => {
      throw new TypeError("no table");
    });
    await assert.rejects(readStatus(path, "p"), fault("failure", /^Cannot read the status at /));
    assert.match(await exchange(path, "GET /v1/status HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 500 [^]*"no table"/);
  }),
);

Deno.test(
  "every local user may read it, and the file is gone at the end",
  withPath(async (path) => {
    const socket = await serveControlSocket(path, "p", () => ({}));
    assert.equal((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o666);
    await socket[Symbol.asyncDispose]();
    assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
  }),
);

Deno.test(
  "a socket file that a dead process left is replaced",
  withPath(async (path) => {
    const listener = Deno.listen({ transport: "unix", path: `${path}.first` });
    // Closing may remove the file of the name that was listened on; a dead process cannot do that.
    await Deno.rename(`${path}.first`, path);
    listener.close();
    assert.equal(Deno.lstatSync(path).isSocket, true);
    await assert.rejects(readStatus(path, "p"), fault("not-running", /nothing runs at /));
    await using _socket = await serveControlSocket(path, "p", () => ({ program: "p" }));
    assert.deepEqual(await readStatus(path, "p"), { program: "p" });
  }),
);

Deno.test(
  "a second program is refused, told which one runs, and leaves the first one's socket alone",
  withPath(async (path) => {
    await using _socket = await serveControlSocket(path, "p", () => ({ program: "p", pid: 7 }));
    await assert.rejects(
      serveControlSocket(path, "p", () => ({})),
      fault("io", /^Cannot open control socket .*: another p is running, process 7\. Stop it first$/),
    );
    assert.deepEqual(await readStatus(path, "p"), { program: "p", pid: 7 });
    await assert.rejects(
      serveControlSocket(path, "q", () => ({})),
      fault("io", /: p serves it, process 7\. Give --control another path$/),
    );
  }),
);

Deno.test(
  "what is no socket is never removed",
  withPath(async (path) => {
    await Deno.writeTextFile(path, "precious");
    await assert.rejects(
      serveControlSocket(path, "p", () => ({})),
      fault("io", /the path holds a file that is not a socket/),
    );
    assert.equal(await Deno.readTextFile(path), "precious");
  }),
);

Deno.test(
  "a missing folder and an absent program are named",
  withPath(async (path) => {
    await assert.rejects(
      serveControlSocket(`${path}/x`, "p", () => ({})),
      fault("io", /its folder does not exist/),
    );
    await assert.rejects(
      readStatus(path, "p"),
      fault("not-running", /^Cannot read the status of p: nothing runs/),
    );
  }),
);

Deno.test(
  "another program's socket is not taken for ours",
  withPath(async (path) => {
    await using _socket = await serveControlSocket(path, "p", () => ({ program: "other" }));
    await assert.rejects(readStatus(path, "p"), fault("failure", /another program than p answers/));
  }),
);

Deno.test(
  "what is no program of ours is not named, whatever it says of itself",
  withPath(async (path) => {
    const document: Record<string, unknown> = { program: "x\n\u001b[2J", pid: "1" };
    await using _socket = await serveControlSocket(path, "p", () => document);
    await assert.rejects(
      serveControlSocket(path, "p", () => ({})),
      fault("io", /: another program serves it\. Give --control another path$/),
    );
  }),
);

Deno.test(
  "an answer that is none names the program that was asked for",
  withPath(async (path) => {
    using listener = Deno.listen({ transport: "unix", path });
    const answered = listener.accept().then(async (connection) => {
      // Closing with a request unread would be a reset.
      await connection.read(new Uint8Array(1024));
      await connection.write(new TextEncoder().encode("220 mail.example.com ESMTP\r\n"));
      connection.close();
    });
    await assert.rejects(
      readStatus(path, "docker-accessor"),
      fault("failure", /the answer is not one of docker-accessor\. Restart docker-accessor$/),
    );
    await answered;
  }),
);
