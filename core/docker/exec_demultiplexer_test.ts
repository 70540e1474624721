import assert from "node:assert/strict";
import fc from "fast-check";
import { ExecDemultiplexer, NOT_FRAMED } from "./exec_demultiplexer.ts";

function framed(stream: number, text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [stream, 0, 0, 0, 0, 0, bytes.length >> 8, bytes.length & 255, ...bytes];
}

/** Feeds the bytes in pieces of these lengths, at offset 3, and returns the output as text. */
function run(demultiplexer: ExecDemultiplexer, bytes: readonly number[], lengths: readonly number[]): string {
  let text = "";
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = bytes.slice(at, at + (lengths[turn % lengths.length] ?? 1));
    at += piece.length;
    const buffer = Uint8Array.of(7, 7, 7, ...piece, 9);
    const count = demultiplexer.take(buffer, 3, piece.length);
    assert.ok(count >= 0);
    assert.equal(buffer.at(-1), 9);
    text += new TextDecoder().decode(buffer.subarray(3, 3 + count));
  }
  return text;
}

Deno.test("what the exec'ed program wrote comes out, wherever the stream is cut", () => {
  const bytes = [...framed(1, "one "), ...framed(2, "a warning\n"), ...framed(1, ""), ...framed(1, "two")];
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (lengths) => {
    const demultiplexer = new ExecDemultiplexer();
    assert.equal(run(demultiplexer, bytes, lengths), "one two");
    assert.equal(demultiplexer.errorText, "a warning");
  }));
});

Deno.test("text that the Engine writes in the place of a stream is not framed", () => {
  const text = new TextEncoder().encode("OCI runtime exec failed: exec failed");
  assert.equal(new ExecDemultiplexer().take(text, 0, text.length), NOT_FRAMED);
});

Deno.test("of a long standard error the first characters are kept", () => {
  const demultiplexer = new ExecDemultiplexer();
  assert.equal(run(demultiplexer, framed(2, "x".repeat(60_000)), [4096]), "");
  assert.equal(demultiplexer.errorText, "x".repeat(256));
});
