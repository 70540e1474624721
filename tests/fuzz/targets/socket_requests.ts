/**
 * Bytes of strangers on the real sockets of the programs: the control socket, the socket of captures, the one that takes a stream
 * for the client, the status page, and name servers by TCP. And a Docker Engine's socket that answers anything.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { AttachedCaller, Caller, Listening, openLibraries } from "../../../client/tunnel/attach_fixture.ts";
import { OperationError } from "../../../core/error.ts";
import { refusalOf } from "../../../core/web/request_guard.ts";
import { answerQuery } from "../../../core/names/answer.ts";
import { zoneOf } from "../../../core/names/zone_fixture.ts";
import { Ends } from "../../../ffi/unix/pipe_fixture.ts";
import { captureSocketPath, serveCaptureSocket } from "../../../system/control/capture_socket.ts";
import { serveControlSocket } from "../../../system/control/control_socket.ts";
import { EngineClient } from "../../../system/docker/engine_client.ts";
import { inspectContainer, listContainers } from "../../../system/docker/engine_containers.ts";
import { openExecStream } from "../../../system/docker/exec_stream.ts";
import { DnsTcp } from "../../../system/names/dns_tcp.ts";
import { text, WebListener } from "../../../system/web/web_listener.ts";
import { address } from "../../literals.ts";
import type { Random } from "../random.ts";
import type { Subject, Target } from "../target.ts";

/** Milliseconds that a server of ours waits for the rest of a request; the callers here close their side. */
const DEADLINE = 5_000;
/** Bytes of a message with descriptors that the callers' side sends (ffi/unix/descriptor_passing_linux.ts). */
const MAX_HAND_OVER = 8;
const LOOPBACK = { hostname: "127.0.0.1", port: 0 } as const;
const STATUS_LINE = /^HTTP\/1\.1 (?:200|400|403|404|405|500|503) /;
/** The head of a request that each of the servers answers well. */
const WELL = new TextEncoder().encode("GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

const encode = (text: string) => new TextEncoder().encode(text);
const VERSION = asJson(encode('{"Version":"28.2.2","ApiVersion":"1.50","MinAPIVersion":"1.24"}'), 200);
const CREATED = asJson(encode('{"Id":"e1"}'), 201);

/** Sends a request in two pieces, says that nothing follows, and reads the answer to its end. */
async function exchange(connection: Deno.Conn, input: Uint8Array, random: Random): Promise<string> {
  using _ = connection;
  const cut = random.below(input.length + 1);
  const answer: Uint8Array[] = [];
  try {
    for (const piece of [input.subarray(0, cut), input.subarray(cut)]) {
      for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
    }
    await connection.closeWrite();
    const buffer = new Uint8Array(4096);
    for (let count; (count = await connection.read(buffer)) !== null;) answer.push(buffer.slice(0, count));
  } catch (error) {
    // A server that has seen enough closes: what is still on its way is refused.
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) {
      throw error;
    }
  }
  return answer.map((piece) => new TextDecoder("latin1").decode(piece)).join("");
}

class Sockets implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #folder = Deno.makeTempDirSync({ prefix: "docker-connector-fuzz-" });
  readonly #control = join(this.#folder, "c");
  readonly #engine = join(this.#folder, "engine");
  #page = 0;
  #dns = 0;
  #answer: Uint8Array = new Uint8Array();
  /** How far the Engine answers well: 1 its version, 2 a command that was made too. */
  #good = 0;
  #listening: Listening | undefined;

  static async open(): Promise<Sockets> {
    await openLibraries();
    const sockets = new Sockets();
    await sockets.#open();
    return sockets;
  }

  async #open(): Promise<void> {
    const stack = this.#stack;
    stack.defer(() => Deno.remove(this.#folder, { recursive: true }));
    const status = () => ({ program: "docker-connector" });
    stack.use(await serveControlSocket(this.#control, "docker-connector", status, { deadline: DEADLINE }));
    stack.use(
      await serveCaptureSocket(this.#control, "docker-connector", (query, output) => {
        if (!/^\d{1,5}$/.test(query.get("count") ?? "")) {
          throw new OperationError("usage", "Cannot capture: no count");
        }
        return { ended: output.write(Uint8Array.of(1)), stop: () => {} };
      }),
    );
    const listen = address("127.0.0.1");
    const page = Deno.listen(LOOPBACK);
    this.#page = (page.addr as Deno.NetAddr).port;
    stack.use(
      new WebListener(page, (request) => text(refusalOf(request, listen) === undefined ? 200 : 403, "x"), {
        deadline: DEADLINE,
      }),
    );
    const zone = zoneOf([]);
    const dns = stack.use(DnsTcp.open("127.0.0.1", 0, {
      answer: (message, limit) => answerQuery(zone, message, limit, 0),
      isAllowed: () => true,
    }));
    this.#dns = dns.port;
    this.#listening = stack.use(new Listening(this.#control));
    stack.use(await AttachedCaller.open(this.#control));
    await this.#listening.tellings(1);
    this.#serveEngine();
  }

  /** An Engine that answers every connection by the input, then closes it. */
  #serveEngine(): void {
    const listener = Deno.listen({ transport: "unix", path: this.#engine });
    const serve = async () => {
      for await (const connection of listener) {
        try {
          const request = new Uint8Array(4096);
          const length = await connection.read(request) ?? 0;
          const answer = this.#answerTo(new TextDecoder("latin1").decode(request.subarray(0, length)));
          for (let at = 0; at < answer.length;) at += await connection.write(answer.subarray(at));
        } catch {
          // The program has seen enough.
        }
        connection.close();
      }
    };
    const ended = serve();
    this.#stack.defer(async () => {
      listener.close();
      await ended;
    });
  }

  /** The first requests are answered well, as often as is wanted. */
  #answerTo(request: string): Uint8Array {
    if (this.#good > 0 && request.startsWith("GET /version")) return VERSION;
    if (this.#good > 1 && /^POST \S+\/exec /.test(request)) return CREATED;
    return this.#answer;
  }

  async take(input: Uint8Array<ArrayBuffer>, random: Random): Promise<void> {
    const way = random.below(6);
    if (way === 0) await this.#takeHttp({ transport: "unix", path: this.#control }, input, random);
    else if (way === 1) {
      await this.#takeHttp({ transport: "unix", path: captureSocketPath(this.#control) }, input, random);
    } else if (way === 2) await this.#takeHttp({ hostname: "127.0.0.1", port: this.#page }, input, random);
    else if (way === 3) {
      await exchange(await Deno.connect({ hostname: "127.0.0.1", port: this.#dns }), input, random);
    } else if (way === 4) await this.#attach(input, random);
    else await this.#askEngine(input, random);
  }

  async #takeHttp(where: Deno.ConnectOptions | Deno.UnixConnectOptions, input: Uint8Array, random: Random) {
    const connect = () => "path" in where ? Deno.connect(where) : Deno.connect(where);
    const answer = await exchange(await connect(), input, random);
    if (answer !== "") assert.match(answer, STATUS_LINE);
    if (random.oneIn(16)) {
      assert.match(await exchange(await connect(), WELL, random), STATUS_LINE, "it answers no more");
    }
  }

  /** A process of the same user says anything, with any descriptors: the stream that is in use stays. */
  async #attach(input: Uint8Array<ArrayBuffer>, random: Random): Promise<void> {
    const files = Ends.pipe();
    const caller = new Caller(this.#control);
    try {
      const bytes = input.length === 0 || input.length === 1 && input[0] === 1
        ? Uint8Array.of(2)
        : input.slice(0, MAX_HAND_OVER);
      const given = [[], [files.read], [files.read, files.write]];
      caller.send(random.pick(given), bytes);
      assert.equal(await caller.answer(), undefined, "it was accepted");
      assert.ok(this.#listening?.current !== undefined);
    } finally {
      caller.close();
      files[Symbol.dispose]();
    }
  }

  async #askEngine(input: Uint8Array<ArrayBuffer>, random: Random): Promise<void> {
    this.#good = random.below(3);
    this.#answer = random.oneIn(2) ? input : asJson(input, random.pick([200, 201, 404, 500]));
    try {
      const engine = await EngineClient.connect(this.#engine, { timeoutMs: DEADLINE });
      const calls = [
        () => engine.networks(),
        () => listContainers(engine),
        () => inspectContainer(engine, "x"),
        () => openExecStream(engine, "x", ["attach"]),
      ];
      const reply = await random.pick(calls)();
      if (reply !== undefined && "close" in reply) reply.close();
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** The input as the body of an answer of a status. */
function asJson(input: Uint8Array, status: number): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`HTTP/1.1 ${status} x\r\nContent-Length: ${input.length}\r\n\r\n`);
  return new Uint8Array([...head, ...input]);
}

export const socketRequests: Target = {
  name: "socket-requests",
  kind: "texts",
  modules: [
    "client/tunnel/attach_connection.ts",
    "client/tunnel/attach_listener.ts",
    "system/control/",
    "system/docker/engine_client.ts",
    "system/docker/exec_stream.ts",
    "system/docker/http_exchange.ts",
    "system/names/dns_tcp.ts",
    "system/web/web_listener.ts",
  ],
  share: 0.5,
  open: (): Promise<Subject> => Sockets.open(),
};
