/** IP packets for the offload tests, put together field by field and summed word by word: slow and obvious. */

/** A TCP or UDP packet before it is bytes. Everything is in the order of the wire, numbers are host numbers. */
export interface PacketFields {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TOS or traffic class. */
  readonly trafficClass: number;
  readonly hopLimit: number;
  /** IPv4 identification; IPv6 takes it as its flow label. */
  readonly id: number;
  /** IPv4 bytes 6-7: flags and fragment offset. */
  readonly fragment: number;
  /** IPv4 options, or bytes of one IPv6 destination options header (a multiple of 8). */
  readonly options: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Absent: the packet is UDP. */
  readonly tcp?: TcpFields;
  readonly payload: Uint8Array;
}

export interface TcpFields {
  readonly sequence: number;
  readonly acknowledgement: number;
  /** Octet 13. */
  readonly flags: number;
  /** Low half of byte 12. */
  readonly reserved: number;
  readonly window: number;
  readonly urgent: number;
  /** A multiple of 4 bytes. */
  readonly options: Uint8Array;
}

export const FIN = 0x01;
export const SYN = 0x02;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;
export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;

export function isIpv4(fields: PacketFields): boolean {
  return fields.source.length === 4;
}

/** Bytes before the transport header. */
export function ipHeaderLength(fields: PacketFields): number {
  return (isIpv4(fields) ? 20 : 40) + fields.options.length;
}

/** Bytes before the payload. */
export function headerLength(fields: PacketFields): number {
  return ipHeaderLength(fields) + (fields.tcp === undefined ? 8 : 20 + fields.tcp.options.length);
}

/** RFC 1071: the ones' complement sum of big-endian words, an odd last byte is the high half of a word. */
export function onesComplementSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += bytes[i] * 256 + (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(at, value);
}

/** The sum over the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1). */
export function pseudoHeaderSum(packet: Uint8Array, protocol: number, transportLength: number): number {
  const addresses = packet[0] >>> 4 === 4 ? packet.subarray(12, 20) : packet.subarray(8, 40);
  const rest = new Uint8Array([0, protocol, transportLength >>> 8, transportLength & 0xff]);
  return onesComplementSum(concat(addresses, rest));
}

/** Fills in the IPv4 header checksum. */
export function sealIpv4(packet: Uint8Array): void {
  const header = packet.subarray(0, (packet[0] & 15) * 4);
  writeUint16(header, 10, 0);
  writeUint16(header, 10, 0xffff - onesComplementSum(header));
}

/** Fills in the checksum of the TCP or UDP header at `transport`. */
export function sealTransport(packet: Uint8Array, transport: number, protocol: number): void {
  const at = protocol === 6 ? 16 : 6;
  const segment = packet.subarray(transport);
  writeUint16(segment, at, 0);
  const pseudo = pseudoHeaderSum(packet, protocol, segment.length);
  const sum = onesComplementSum(concat(new Uint8Array([pseudo >>> 8, pseudo & 0xff]), segment));
  const checksum = 0xffff - sum;
  writeUint16(segment, at, checksum === 0 && protocol === 17 ? 0xffff : checksum);
}

/** The packet with sound lengths and checksums. */
export function packetOf(fields: PacketFields): Uint8Array {
  const { tcp, payload } = fields;
  const protocol = tcp === undefined ? 17 : 6;
  const total = headerLength(fields) + payload.length;
  const ip = isIpv4(fields) ? ipv4Header(fields, protocol, total) : ipv6Header(fields, protocol, total);
  const transport = tcp === undefined ? udpHeader(fields) : tcpHeader(fields, tcp);
  const packet = concat(ip, transport, payload);
  if (isIpv4(fields)) sealIpv4(packet);
  sealTransport(packet, ip.length, protocol);
  return packet;
}

function ipv4Header(fields: PacketFields, protocol: number, total: number): Uint8Array {
  const header = concat(new Uint8Array(20), fields.options);
  header[0] = 0x40 | header.length / 4;
  header[1] = fields.trafficClass;
  writeUint16(header, 2, total);
  writeUint16(header, 4, fields.id);
  writeUint16(header, 6, fields.fragment);
  header[8] = fields.hopLimit;
  header[9] = protocol;
  header.set(fields.source, 12);
  header.set(fields.destination, 16);
  return header;
}

function ipv6Header(fields: PacketFields, protocol: number, total: number): Uint8Array {
  const header = concat(new Uint8Array(40), fields.options);
  writeUint16(header, 0, 0x6000 | fields.trafficClass << 4);
  writeUint16(header, 2, fields.id);
  writeUint16(header, 4, total - 40);
  header[6] = fields.options.length > 0 ? 60 : protocol;
  header[7] = fields.hopLimit;
  header.set(fields.source, 8);
  header.set(fields.destination, 24);
  if (fields.options.length > 0) {
    // Destination options (RFC 8200 section 4.6): next header, length in 8 bytes less one, then one PadN.
    header[40] = protocol;
    header[41] = fields.options.length / 8 - 1;
    header[42] = 1;
    header[43] = fields.options.length - 4;
    header.fill(0, 44);
  }
  return header;
}

function tcpHeader(fields: PacketFields, tcp: TcpFields): Uint8Array {
  const header = concat(new Uint8Array(20), tcp.options);
  const view = new DataView(header.buffer);
  view.setUint16(0, fields.sourcePort);
  view.setUint16(2, fields.destinationPort);
  view.setUint32(4, tcp.sequence);
  view.setUint32(8, tcp.acknowledgement);
  header[12] = header.length / 4 << 4 | tcp.reserved;
  header[13] = tcp.flags;
  view.setUint16(14, tcp.window);
  view.setUint16(18, tcp.urgent);
  return header;
}

function udpHeader(fields: PacketFields): Uint8Array {
  const header = new Uint8Array(8);
  writeUint16(header, 0, fields.sourcePort);
  writeUint16(header, 2, fields.destinationPort);
  writeUint16(header, 4, 8 + fields.payload.length);
  return header;
}

/** Bytes that differ from each other and from run to run of `seed`. */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** A packet that tests change in the one respect that they are about. */
export const plainTcp: PacketFields & { readonly tcp: TcpFields } = {
  source: new Uint8Array([10, 9, 0, 1]),
  destination: new Uint8Array([172, 17, 0, 2]),
  trafficClass: 0,
  hopLimit: 64,
  id: 0x1234,
  fragment: DONT_FRAGMENT,
  options: new Uint8Array(),
  sourcePort: 40000,
  destinationPort: 443,
  tcp: {
    sequence: 1_000_000,
    acknowledgement: 77,
    flags: ACK,
    reserved: 0,
    window: 500,
    urgent: 0,
    options: new Uint8Array(),
  },
  payload: noise(1000, 1),
};

const { tcp: _, ...plain } = plainTcp;
/** The same for UDP. */
export const plainUdp: PacketFields = plain;
