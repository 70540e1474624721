import assert from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "../../core/error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { readLogFile } from "./log_file.ts";

function withLog(text: string, test: (path: string, folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    const path = join(folder, "x.log");
    try {
      await Deno.writeTextFile(path, text);
      await test(path, folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

async function last(path: string, lines: number): Promise<string> {
  const reading = { lines, follow: false, stop: new AbortController().signal };
  const pieces = await Array.fromAsync(readLogFile(path, reading, SYSTEM_CLOCK));
  return pieces.map((piece) => new TextDecoder().decode(piece)).join("");
}

Deno.test(
  "the last lines are read, whether the file ends with a newline or not",
  withLog("one\ntwo\nthree\n", async (path) => {
    assert.equal(await last(path, 2), "two\nthree\n");
    assert.equal(await last(path, 9), "one\ntwo\nthree\n");
    await Deno.writeTextFile(path, "one\ntwo\nthr");
    assert.equal(await last(path, 1), "thr");
    await Deno.writeTextFile(path, "");
    assert.equal(await last(path, 5), "");
  }),
);

Deno.test(
  "they are found over many reads",
  withLog("", async (path) => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index} ${"x".repeat(index % 50)}\n`);
    await Deno.writeTextFile(path, lines.join(""));
    assert.equal(await last(path, 7_000), lines.slice(-7_000).join(""));
  }),
);

Deno.test(
  "what is added is followed, also in a file that was emptied or replaced",
  withLog("old\n", async (path) => {
    const stop = new AbortController();
    const reader = readLogFile(path, { lines: 1, follow: true, stop: stop.signal }, SYSTEM_CLOCK);
    const next = async () => new TextDecoder().decode((await reader.next()).value ?? new Uint8Array());
    assert.equal(await next(), "old\n");
    await Deno.writeTextFile(path, "more lines\n", { append: true });
    assert.equal(await next(), "more lines\n");
    await Deno.writeTextFile(path, "new\n");
    assert.equal(await next(), "new\n");
    await Deno.rename(path, `${path}.0`);
    await Deno.writeTextFile(path, "rotated\n");
    assert.equal(await next(), "rotated\n");
    stop.abort();
    assert.equal((await reader.next()).done, true);
  }),
);

Deno.test(
  "a link, a folder and an absent file are not read",
  withLog("secret\n", async (path, folder) => {
    await Deno.symlink(path, join(folder, "link.log"));
    for (
      const [name, state] of [["link.log", /no regular file/], [".", /no regular file/], [
        "y",
        /No such/,
      ]] as const
    ) {
      await assert.rejects(last(join(folder, name), 1), (error) => {
        assert.ok(error instanceof OperationError);
        assert.equal(error.code, "io");
        assert.match(error.message, state);
        return true;
      });
    }
  }),
);
