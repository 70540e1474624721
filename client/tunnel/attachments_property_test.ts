import assert from "node:assert/strict";
import fc from "fast-check";
import { SOCK_DGRAM, SOCK_STREAM } from "../../ffi/libc/constants_linux.ts";
import { calls, Ends, onLinux, openFiles, readText, writeText } from "../../ffi/unix/pipe_fixture.ts";
import { AttachedCaller, Caller, Listening, openLibraries, withControl } from "./attach_fixture.ts";
import { HAND_OVER } from "./attach_socket.ts";

await openLibraries();

/** Files that a caller may send. */
class Files implements Disposable {
  readonly #pipe = Ends.pipe();
  readonly #stream = Ends.sockets(SOCK_STREAM);
  readonly #datagrams = Ends.sockets(SOCK_DGRAM);
  readonly #terminal = calls().open(new TextEncoder().encode("/dev/ptmx\0"), 2);
  readonly all: readonly number[] = [
    this.#pipe.read,
    this.#pipe.write,
    this.#stream.read,
    this.#datagrams.read,
    ...this.#terminal < 0 ? [] : [this.#terminal],
  ];

  [Symbol.dispose](): void {
    for (const ends of [this.#pipe, this.#stream, this.#datagrams]) ends[Symbol.dispose]();
    if (this.#terminal >= 0) calls().close(this.#terminal);
  }
}

/** What a caller does: a message with files, one without that may be long, or nothing more. */
type Act =
  | { readonly kind: "files"; readonly bytes: Uint8Array; readonly files: readonly number[] }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "close" };

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant("files" as const),
    bytes: fc.oneof(fc.constant(HAND_OVER), fc.uint8Array({ minLength: 1, maxLength: 8 })),
    files: fc.array(fc.nat(4), { maxLength: 8 }),
  }),
  fc.record({ kind: fc.constant("bytes" as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
  fc.constant({ kind: "close" as const }),
);

const anyCaller = fc.array(anyAct, { maxLength: 4 });

/** Plays one caller; what the client has closed already takes nothing more. */
function play(caller: Caller, files: Files, acts: readonly Act[]): void {
  for (const act of acts) {
    if (act.kind === "close") return caller.close();
    try {
      if (act.kind === "bytes") {
        calls().write(caller.connection, Uint8Array.from(act.bytes), act.bytes.length);
      } else caller.send(act.files.map((at) => files.all[at % files.all.length]), act.bytes);
    } catch (error) {
      assert.match(String(error), /EPIPE|ECONNRESET/);
      return;
    }
  }
}

Deno.test(
  "whatever callers send, a stream is taken after it, and no file stays open (needs Linux)",
  onLinux,
  withControl(async (control) => {
    using files = new Files();
    const before = openFiles().size;
    await fc.assert(
      // Seven silent ones leave room for the one that means it.
      fc.asyncProperty(fc.array(anyCaller, { minLength: 1, maxLength: 7 }), async (callers) => {
        await (async () => {
          await using client = new Listening(control);
          const open = callers.map((acts) => {
            const caller = new Caller(control);
            play(caller, files, acts);
            return caller;
          });
          try {
            using stream = await AttachedCaller.open(control);
            writeText(stream.input.write, "in");
            assert.equal(readText(client.current.input), "in");
          } finally {
            for (const caller of open) caller.close();
          }
        })();
        assert.equal(openFiles().size, before);
      }),
      { numRuns: 60 },
    );
  }),
);
