/**
 * What iperf3 says of a run (`-J`).
 *
 * @module
 */

/** A TCP run as the receiver saw it, over all streams. */
export interface TcpReport {
  readonly bytes: number;
  readonly bitsPerSecond: number;
}

/** A UDP run as the sender saw it. */
export interface UdpReport {
  /** Datagrams given to the kernel. */
  readonly packets: number;
  readonly seconds: number;
}

/** A UDP run as the receiver saw it. Datagrams that it had not read when the run ended are in neither number. */
export interface UdpReceipt {
  /** Number of the last datagram it read, counted from 1 as they were sent. */
  readonly last: number;
  /** How many of those before it never came. */
  readonly missing: number;
}

/** One stream of a UDP run. */
interface IperfUdp {
  readonly packets: number;
  readonly lost_packets: number;
  readonly seconds: number;
}

/** The parts of iperf3's answer that are read. */
interface IperfJson {
  readonly error?: string;
  readonly end?: {
    readonly sum_received?: { readonly bytes: number; readonly bits_per_second: number };
    readonly streams?: readonly { readonly udp?: IperfUdp }[];
  };
}

function parse(json: string): IperfJson {
  const report: IperfJson = JSON.parse(json);
  if (report.error !== undefined) throw new Error(`iperf3: ${report.error}`);
  return report;
}

/**
 * Reads the report of a TCP run.
 *
 * @throws Error with iperf3's own words when the run failed
 */
export function parseTcpReport(json: string): TcpReport {
  const received = parse(json).end?.sum_received;
  if (received === undefined) throw new Error("iperf3 reports nothing received");
  return { bytes: received.bytes, bitsPerSecond: received.bits_per_second };
}

function parseUdp(json: string): IperfUdp {
  const udp = parse(json).end?.streams?.[0]?.udp;
  if (udp === undefined) throw new Error("iperf3 reports no UDP stream");
  return udp;
}

/**
 * Reads the sender's report of a UDP run of one stream.
 *
 * @throws Error with iperf3's own words when the run failed
 */
export function parseUdpReport(json: string): UdpReport {
  const { packets, seconds } = parseUdp(json);
  return { packets, seconds };
}

/**
 * Reads the receiver's report of a UDP run of one stream.
 *
 * @throws Error with iperf3's own words when the run failed
 */
export function parseUdpReceipt(json: string): UdpReceipt {
  const { packets, lost_packets } = parseUdp(json);
  return { last: packets, missing: lost_packets };
}
