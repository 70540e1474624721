/** The callers of an attach socket in tests, and a client's side of it that notes what it is told. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openLibc } from "../../ffi/libc/libc.ts";
import { linuxFileCalls, linuxUnixSocketCalls } from "../../ffi/libc/libc_linux.ts";
import { sendDescriptors } from "../../ffi/unix/descriptor_passing_linux.ts";
import { DescriptorWait } from "../../ffi/unix/descriptor_wait.ts";
import { calls, Ends, onLinux, readText } from "../../ffi/unix/pipe_fixture.ts";
import { closeDescriptor, connectTo, receiveByte } from "../../ffi/unix/seqpacket_socket_linux.ts";
import { attachSocketPath, HAND_OVER } from "./attach_socket.ts";
import { type Attachment, Attachments, type AttachmentsOptions } from "./attachments.ts";

/** Opens once what stays open for the thread's life, so that no test does. */
export async function openLibraries(): Promise<void> {
  if (onLinux.ignore) return;
  linuxUnixSocketCalls();
  linuxFileCalls();
  calls();
  using wait = new DescriptorWait();
  wait.interrupt();
  await wait.ready([]);
}

/** Runs a test with the path of a control socket in a folder of its own. */
export function withControl(test: (control: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      await test(join(folder, "client.sock"));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

/** A client's side. */
export class Listening implements AsyncDisposable {
  /** What was told, in order. */
  readonly told: string[] = [];
  readonly #attachments: Attachments;
  #waiting: { count: number; resolve: () => void } | undefined;

  constructor(control: string, options: Partial<AttachmentsOptions> = {}) {
    this.#attachments = new Attachments({
      control,
      onAttached: () => this.#note("attached"),
      onDetached: () => this.#note("detached"),
      ...options,
    });
  }

  get attachments(): Attachments {
    return this.#attachments;
  }

  /** The stream in use. */
  get current(): Attachment {
    return this.#attachments.current ?? assert.fail("nothing is attached");
  }

  /** Waits until so much was told. */
  async tellings(count: number): Promise<readonly string[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { count, resolve };
    if (this.told.length >= count) resolve();
    await promise;
    return this.told;
  }

  #note(what: string): void {
    this.told.push(what);
    if (this.#waiting !== undefined && this.told.length >= this.#waiting.count) this.#waiting.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#attachments[Symbol.asyncDispose]();
  }
}

/** A process that connects, as the client sees it; in this one. */
export class Caller implements Disposable {
  readonly connection: number;
  #isOpen = true;

  constructor(control: string) {
    this.connection = connectTo(attachSocketPath(control, ""), 5000);
  }

  /** Hands over any files with any bytes. */
  send(descriptors: readonly number[], bytes: Uint8Array = HAND_OVER): void {
    sendDescriptors(this.connection, bytes, descriptors);
  }

  /** What the client says next; undefined for the end of the connection. */
  async answer(): Promise<number | undefined> {
    using wait = new DescriptorWait();
    // Receiving would block the thread, which is the client's too.
    await wait.ready([this.connection]);
    return receiveByte(this.connection);
  }

  close(): void {
    if (this.#isOpen) closeDescriptor(this.connection);
    this.#isOpen = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A caller with the two pipes of a stream, handed over and accepted. */
export class AttachedCaller extends Caller {
  /** The server writes to the first, and reads from the second. */
  readonly input = Ends.pipe();
  readonly output = Ends.pipe();

  static async open(control: string): Promise<AttachedCaller> {
    const caller = new AttachedCaller(control);
    caller.send([caller.input.read, caller.output.write]);
    assert.equal(await caller.answer(), 1, "accepted");
    return caller;
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.input[Symbol.dispose]();
    this.output[Symbol.dispose]();
  }
}

/** Connects as another user, which only root can become. The whole process is that user meanwhile. */
export function connectAs(user: number, control: string): Caller {
  // int seteuid(uid_t user);
  using libc = openLibc({ seteuid: { parameters: ["u32"], result: "i32" } });
  assert.equal(libc.symbols.seteuid(user), 0);
  try {
    return new Caller(control);
  } finally {
    libc.symbols.seteuid(0);
  }
}

/** Waits until there is something to read, and reads it. */
export async function nextText(descriptor: number): Promise<string> {
  using wait = new DescriptorWait();
  await wait.ready([descriptor]);
  return readText(descriptor);
}
