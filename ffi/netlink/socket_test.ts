import assert from "node:assert/strict";
import { errno, SystemError } from "../libc/errno.ts";
import { NLM_F, NLMSG } from "./constants.ts";
import { encodeMessage, type Message, parseMessages } from "./message.ts";
import { NetlinkSocket } from "./socket.ts";
import type { NetlinkTransport } from "./transport.ts";

/** Stands in for the kernel: answers each sent datagram with the datagrams that `answer` makes of its messages. */
class ScriptedKernel implements NetlinkTransport {
  readonly sent: Message[][] = [];
  readonly #queue: Uint8Array[] = [];

  constructor(readonly answer: (messages: Message[]) => Uint8Array[]) {}

  send(datagram: Uint8Array<ArrayBuffer>): void {
    const messages = parseMessages(datagram);
    this.sent.push(messages);
    this.#queue.push(...this.answer(messages));
  }

  receive(): Uint8Array {
    const next = this.#queue.shift();
    if (next === undefined) throw new SystemError("recv AF_NETLINK", errno.ETIMEDOUT);
    return next;
  }

  [Symbol.dispose](): void {}
}

const OBJECT = 24;
const request = { type: OBJECT, flags: 0, body: new Uint8Array(12), attributes: [] };

function reply(type: number, flags: number, sequence: number, code?: number): Uint8Array {
  const body = new Uint8Array(code === undefined ? 0 : 4);
  if (code !== undefined) new DataView(body.buffer).setInt32(0, code, true);
  return encodeMessage({ type, flags, body, attributes: [] }, 0, sequence);
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const acknowledge = (messages: Message[]) =>
  messages.map(({ sequence }) => reply(NLMSG.ERROR, 0, sequence, 0));

Deno.test("requests ask for an acknowledgement, each with its own sequence number", () => {
  const kernel = new ScriptedKernel(acknowledge);
  using socket = new NetlinkSocket(kernel);
  socket.request("one", request);
  socket.request("two", request);
  const sent = kernel.sent.flat();
  assert.deepEqual(sent.map(({ flags }) => flags), [NLM_F.REQUEST | NLM_F.ACK, NLM_F.REQUEST | NLM_F.ACK]);
  assert.notEqual(sent[0]?.sequence, sent[1]?.sequence);
});

Deno.test("a refusal becomes a SystemError that names the call", () => {
  const kernel = new ScriptedKernel((messages) =>
    messages.map(({ sequence }) => reply(NLMSG.ERROR, 0, sequence, -errno.EEXIST))
  );
  using socket = new NetlinkSocket(kernel);
  assert.throws(() => socket.request("RTM_NEWROUTE", request), { errno: errno.EEXIST, call: "RTM_NEWROUTE" });
});

Deno.test("a batch goes out in few sends and each outcome stays with its request", () => {
  let count = 0;
  const kernel = new ScriptedKernel((messages) =>
    messages.map(({ sequence }) => reply(NLMSG.ERROR, 0, sequence, count++ % 100 === 7 ? -errno.EEXIST : 0))
  );
  using socket = new NetlinkSocket(kernel);
  const outcomes = socket.requestAll("RTM_NEWROUTE", new Array(1000).fill(request));
  assert.equal(outcomes.length, 1000);
  assert.deepEqual(
    outcomes.flatMap((outcome, at) => outcome === undefined ? [] : [at]),
    [7, 107, 207, 307, 407, 507, 607, 707, 807, 907],
  );
  assert.ok(kernel.sent.length <= 10, `${kernel.sent.length} sends`);
});

Deno.test("acknowledgements may arrive in any order and grouped", () => {
  const kernel = new ScriptedKernel((messages) => [
    joined(
      ...messages.map(({ sequence }, at) => reply(NLMSG.ERROR, 0, sequence, at === 0 ? -1 : 0)).reverse(),
    ),
  ]);
  using socket = new NetlinkSocket(kernel);
  const outcomes = socket.requestAll("any", [request, request, request]);
  assert.deepEqual(outcomes.map((outcome) => outcome?.errno), [1, undefined, undefined]);
});

Deno.test("an answer to an earlier request is not taken for this one's", () => {
  const kernel = new ScriptedKernel((messages) => [
    reply(NLMSG.ERROR, 0, 4711, -errno.EPERM),
    ...acknowledge(messages),
  ]);
  using socket = new NetlinkSocket(kernel);
  socket.request("any", request);
  const silent = new ScriptedKernel(() => [reply(NLMSG.ERROR, 0, 4711, 0)]);
  using waiting = new NetlinkSocket(silent);
  assert.throws(() => waiting.request("any", request), { errno: errno.ETIMEDOUT });
});

Deno.test("a dump goes on until its end, over several datagrams", () => {
  const kernel = new ScriptedKernel(([message]) => {
    const sequence = message?.sequence ?? 0;
    const object = reply(OBJECT, NLM_F.MULTI, sequence, 5);
    return [joined(object, object), joined(object, reply(NLMSG.DONE, NLM_F.MULTI, sequence, 0))];
  });
  using socket = new NetlinkSocket(kernel);
  const found = socket.dump("RTM_GETROUTE", request);
  assert.deepEqual(found.map(({ payload }) => [...payload]), new Array(3).fill([5, 0, 0, 0]));
  assert.equal(kernel.sent[0]?.[0]?.flags, NLM_F.REQUEST | NLM_F.DUMP);
});

Deno.test("an interrupted dump is repeated and its first part forgotten", () => {
  let attempts = 0;
  const kernel = new ScriptedKernel(([message]) => {
    const sequence = message?.sequence ?? 0;
    const interrupted = attempts++ < 2 ? NLM_F.DUMP_INTR : 0;
    return [
      reply(OBJECT, NLM_F.MULTI | interrupted, sequence, attempts),
      reply(NLMSG.DONE, NLM_F.MULTI, sequence, 0),
    ];
  });
  using socket = new NetlinkSocket(kernel);
  assert.deepEqual(socket.dump("any", request).map(({ payload }) => payload[0]), [3]);
});

Deno.test("a dump that never settles ends with an error", () => {
  const kernel = new ScriptedKernel(([message]) => [
    reply(NLMSG.DONE, NLM_F.MULTI | NLM_F.DUMP_INTR, message?.sequence ?? 0, 0),
  ]);
  using socket = new NetlinkSocket(kernel);
  assert.throws(() => socket.dump("any", request), { errno: errno.EAGAIN });
  assert.ok(kernel.sent.length < 20);
});

Deno.test("a dump that the kernel refuses, at its start or at its end, is an error", () => {
  for (const type of [NLMSG.ERROR, NLMSG.DONE]) {
    const kernel = new ScriptedKernel(([message]) => [reply(type, 0, message?.sequence ?? 0, -errno.EPERM)]);
    using socket = new NetlinkSocket(kernel);
    assert.throws(() => socket.dump("RTM_GETLINK", request), { errno: errno.EPERM, call: "RTM_GETLINK" });
  }
});

Deno.test("an error message without a code is refused", () => {
  const kernel = new ScriptedKernel(([message]) => [reply(NLMSG.ERROR, 0, message?.sequence ?? 0)]);
  using socket = new NetlinkSocket(kernel);
  assert.throws(() => socket.request("any", request), RangeError);
});
