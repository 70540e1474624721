/**
 * Answers of a Docker Engine as bytes on its socket: HTTP/1.1 in its three framings, cut anywhere.
 *
 * @module
 */
import assert from "node:assert/strict";
import { MalformedResponse } from "../../../system/docker/docker_error.ts";
import { BufferedReader, readBody, readHead } from "../../../system/docker/http_response.ts";
import type { Random } from "../random.ts";
import type { Target } from "../target.ts";

function readerOf(input: Uint8Array, random: Random): BufferedReader {
  let at = 0;
  return new BufferedReader((buffer) => {
    if (at >= input.length) return Promise.resolve(null);
    const length = Math.min(
      buffer.length,
      input.length - at,
      random.oneIn(2) ? 1 + random.below(64) : buffer.length,
    );
    buffer.set(input.subarray(at, at + length));
    at += length;
    return Promise.resolve(length);
  });
}

export const engineHttp: Target = {
  name: "engine-http",
  kind: "texts",
  modules: ["system/docker/http_response.ts"],
  share: 2,
  open: () => ({
    async take(input, random) {
      const source = readerOf(input, random);
      let length = 0;
      try {
        const head = await readHead(source);
        assert.ok(head.status >= 101 && head.status <= 999);
        for await (const bytes of readBody(source, head)) length += bytes.length;
      } catch (error) {
        if (!(error instanceof MalformedResponse)) throw error;
      }
      assert.ok(length <= input.length);
    },
  }),
};
