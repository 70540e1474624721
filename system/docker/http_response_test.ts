import assert from "node:assert/strict";
import { BufferedReader, readBody, readHead } from "./http_response.ts";

/** A connection that gives these bytes and is kept open after them: a read past the end fails the test. */
function keptOpen(text: string): BufferedReader {
  let rest = new TextEncoder().encode(text);
  return new BufferedReader(
    (buffer) => {
      if (rest.length === 0) return Promise.reject(new Error("read past the end of the answer"));
      const portion = rest.subarray(0, buffer.length);
      buffer.set(portion);
      rest = rest.subarray(portion.length);
      return Promise.resolve(portion.length);
    },
  );
}

async function bodyOf(source: BufferedReader): Promise<{ status: number; length: number }> {
  const head = await readHead(source);
  let length = 0;
  for await (const bytes of readBody(source, head)) length += bytes.length;
  return { status: head.status, length };
}

for (const status of ["101 Switching Protocols", "204 No Content", "304 Not Modified"]) {
  for (const field of ["", "Content-Length: 7\r\n", "Transfer-Encoding: chunked\r\n"]) {
    Deno.test(`an answer ${status} ends with its head, with the field "${field.trim()}"`, async () => {
      const source = keptOpen(`HTTP/1.1 ${status}\r\n${field}\r\n`);
      assert.deepEqual(await bodyOf(source), { status: Number(status.slice(0, 3)), length: 0 });
    });
  }
}

Deno.test("interim answers come before the answer and are passed over", async () => {
  const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const source = keptOpen(`${interim}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab`);
  assert.deepEqual(await bodyOf(source), { status: 200, length: 2 });
});
