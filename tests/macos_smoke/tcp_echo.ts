/**
 * One side of a TCP connection over bare packets: answers an HTTP POST with its own body, in segments as large as the MTU
 * allows. As little of RFC 9293 as that takes: no options but the MSS, no window beyond 64 KiB, segments in order or not at all.
 *
 * @module
 */
import { checksum, type IpPacket, pseudoHeader, writePacket } from "./octets.ts";

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PUSH = 0x08;
const ACK = 0x10;
/** What this side lets the other send. */
const WINDOW = 65535;
/** Milliseconds until what is not acknowledged is sent again. */
const RETRANSMISSION = 300;

/** One connection. Disposal ends its timer. */
export class TcpEcho implements Disposable {
  #next = 1;
  #acknowledged = 1;
  #expected = 0;
  #peerWindow = 0;
  #peerSegment = 536;
  #request = new Uint8Array();
  /** All that is to be sent; its first octet has sequence number 1. */
  #answer: Uint8Array | undefined;
  #peerHasEnded = false;
  readonly #timer: ReturnType<typeof setInterval>;

  /**
   * @param mtu of the tunnel
   * @param flow any packet of the connection from the other side
   * @param send takes a packet for the other side
   */
  constructor(
    readonly mtu: number,
    readonly flow: IpPacket,
    readonly send: (packet: Uint8Array<ArrayBuffer>) => void,
  ) {
    this.#timer = setInterval(() => this.#sendAgain(), RETRANSMISSION);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Takes a segment of the connection. */
  take(segment: Uint8Array): void {
    const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
    const flags = segment[13] ?? 0;
    const data = segment.subarray((segment[12] ?? 0) >> 4 << 2);
    const sequence = view.getUint32(4);
    if ((flags & RST) !== 0) return this[Symbol.dispose]();
    this.#peerWindow = view.getUint16(14);
    if ((flags & SYN) !== 0) {
      this.#expected = sequence + 1 >>> 0;
      this.#peerSegment = largestSegment(segment) ?? 536;
      return this.#sendSegment(0, SYN | ACK, new Uint8Array());
    }
    if ((flags & ACK) !== 0) this.#acknowledged = Math.max(this.#acknowledged, view.getUint32(8));
    if (sequence === this.#expected) this.#accept(data, (flags & FIN) !== 0);
    if (data.length > 0 || (flags & FIN) !== 0) this.#sendSegment(this.#next, ACK, new Uint8Array());
    this.#sendMore();
  }

  #accept(data: Uint8Array, isLast: boolean): void {
    this.#expected = this.#expected + data.length + (isLast && !this.#peerHasEnded ? 1 : 0) >>> 0;
    this.#peerHasEnded ||= isLast;
    const request = new Uint8Array(this.#request.length + data.length);
    request.set(this.#request);
    request.set(data, this.#request.length);
    this.#request = request;
    this.#answer ??= answerTo(request);
  }

  /** Octets of the longest segment that both sides and the tunnel take. */
  get #segment(): number {
    return Math.min(this.#peerSegment, this.mtu - (this.flow.version === 4 ? 40 : 60));
  }

  #sendMore(): void {
    const answer = this.#answer;
    if (answer === undefined) return;
    // The octet after the last is the FIN.
    while (this.#next <= answer.length + 1 && this.#next - this.#acknowledged < this.#peerWindow) {
      const room = this.#peerWindow - (this.#next - this.#acknowledged);
      const data = answer.subarray(this.#next - 1, this.#next - 1 + Math.min(this.#segment, room));
      const isLast = this.#next - 1 + data.length === answer.length;
      this.#sendSegment(this.#next, ACK | (isLast ? PUSH | FIN : 0), data);
      this.#next += data.length + (isLast ? 1 : 0);
    }
  }

  #sendAgain(): void {
    const end = (this.#answer?.length ?? 0) + 2;
    if (this.#answer === undefined || this.#acknowledged >= end) return;
    this.#next = this.#acknowledged;
    this.#sendMore();
  }

  #sendSegment(sequence: number, flags: number, data: Uint8Array): void {
    const options = (flags & SYN) === 0 ? [] : [2, 4, this.#segmentOption >> 8, this.#segmentOption & 0xff];
    const payload = new Uint8Array(20 + options.length + data.length);
    const view = new DataView(payload.buffer);
    const { source, target, version, payload: first } = this.flow;
    payload.set([...first.subarray(2, 4), ...first.subarray(0, 2)]);
    view.setUint32(4, sequence);
    view.setUint32(8, this.#expected);
    view.setUint8(12, (20 + options.length) / 4 << 4);
    view.setUint8(13, flags);
    view.setUint16(14, WINDOW);
    payload.set(options, 20);
    payload.set(data, 20 + options.length);
    const packet: IpPacket = { version, source: target, target: source, protocol: 6, payload };
    view.setUint16(16, checksum(pseudoHeader(packet), payload));
    this.send(writePacket(packet));
  }

  get #segmentOption(): number {
    return this.mtu - (this.flow.version === 4 ? 40 : 60);
  }
}

/** The MSS option of a SYN (RFC 9293 section 3.7.1). */
function largestSegment(segment: Uint8Array): number | undefined {
  const end = (segment[12] ?? 0) >> 4 << 2;
  for (let at = 20; at < end;) {
    const kind = segment[at] ?? 0;
    if (kind === 2) return (segment[at + 2] ?? 0) << 8 | (segment[at + 3] ?? 0);
    at += kind === 1 ? 1 : Math.max(2, segment[at + 1] ?? 0);
    if (kind === 0) break;
  }
  return undefined;
}

/** The answer once the request is whole: the same body. */
function answerTo(request: Uint8Array): Uint8Array | undefined {
  const head = new TextDecoder("latin1").decode(request.subarray(0, 1024));
  const border = head.indexOf("\r\n\r\n");
  const length = Number(/^content-length: (\d+)\r$/mi.exec(head)?.[1] ?? 0);
  if (border < 0 || request.length < border + 4 + length) return undefined;
  const body = request.subarray(border + 4, border + 4 + length);
  const answer = new TextEncoder().encode(`HTTP/1.0 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
  const bytes = new Uint8Array(answer.length + body.length);
  bytes.set(answer);
  bytes.set(body, answer.length);
  return bytes;
}
