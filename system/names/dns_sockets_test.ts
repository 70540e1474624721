import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import type { IpAddress } from "../../core/net/address.ts";
import type { DnsSocketDeps } from "./dns_answer.ts";
import { DnsSockets } from "./dns_sockets.ts";
import { DnsTcp } from "./dns_tcp.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";

const LOOPBACK: IpAddress = { family: 4, bytes: Uint8Array.of(127, 0, 0, 1) };

/** Answers each message by its bytes the other way round, but nothing to "-". */
const REVERSING: DnsSocketDeps = {
  answer: (message) => message[0] === 0x2d ? undefined : Uint8Array.from(message).reverse(),
  isAllowed: () => true,
};

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array) => new TextDecoder().decode(value);

/** A message as it goes over TCP. */
function framed(message: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(message.length >> 8, message.length & 255, ...bytes(message));
}

/** Reads until the connection ends or there are so many bytes. */
async function receive(connection: Deno.Conn, length = Infinity): Promise<string> {
  let all = "";
  const buffer = new Uint8Array(256);
  while (all.length < length) {
    const count = await connection.read(buffer);
    if (count === null) break;
    all += text(buffer.subarray(0, count));
  }
  return all;
}

Deno.test("messages are answered by UDP and by TCP on one port, several on a connection", async () => {
  await using sockets = await DnsSockets.open(LOOPBACK, 0, REVERSING);
  const { port } = sockets;
  using stack = new DisposableStack();
  const udp = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  stack.defer(() => udp.close());
  const to = { transport: "udp", hostname: "127.0.0.1", port } as const;
  await udp.send(bytes("-no"), to);
  await udp.send(bytes("one"), to);
  assert.equal(text((await udp.receive())[0]), "eno");
  using tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  await tcp.write(Uint8Array.of(...framed("two"), ...framed("three").subarray(0, 3)));
  await tcp.write(framed("three").subarray(3));
  assert.equal(await receive(tcp, 12), "\0\x03owt\0\x05eerht");
});

Deno.test("what is no message ends a connection, and so does one that stays silent", async () => {
  const clock = new FakeClock();
  await using server = DnsTcp.open("127.0.0.1", 0, REVERSING, clock);
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port: server.port });
  for (const wrong of [framed(""), Uint8Array.of(255, 255, 1), framed("-no")]) {
    using tcp = await connect();
    await tcp.write(wrong);
    assert.equal(await receive(tcp).catch(() => ""), "");
  }
  using silent = await connect();
  await silent.write(framed("one"));
  await receive(silent, 5);
  await silent.write(Uint8Array.of(0));
  await clock.advance(5_000);
  assert.equal(await receive(silent).catch(() => ""), "");
});

Deno.test("connections are bounded, and a sender that may not ask gets none", async () => {
  await using server = DnsTcp.open("127.0.0.1", 0, REVERSING);
  const open: Deno.Conn[] = [];
  for (let count = 0; count < 65; count++) {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    open.push(tcp);
    await tcp.write(framed("one"));
    assert.equal(await receive(tcp, 5).catch(() => ""), count < 64 ? "\0\x03eno" : "");
  }
  for (const tcp of open) tcp.close();
  await using closed = DnsTcp.open("127.0.0.1", 0, { ...REVERSING, isAllowed: () => false });
  using tcp = await Deno.connect({ hostname: "127.0.0.1", port: closed.port });
  assert.equal(await receive(tcp).catch(() => ""), "");
});

Deno.test("a port that is taken, and an address that is not there, are faults", async () => {
  using stack = new DisposableStack();
  const udp = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  stack.defer(() => udp.close());
  const { port } = udp.addr as Deno.NetAddr;
  await assert.rejects(DnsSockets.open(LOOPBACK, port, REVERSING), (error) => {
    assert.ok(error instanceof OperationError);
    assert.equal(error.message, `Cannot answer DNS at 127.0.0.1:${port}: another program listens there`);
    return true;
  });
  const nowhere: IpAddress = { family: 4, bytes: Uint8Array.of(203, 0, 113, 7) };
  await assert.rejects(DnsSockets.open(nowhere, 0, REVERSING), /the interface has no such address/);
});
