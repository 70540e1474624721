import assert from "node:assert/strict";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { text, type WebAnswer, type WebEvents, type WebLimits, WebListener } from "./web_listener.ts";

type Answer = WebListener["answer"];

/** Serves on a free port of the loopback while a test runs. */
function serving(
  answer: Answer,
  limits: WebLimits,
  test: (port: number) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using _web = new WebListener(listener, answer, limits);
    await test(listener.addr.port);
  };
}

/** Sends a text and reads until the server closes. */
async function exchange(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(request));
  let answer = "";
  try {
    for await (const piece of connection.readable.pipeThrough(new TextDecoderStream())) answer += piece;
  } catch {
    // What the server did not read makes the end of the connection a reset.
  }
  return answer;
}

/** Reads until the server closes. */
async function ended(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    while (await connection.read(buffer) !== null);
  } catch {
    // A reset is an end, too.
  }
}

const hello = () => text(200, "hello");
const get = (path: string, method = "GET") => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

Deno.test(
  "a request is answered with what keeps other sites out, and the connection ends",
  serving(({ path, headers }) => text(200, `${path} of ${headers.get("host")}`), {}, async (port) => {
    const answer = await exchange(port, get("/a?b"));
    assert.match(
      answer,
      /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Length: 16\r\n/,
    );
    assert.match(answer, /\r\n\r\n\/a of localhost\n$/);
    for (
      const field of [
        "Content-Security-Policy: default-src 'none';",
        "Cross-Origin-Resource-Policy: same-origin",
      ]
    ) {
      assert.ok(answer.includes(`\r\n${field}`), field);
    }
    assert.doesNotMatch(answer, /Access-Control/);
    assert.doesNotMatch(await exchange(port, get("/a", "HEAD")), / of localhost/);
  }),
);

Deno.test(
  "what is no GET is refused before anything is asked",
  serving(() => Promise.reject(new Error("not asked")), {}, async (port) => {
    assert.match(await exchange(port, get("/", "POST")), /^HTTP\/1\.1 405 .*\r\nAllow: GET, HEAD\r\n/s);
    assert.match(await exchange(port, "nonsense\r\n\r\n"), /^HTTP\/1\.1 400 /);
    assert.match(await exchange(port, get("/")), /^HTTP\/1\.1 500 .*\r\n\r\nnot asked\n$/s);
  }),
);

Deno.test(
  "an endless request is given up",
  serving(hello, {}, async (port) => {
    assert.match(
      await exchange(port, `GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}`),
      /^(?:HTTP\/1\.1 400 .*)?$/s,
    );
  }),
);

Deno.test("connections beyond the limit are closed, and silent ones in time", async () => {
  const clock = new FakeClock();
  await serving(hello, { connections: 2, deadline: 1000, clock }, async (port) => {
    using first = await Deno.connect({ hostname: "127.0.0.1", port });
    using second = await Deno.connect({ hostname: "127.0.0.1", port });
    assert.equal(await exchange(port, get("/")), "", "the third");
    await clock.advance(1000);
    await Promise.all([first, second].map(ended));
    assert.match(await exchange(port, get("/")), /hello/);
  })();
});

Deno.test("so many event streams and no more", async () => {
  const sends = new Set<(event: string, data: string) => void>();
  const gone = Promise.withResolvers<void>();
  const events: WebEvents = {
    begin: (send) => {
      sends.add(send);
      send("state", "{}");
      return { [Symbol.dispose]: () => gone.resolve() };
    },
  };
  await serving(() => events as WebEvents | WebAnswer, { streams: 1 }, async (port) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode(get("/v1/events")));
    const reader = connection.readable.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    while (!seen.includes("{}\n\n")) seen += (await reader.read()).value ?? "";
    assert.match(seen, /Content-Type: text\/event-stream; charset=utf-8\r\n/);
    assert.match(await exchange(port, get("/v1/events")), /^HTTP\/1\.1 503 /);
    for (const send of sends) send("sample", "1");
    while (!seen.includes("event: sample\ndata: 1\n\n")) seen += (await reader.read()).value ?? "";
    await reader.cancel();
    await gone.promise;
  })();
});

Deno.test("a reader of events that does not read is let go before much waits for it", async () => {
  const gone = Promise.withResolvers<void>();
  const events: WebEvents = {
    begin: (send) => {
      for (let round = 0; round < 200; round++) send("state", "x".repeat(100_000));
      return { [Symbol.dispose]: () => gone.resolve() };
    },
  };
  await serving(() => events, {}, async (port) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode(get("/v1/events")));
    await gone.promise;
  })();
});
