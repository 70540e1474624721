/** Coalescing done the slow and obvious way, to be compared with: every rule is checked on whole packets, for every pair. */
import type { CoalesceOptions } from "./coalesce.ts";
import type { Frame } from "./frame_fixture.ts";
import {
  ACK,
  concat,
  onesComplementSum,
  pseudoHeaderSum,
  PSH,
  sealIpv4,
  writeUint16,
} from "./packets_fixture.ts";

/** What the rules ask of a packet. */
interface Parsed {
  readonly bytes: Uint8Array;
  readonly protocol: 6 | 17;
  readonly transport: number;
  readonly headers: number;
  readonly payload: Uint8Array;
  /** The headers with everything blanked that may differ between packets that join. */
  readonly common: string;
  /** Undefined: meaningless. */
  readonly id: number | undefined;
  readonly sequence: number;
  readonly pushes: boolean;
}

/** The frames that a device should be given for these packets. */
export function coalesceTwin(packets: readonly Uint8Array[], options: CoalesceOptions): Frame[] {
  const groups: Packet[][] = [];
  for (const bytes of packets) {
    const parsed = parse(bytes, options);
    const packet = { bytes, parsed: parsed !== undefined && checksumsHold(parsed) ? parsed : undefined };
    const group = groups.at(-1);
    if (group !== undefined && joins([...group, packet])) group.push(packet);
    else groups.push([packet]);
  }
  return groups.map((group) => frameOf(group.map(({ bytes }) => bytes)));
}

/** A packet; unparsed if nothing may be joined with it. */
interface Packet {
  readonly bytes: Uint8Array;
  readonly parsed: Parsed | undefined;
}

/** Whether these packets make one frame. */
function joins(packets: readonly Packet[]): boolean {
  const parsed = packets.map((packet) => packet.parsed).filter((each) => each !== undefined);
  if (parsed.length < packets.length) return false;
  const [first] = parsed;
  const total = first.headers + parsed.reduce((length, { payload }) => length + payload.length, 0);
  if (parsed.length > 64 || total > 65535) return false;
  return parsed.every((each, index) => {
    const isLast = index === parsed.length - 1;
    if (each.common !== first.common) return false;
    if (isLast ? each.payload.length > first.payload.length : each.payload.length !== first.payload.length) {
      return false;
    }
    if (first.id !== undefined && each.id !== (first.id + index) % 65536) return false;
    if (each.protocol === 17) return true;
    const expected = (first.sequence + index * first.payload.length) % 2 ** 32;
    return each.sequence === expected && (isLast || !each.pushes);
  });
}

function parse(bytes: Uint8Array, options: CoalesceOptions): Parsed | undefined {
  const isIpv4 = bytes[0] >>> 4 === 4;
  const transport = isIpv4 ? 20 : 40;
  if (isIpv4 && ((bytes[0] & 15) !== 5 || (bytes[6] & 0x3f) !== 0 || bytes[7] !== 0)) return undefined;
  const protocol = isIpv4 ? bytes[9] : bytes[6];
  const header = bytes.subarray(transport);
  const blank = bytes.slice();
  blank.fill(0, isIpv4 ? 2 : 4, 6);
  if (isIpv4) blank.fill(0, 10, 12);
  let headers: number;
  if (protocol === 6 && options.tcp && header.length >= 20) {
    headers = transport + (header[12] >>> 4) * 4;
    if (headers < transport + 20 || (header[12] & 15) !== 0 || (header[13] & ~PSH) !== ACK) return undefined;
    blank.fill(0, transport + 4, transport + 8);
    blank[transport + 13] &= ~PSH;
    blank.fill(0, transport + 16, transport + 18);
  } else if (protocol === 17 && options.udp && header.length >= 8) {
    headers = transport + 8;
    if ((header[4] << 8 | header[5]) !== header.length || (header[6] | header[7]) === 0) return undefined;
    blank.fill(0, transport + 4, transport + 8);
  } else return undefined;
  if (bytes.length <= headers) return undefined;
  const isAtomic = !isIpv4 || (bytes[6] & 0x40) !== 0;
  return {
    bytes,
    protocol,
    transport,
    headers,
    payload: bytes.subarray(headers),
    common: String(blank.subarray(0, headers)),
    id: isAtomic ? undefined : bytes[4] << 8 | bytes[5],
    sequence: new DataView(bytes.buffer, bytes.byteOffset + transport).getUint32(4),
    pushes: protocol === 6 && (header[13] & PSH) !== 0,
  };
}

function checksumsHold({ bytes, transport, protocol }: Parsed): boolean {
  if (transport === 20 && onesComplementSum(bytes.subarray(0, 20)) !== 0xffff) return false;
  const pseudo = pseudoHeaderSum(bytes, protocol, bytes.length - transport);
  const covered = concat(new Uint8Array([pseudo >>> 8, pseudo & 0xff]), bytes.subarray(transport));
  return onesComplementSum(covered) === 0xffff;
}

function frameOf(group: readonly Uint8Array[]): Frame {
  const [first, ...others] = group;
  const none = { flags: 0, type: 0, headerLength: 0, size: 0, checksumStart: 0, checksumOffset: 0 };
  if (others.length === 0) return { virtio: none, packet: first };
  const isIpv4 = first[0] >>> 4 === 4;
  const transport = isIpv4 ? 20 : 40;
  const isTcp = first[isIpv4 ? 9 : 6] === 6;
  const headers = transport + (isTcp ? (first[transport + 12] >>> 4) * 4 : 8);
  const packet = concat(first, ...others.map((other) => other.subarray(headers)));
  if (isTcp) packet[transport + 13] = group.at(-1)?.[transport + 13] ?? 0;
  else writeUint16(packet, transport + 4, packet.length - transport);
  if (isIpv4) {
    writeUint16(packet, 2, packet.length);
    sealIpv4(packet);
  } else writeUint16(packet, 4, packet.length - 40);
  const pseudo = pseudoHeaderSum(packet, isTcp ? 6 : 17, packet.length - transport);
  writeUint16(packet, transport + (isTcp ? 16 : 6), pseudo);
  return {
    virtio: {
      flags: 1,
      type: isTcp ? (isIpv4 ? 1 : 4) : 5,
      headerLength: headers,
      size: first.length - headers,
      checksumStart: transport,
      checksumOffset: isTcp ? 16 : 6,
    },
    packet,
  };
}
