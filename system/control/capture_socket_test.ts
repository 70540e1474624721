import assert from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { RemoteCapture } from "./capture_client.ts";
import {
  type CaptureOutput,
  captureSocketPath,
  serveCaptureSocket,
  type StartedCapture,
} from "./capture_socket.ts";

type Start = (query: URLSearchParams, output: CaptureOutput) => StartedCapture;

function withSocket(start: Start, test: (control: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      const control = join(folder, "control.sock");
      await using _server = await serveCaptureSocket(control, "p", start);
      await test(control);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

/** A capture of one line, and a last one when it is asked to end. */
const echoing: Start = (query, output) => {
  const asked = Promise.withResolvers<void>();
  const encode = (text: string) => new TextEncoder().encode(text);
  const ended = output.write(encode(`of ${query}\n`)).then(() => asked.promise).then(() =>
    output.write(encode("end")).catch(() => 0)
  );
  return { ended, stop: asked.resolve };
};

async function textOf(capture: RemoteCapture): Promise<string> {
  let text = "";
  for (let bytes = await capture.read(); bytes !== undefined; bytes = await capture.read()) {
    text += new TextDecoder().decode(bytes);
    if (text.endsWith("\n")) await capture.stop();
  }
  return text;
}

Deno.test(
  "a capture goes on until its caller closes its side, and its end comes yet",
  withSocket(echoing, async (control) => {
    using capture = await RemoteCapture.open(control, new URLSearchParams({ count: "3" }));
    assert.equal(await textOf(capture), "of count=3\nend");
  }),
);

Deno.test(
  "root alone may connect, from the first moment on",
  withSocket(echoing, async (control) => {
    const { mode } = await Deno.lstat(captureSocketPath(control));
    assert.equal((mode ?? 0) & 0o777, 0o600);
    const names = await Array.fromAsync(Deno.readDir(join(control, "..")), ({ name }) => name);
    assert.deepEqual(names, ["control.sock.capture"]);
  }),
);

Deno.test(
  "what it cannot capture is told",
  withSocket(() => {
    throw new OperationError("usage", "count is no number");
  }, async (control) => {
    await assert.rejects(
      RemoteCapture.open(control, new URLSearchParams()),
      /Cannot capture packets: count is no number/,
    );
  }),
);

Deno.test(
  "a fifth capture is refused",
  withSocket(echoing, async (control) => {
    const query = new URLSearchParams();
    const open = await Promise.all(Array.from({ length: 4 }, () => RemoteCapture.open(control, query)));
    await assert.rejects(RemoteCapture.open(control, query), /four captures are under way already/);
    for (const capture of open) capture[Symbol.dispose]();
  }),
);

Deno.test(
  "a request for anything else is answered",
  withSocket(echoing, async (control) => {
    using connection = await Deno.connect({ transport: "unix", path: captureSocketPath(control) });
    await connection.write(new TextEncoder().encode("GET /v1/status HTTP/1.1\r\n\r\n"));
    const buffer = new Uint8Array(1024);
    const count = await connection.read(buffer) ?? 0;
    assert.match(new TextDecoder().decode(buffer.subarray(0, count)), /^HTTP\/1\.1 404 /);
  }),
);
