import assert from "node:assert/strict";
import type { WebTarget } from "../../core/https/web_target.ts";
import { WebRelay } from "./web_relay.ts";

const LOOPBACK = { family: 4, bytes: Uint8Array.of(127, 0, 0, 1) } as const;

/** A web server with a relay in front of it, at loopback. */
class Scene implements AsyncDisposable {
  readonly #origin: Deno.HttpServer<Deno.NetAddr>;
  readonly #front: Deno.HttpServer<Deno.NetAddr>;
  readonly #relay: WebRelay;
  unreached = 0;

  constructor(handler: Deno.ServeHandler) {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#origin = Deno.serve(options, handler);
    const target: WebTarget = { address: LOOPBACK, port: this.#origin.addr.port };
    this.#relay = new WebRelay({ target, onUnreached: () => this.unreached++ });
    this.#front = Deno.serve(options, (request) => this.#relay.handle(request, "192.168.251.2"));
  }

  get host(): string {
    return `127.0.0.1:${this.#front.addr.port}`;
  }

  async endOrigin(): Promise<void> {
    await this.#origin.shutdown();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#relay[Symbol.dispose]();
    await Promise.all([this.#front.shutdown(), this.#origin.shutdown()]);
  }
}

Deno.test("a request goes on with who asked, and without what is of the connection alone", async () => {
  await using scene = new Scene(async (request) => {
    const { headers, method, url } = request;
    const body = await request.text();
    const cookies = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"], [
      "x-path",
      new URL(url).pathname,
    ]]);
    return Response.json({ method, body, headers: Object.fromEntries(headers) }, { headers: cookies });
  });
  const answer = await fetch(`http://${scene.host}/a%20b?c=d`, {
    method: "POST",
    body: "hello",
    headers: { "x-forwarded-for": "6.6.6.6", "x-own": "kept" },
  });
  const { method, body, headers } = await answer.json();
  assert.deepEqual(answer.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.deepEqual([method, body, answer.headers.get("x-path")], ["POST", "hello", "/a%20b"]);
  assert.equal(headers["x-forwarded-for"], "192.168.251.2");
  assert.equal(headers["x-forwarded-proto"], "https");
  assert.equal(headers["forwarded"], `for=192.168.251.2;host="${scene.host}";proto=https`);
  assert.equal(headers["host"], scene.host);
  assert.equal(headers["x-own"], "kept");
});

Deno.test("redirections, compressed bodies and answers without a body come back as they are", async () => {
  const packed = Uint8Array.of(1, 2, 3);
  await using scene = new Scene(({ url }) => {
    if (url.endsWith("/move")) return new Response(null, { status: 302, headers: { location: "/other" } });
    if (url.endsWith("/same")) return new Response(null, { status: 304 });
    return new Response(packed, { headers: { "content-encoding": "zz" } });
  });
  const get = (path: string) => fetch(`http://${scene.host}${path}`, { redirect: "manual" });
  const move = await get("/move");
  assert.deepEqual([move.status, move.headers.get("location"), await move.text()], [302, "/other", ""]);
  assert.equal((await get("/same")).status, 304);
  const body = await get("/packed");
  assert.deepEqual(await body.bytes(), packed);
});

Deno.test("what streams is passed on while it comes", async () => {
  const { promise: more, resolve: send } = Promise.withResolvers<void>();
  const encoder = new TextEncoder();
  await using scene = new Scene(() =>
    new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(encoder.encode("first"));
          await more;
          controller.enqueue(encoder.encode("second"));
          controller.close();
        },
      }),
    )
  );
  const { body } = await fetch(`http://${scene.host}/`);
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader?.read())?.value, "first");
  send();
  assert.equal((await reader?.read())?.value, "second");
  assert.equal((await reader?.read())?.done, true);
});

Deno.test("a WebSocket is passed on, with its subprotocol and its end", async () => {
  await using scene = new Scene((request) => {
    const who = request.headers.get("x-forwarded-proto");
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "chat" });
    socket.onopen = () => socket.send(`by ${who}`);
    socket.onmessage = ({ data }) => data === "end" ? socket.close(3001, "over") : socket.send(data);
    return response;
  });
  const socket = new WebSocket(`ws://${scene.host}/`, ["chat"]);
  socket.binaryType = "arraybuffer";
  const got: unknown[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<CloseEvent>();
  socket.onclose = resolve;
  socket.onmessage = ({ data }) => {
    got.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
    const next = ["hello", Uint8Array.of(1, 2), "end"][got.length - 1];
    if (next !== undefined) socket.send(next);
  };
  const { code } = await ended;
  assert.deepEqual(got, ["by https", "hello", [1, 2]]);
  assert.deepEqual([socket.protocol, code], ["chat", 3001]);
});

Deno.test("a web server that is down is told of, with what to do", async () => {
  await using scene = new Scene(() => new Response("up"));
  await scene.endOrigin();
  const answer = await fetch(`http://${scene.host}/`);
  assert.equal(answer.status, 502);
  assert.match(await answer.text(), /docker-connector\.http-port=PORT/);
  assert.equal(scene.unreached, 1);
});
