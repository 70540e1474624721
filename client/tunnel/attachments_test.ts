import assert from "node:assert/strict";
import { dirname } from "node:path";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { OperationError } from "../../core/error.ts";
import { O_CLOEXEC, O_NONBLOCK, SOCK_DGRAM, SOCK_STREAM } from "../../ffi/libc/constants_linux.ts";
import { enlargePipe } from "../../ffi/unix/byte_stream_linux.ts";
import {
  countOf,
  Ends,
  flagsOf,
  onLinux,
  openFiles,
  readText,
  writeText,
} from "../../ffi/unix/pipe_fixture.ts";
import { asRootOnLinux } from "../../ffi/netlink/private_network_fixture.ts";
import { closeDescriptor, listenAt } from "../../ffi/unix/seqpacket_socket_linux.ts";
import {
  AttachedCaller,
  Caller,
  connectAs,
  Listening,
  nextText,
  openLibraries,
  withControl,
} from "./attach_fixture.ts";
import { Attachments } from "./attachments.ts";

await openLibraries();

/** The user "nobody" of Debian. */
const NOBODY = 65_534;

Deno.test(
  "a stream is handed over, carries bytes both ways, and is released (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using client = new Listening(control);
    using caller = await AttachedCaller.open(control);
    const { input, output } = client.current;
    for (const descriptor of [input, output]) {
      assert.equal(flagsOf(descriptor) & (O_NONBLOCK | O_CLOEXEC), O_NONBLOCK | O_CLOEXEC);
      const capacity = enlargePipe(descriptor, 0) ?? 0;
      assert.ok(capacity > 65_536, `the pipe holds ${capacity} bytes`);
    }
    writeText(caller.input.write, "in");
    assert.equal(readText(input), "in");
    writeText(output, "out");
    assert.equal(readText(caller.output.read), "out");

    await client.attachments.release();
    assert.deepEqual(client.told, ["attached", "detached"]);
    assert.equal(await caller.answer(), undefined, "the connection has ended");
    caller.output.close("write");
    assert.equal(readText(caller.output.read), "", "no descriptor of the pipe is left");
    await client.attachments.release();
    assert.deepEqual(client.told, ["attached", "detached"], "there is nothing to release");
  }),
);

Deno.test(
  "a stream can be a pair of sockets (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using client = new Listening(control);
    using stream = Ends.sockets(SOCK_STREAM);
    using caller = new Caller(control);
    caller.send([stream.read, stream.read]);
    assert.equal(await caller.answer(), 1);
    writeText(client.current.output, "x");
    assert.equal(readText(stream.write), "x");
  }),
);

Deno.test(
  "when the process that attached ends, its stream is over (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using client = new Listening(control);
    using caller = await AttachedCaller.open(control);
    caller.close();
    assert.deepEqual(await client.tellings(2), ["attached", "detached"]);
    await client.attachments.release();
    assert.equal(client.attachments.current, undefined);
    assert.equal(countOf(caller.input.read), 2, "only the two ends of this test");
    assert.equal(countOf(caller.output.read), 2);
  }),
);

Deno.test(
  "a process that says more than it should loses its stream (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using client = new Listening(control);
    using caller = await AttachedCaller.open(control);
    caller.send([caller.input.read, caller.output.write]);
    assert.deepEqual(await client.tellings(2), ["attached", "detached"]);
    assert.equal(await caller.answer(), undefined);
    assert.equal(countOf(caller.input.read), 2, "what came with it is not left open");
  }),
);

Deno.test(
  "descriptors stay open until the thread that uses them has let go (needs Linux)",
  onLinux,
  withControl(async (control) => {
    const letGo = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await using client = new Listening(control, {
      onAttached: () => {},
      onDetached: async () => {
        asked.resolve();
        await letGo.promise;
      },
    });
    using caller = await AttachedCaller.open(control);
    const { input } = client.current;
    caller.close();
    await asked.promise;
    writeText(caller.input.write, "late");
    assert.equal(readText(input), "late");
    letGo.resolve();
    await client.attachments.release();
    assert.equal(countOf(caller.input.read), 2);
  }),
);

Deno.test(
  "a new stream replaces the old one, which is let go first; of several new ones the last stays (needs Linux)",
  onLinux,
  withControl(async (control) => {
    const told: string[] = [];
    const letGo = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await using client = new Listening(control, {
      onAttached: ({ input }) => void told.push(`+${openFiles().get(input)}`),
      onDetached: async ({ input }) => {
        told.push(`-${openFiles().get(input)}`);
        asked.resolve();
        await letGo.promise;
      },
    });
    using first = await AttachedCaller.open(control);
    using second = new AttachedCaller(control);
    second.send([second.input.read, second.output.write]);
    await asked.promise;
    const last = AttachedCaller.open(control);
    assert.equal(await second.answer(), undefined, "it was never in use");
    letGo.resolve();
    using third = await last;
    assert.equal(await first.answer(), undefined, "the first one's process may go");
    const pipe = ({ input }: AttachedCaller) => openFiles().get(input.read);
    assert.deepEqual(told, [`+${pipe(first)}`, `-${pipe(first)}`, `+${pipe(third)}`]);
    writeText(client.current.output, "x");
    assert.equal(await nextText(third.output.read), "x");
  }),
);

Deno.test(
  "releasing a stream that was replaced leaves the new one (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using client = new Listening(control);
    using _first = await AttachedCaller.open(control);
    const earlier = client.current;
    using _second = await AttachedCaller.open(control);
    await client.attachments.release(earlier);
    assert.deepEqual(client.told, ["attached", "detached", "attached"]);
    await client.attachments.release(client.current);
    assert.deepEqual(client.told, ["attached", "detached", "attached", "detached"]);
  }),
);

Deno.test(
  "a client that fails to take a stream lets the process go, and takes the next one (needs Linux)",
  onLinux,
  withControl(async (control) => {
    let attempts = 0;
    await using client = new Listening(control, {
      onAttached: () => {
        if (++attempts === 1) throw new TypeError("no Worker");
      },
      onDetached: () => {
        throw new TypeError("no Worker");
      },
    });
    using refused = new AttachedCaller(control);
    refused.send([refused.input.read, refused.output.write]);
    assert.equal(await refused.answer(), undefined);
    using caller = await AttachedCaller.open(control);
    await client.attachments.release();
    assert.equal(await caller.answer(), undefined);
  }),
);

Deno.test(
  "whatever is not one stream is refused, and nothing of it stays open (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using client = new Listening(control);
    using pipe = Ends.pipe();
    using datagrams = Ends.sockets(SOCK_DGRAM);
    const good = [pipe.read, pipe.write];
    const offers: [string, readonly number[], Uint8Array?][] = [
      ["no files", []],
      ["one file", [pipe.read]],
      ["three files", [...good, pipe.write]],
      ["eight files", new Array(8).fill(pipe.read)],
      ["the ends the wrong way round", [pipe.write, pipe.read]],
      ["sockets for datagrams", [datagrams.read, datagrams.read]],
      ["another form", good, new Uint8Array([2])],
      ["a longer message", good, new Uint8Array([1, 1])],
      ["no message", good, new TextEncoder().encode("GET /v1")],
    ];
    for (const [what, descriptors, bytes] of offers) {
      using caller = new Caller(control);
      caller.send(descriptors, bytes);
      assert.equal(await caller.answer(), undefined, what);
    }
    assert.equal(countOf(pipe.read), 2);
    assert.deepEqual(client.told, []);
    using _caller = await AttachedCaller.open(control);
    assert.deepEqual(client.told, ["attached"], "others are taken as before");
  }),
);

Deno.test(
  "another user's process cannot connect, and is refused where the file would let it (needs root on Linux)",
  asRootOnLinux,
  withControl(async (control) => {
    await using client = new Listening(control);
    await Deno.chmod(dirname(control), 0o755);
    assert.throws(() => connectAs(NOBODY, control), /EACCES/);
    await Deno.chmod(`${control}.attach`, 0o666);
    using stranger = connectAs(NOBODY, control);
    assert.equal(await stranger.answer(), undefined);
    using _own = await AttachedCaller.open(control);
    assert.deepEqual(client.told, ["attached"]);
  }),
);

Deno.test(
  "hundreds of connections that say nothing are bounded, and end after five seconds (needs Linux)",
  onLinux,
  withControl(async (control) => {
    const clock = new FakeClock();
    await using client = new Listening(control, { clock });
    using attached = await AttachedCaller.open(control);
    using silent = new DisposableStack();
    const callers: Caller[] = [];
    const before = openFiles().size;
    for (let count = 0; count < 300; count++) {
      const caller = silent.use(new Caller(control));
      callers.push(caller);
      // From the ninth on each is closed at once, which also lets the kernel's queue of sixteen not fill.
      if (count >= 8) assert.equal(await caller.answer(), undefined, String(count));
    }
    assert.equal(openFiles().size - before, 300 + 8, "the client holds eight of them");
    writeText(attached.input.write, "x");
    assert.equal(readText(client.current.input), "x", "the stream in use goes on");

    await clock.advance(5000);
    for (const caller of callers.slice(0, 8)) assert.equal(await caller.answer(), undefined);
    assert.deepEqual(client.told, ["attached"]);
    using _next = await AttachedCaller.open(control);
    assert.deepEqual(client.told, ["attached", "detached", "attached"]);
    await clock.advance(60_000);
    assert.deepEqual(client.told, ["attached", "detached", "attached"], "a stream has no such limit");
  }),
);

Deno.test(
  "a connection that is gone before it says anything costs nothing (needs Linux)",
  onLinux,
  withControl(async (control) => {
    await using client = new Listening(control);
    const before = openFiles().size;
    for (let count = 0; count < 12; count++) {
      using _gone = new Caller(control);
    }
    {
      using _caller = await AttachedCaller.open(control);
    }
    await client.tellings(2);
    await client.attachments.release();
    assert.equal(openFiles().size, before);
  }),
);

Deno.test(
  "the socket's file is the user's alone, and gone at the end with all that was open (needs Linux)",
  onLinux,
  withControl(async (control) => {
    const before = openFiles().size;
    const client = new Listening(control);
    assert.equal((Deno.lstatSync(`${control}.attach`).mode ?? 0) & 0o777, 0o600);
    using caller = await AttachedCaller.open(control);
    using silent = new Caller(control);
    await client[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
    assert.deepEqual(client.told, ["attached", "detached"]);
    assert.throws(() => Deno.lstatSync(`${control}.attach`), Deno.errors.NotFound);
    assert.equal(await caller.answer(), undefined);
    assert.equal(await silent.answer(), undefined);
    assert.equal(openFiles().size - before, 6, "the two callers of this test");
    await client.attachments.release();
  }),
);

Deno.test(
  "a file that a dead client left is replaced, a living one's and others' are not (needs Linux)",
  onLinux,
  withControl(async (control) => {
    const path = `${control}.attach`;
    const open = (at = control) =>
      new Attachments({ control: at, onAttached: () => {}, onDetached: () => {} });
    const refusal = (code: string, report: string) => (error: unknown) => {
      assert.ok(error instanceof OperationError, String(error));
      assert.deepEqual([error.code, error.report.replaceAll(control, "C")], [code, report]);
      return true;
    };
    closeDescriptor(listenAt(path));
    {
      await using _client = open();
      assert.throws(
        () => open(),
        refusal(
          "io",
          "Cannot open attach socket C.attach: another program serves it. Give --control another path",
        ),
      );
      using _caller = await AttachedCaller.open(control);
    }
    await Deno.writeTextFile(path, "precious");
    assert.throws(
      () => open(),
      refusal(
        "io",
        "Cannot open attach socket C.attach: the path holds a file that is not a socket. " +
          "Remove it or give --control another path",
      ),
    );
    assert.equal(await Deno.readTextFile(path), "precious");
    await Deno.remove(path);
    {
      using _stream = Deno.listen({ transport: "unix", path });
      assert.throws(
        () => open(),
        refusal(
          "io",
          "Cannot open attach socket C.attach: another program serves it. Give --control another path",
        ),
      );
    }
  }),
);

Deno.test(
  "a path that cannot be listened at is told with what to do (needs Linux)",
  onLinux,
  withControl(async (control) => {
    const open = (at: string) => new Attachments({ control: at, onAttached: () => {}, onDetached: () => {} });
    assert.throws(
      () => open(`${control}/x`),
      /Cannot open attach socket .*\.attach: its folder does not exist$/,
    );
    const long = `/run/${"a".repeat(98)}`;
    assert.throws(() => open(long), (error) => {
      assert.ok(error instanceof OperationError);
      assert.equal(
        error.report,
        `Cannot open attach socket ${long}.attach: the path is too long. Give --control a path of at most 100 bytes`,
      );
      return true;
    });
    await using _longest = open(`${control}${"a".repeat(100 - control.length)}`);
  }),
);
