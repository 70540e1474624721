/**
 * A name server that knows one name, as the one of Docker Desktop knows the desktop's: `name_server.ts LISTEN NAME ADDRESS`.
 * RFC 1035 sections 4.1 and 4.2.1. Other names do not exist. A line of standard input is another address for it.
 *
 * @module
 */
import { createSocket } from "node:dgram";

const [listen = "", name = "", first = ""] = Deno.args;
let address = first;
/** The one name in wire format: each label after its length, a zero at the end. */
const wireName = new Uint8Array([
  ...name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]),
  0,
]);
const HEADER = 12;
const TYPE_A = 1;
const CLASS_IN = 1;
/** Response, recursion desired and available; the last four bits say how it went. */
const FLAGS = 0x8180;
const NAME_ERROR = 3;

function answerTo(query: Uint8Array): Uint8Array {
  const isKnown = wireName.every((byte, index) => query[HEADER + index] === byte);
  const end = HEADER + query.subarray(HEADER).indexOf(0) + 1;
  const question = query.subarray(HEADER, end + 4);
  const isA = isKnown && query[end + 1] === TYPE_A;
  // The name by its place in the message, type, class, 1 s to live, four bytes.
  const record = [0xc0, HEADER, 0, TYPE_A, 0, CLASS_IN, 0, 0, 0, 1, 0, 4, ...address.split(".").map(Number)];
  const answer = new Uint8Array([
    ...query.subarray(0, HEADER),
    ...question,
    ...isA ? record : [],
  ]);
  const view = new DataView(answer.buffer);
  view.setUint16(2, FLAGS | (isKnown ? 0 : NAME_ERROR));
  // One question, so many answers, nothing of authority, nothing additional.
  [1, isA ? 1 : 0, 0, 0].forEach((count, index) => view.setUint16(4 + 2 * index, count));
  return answer;
}

const socket = createSocket("udp4");
socket.on("message", (query, from) => socket.send(answerTo(query), from.port, from.address));
socket.bind(53, listen, () => console.log("bound"));

for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  address = line.trim();
  console.log(`knows ${address}`);
}
