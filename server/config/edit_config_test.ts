import assert from "node:assert/strict";
import { CapturedTerminal } from "../../cli/terminal_fixture.ts";
import { OperationError } from "../../core/error.ts";
import { fileCalls } from "../../ffi/file/open_file.ts";
import { editConfig, givenLines } from "./edit_config.ts";

// Opened once for the thread's life, so no test opens it.
fileCalls();

async function withFile(text: string, test: (file: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/c.conf`, text, { mode: 0o600 });
    await test(`${folder}/c.conf`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** An input that gives a few bytes at a time. */
function input(text: string) {
  let rest = new TextEncoder().encode(text);
  return {
    read(buffer: Uint8Array): Promise<number | null> {
      if (rest.length === 0) return Promise.resolve(null);
      const part = rest.subarray(0, Math.min(5, buffer.length));
      buffer.set(part);
      rest = rest.subarray(part.length);
      return Promise.resolve(part.length);
    },
  };
}

Deno.test("edits at the same time lose no line", () =>
  withFile("# mine\n", async (file) => {
    const lines = Array.from({ length: 20 }, (_, index) => `route 10.${index}.0.0/16`);
    await Promise.all(lines.map((line) => editConfig("add", [line], file, new CapturedTerminal())));
    const found = (await Deno.readTextFile(file)).trimEnd().split("\n");
    assert.deepEqual(found.sort(), ["# mine", ...lines].sort());
  }));

Deno.test("lines of the input are added together or not at all", () =>
  withFile("port 9\n", async (file) => {
    const terminal = new CapturedTerminal();
    const text = "# a comment\n\n token s3cret 192.168.251.3\r\nport 9\n";
    const lines = await givenLines("-", input(text), terminal);
    assert.deepEqual(lines, ["token s3cret 192.168.251.3", "port 9"]);
    await editConfig("add", lines, file, terminal);
    assert.equal(terminal.stdout, `1 line added to ${file}\n1 line already in ${file}\n`);
    assert.equal(terminal.stderr, "");
    await assert.rejects(
      editConfig("add", ["mtu 1500", "mtu big"], file, terminal),
      (error) => error instanceof OperationError && error.code === "config",
    );
    assert.equal(await Deno.readTextFile(file), "port 9\ntoken s3cret 192.168.251.3\n");
    await editConfig("remove", lines, file, terminal);
    assert.equal(await Deno.readTextFile(file), "");
  }));

Deno.test("an input without lines, or one without end, is refused", async () => {
  const usage = (error: unknown) => error instanceof OperationError && error.code === "usage";
  const endless = { read: (buffer: Uint8Array) => Promise.resolve(buffer.fill(0x61).length) };
  await assert.rejects(givenLines("-", input("# nothing\n"), new CapturedTerminal()), usage);
  await assert.rejects(givenLines("-", endless, new CapturedTerminal()), usage);
});

Deno.test("a secret on the command line is warned about", async () => {
  for (
    const [line, isSecret] of [["token abc 192.168.251.3", true], [" key abc", true], [
      "port 9",
      false,
    ]] as const
  ) {
    const terminal = new CapturedTerminal();
    assert.deepEqual(await givenLines(line, input(""), terminal), [line]);
    assert.equal(/holds a secret/.test(terminal.stderr), isSecret, line);
    assert(!terminal.stderr.includes("abc"));
  }
});
