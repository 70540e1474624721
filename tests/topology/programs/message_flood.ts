/**
 * Transport messages that are wrong in one way or another: `message_flood.ts HOST PORT COUNT` reads genuine messages in
 * hexadecimal, one a line, to the end of its input, and sends COUNT that were made of them: changed in one bit, cut short, made
 * longer, put together from two, and as they are. Initiations of random octets are among them. It prints how many were not empty.
 *
 * @module
 */
import { createSocket } from "node:dgram";

/** Datagrams sent before the others of the machine get their turn. */
const BURST = 32;
const INITIATION_LENGTH = 148;
const HEADER = 16;

const pick = (limit: number) => Math.floor(Math.random() * limit);

/** A message by one of the ways to spoil it; by the last it is as it was. */
function spoil(messages: readonly Uint8Array[]): Uint8Array {
  const message = messages[pick(messages.length)]?.slice() ?? new Uint8Array();
  const other = messages[pick(messages.length)] ?? message;
  switch (pick(6)) {
    case 0: {
      const bit = pick(message.length * 8);
      message[bit >> 3] = (message[bit >> 3] ?? 0) ^ 1 << (bit & 7);
      return message;
    }
    case 1:
      return message.subarray(0, pick(message.length));
    case 2: {
      const longer = new Uint8Array(message.length + 1 + pick(64));
      longer.set(message);
      return longer;
    }
    case 3: {
      // The counter of one with the text of another; the same message is made again instead.
      if (other === message || other.length !== message.length) return message;
      message.set(other.subarray(HEADER), HEADER);
      return message;
    }
    case 4: {
      const initiation = crypto.getRandomValues(new Uint8Array(INITIATION_LENGTH));
      initiation.set([1, 0, 0, 0]);
      return initiation;
    }
    default:
      return message;
  }
}

const [host = "", port = "", count = ""] = Deno.args;
const lines = (await new Response(Deno.stdin.readable).text()).trim().split("\n");
const messages = lines.map((line) => Uint8Array.fromHex(line));
const socket = createSocket({ type: "udp4", sendBufferSize: 1 << 22 });
let full = 0;
for (let sent = 0; sent < Number(count); sent += BURST) {
  await Promise.all(Array.from({ length: BURST }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const message = spoil(messages);
    if (message.length > 0) full++;
    socket.send(message, Number(port), host, () => resolve());
    return promise;
  }));
}
console.log(full);
socket.close();
