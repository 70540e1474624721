/** Arbitrary streams of packets: a few flows whose packets mostly follow each other, each with something odd at times. */
import fc from "fast-check";
import {
  ACK,
  CWR,
  DONT_FRAGMENT,
  ECE,
  FIN,
  MORE_FRAGMENTS,
  noise,
  type PacketFields,
  packetOf,
  plainTcp,
  plainUdp,
  PSH,
  SYN,
  type TcpFields,
  URG,
} from "./packets_fixture.ts";

/** What is odd about one packet. */
const oddities = [
  "acknowledgement",
  "badIpChecksum",
  "badTransportChecksum",
  "congestion",
  "cwr",
  "destinationPort",
  "ece",
  "fin",
  "fragment",
  "gap",
  "hopLimit",
  "idGap",
  "ipOptions",
  "noUdpChecksum",
  "push",
  "repeat",
  "reserved",
  "source",
  "syn",
  "tcpOptions",
  "tcpOptionsLonger",
  "udpLength",
  "urgent",
  "urgentPointer",
  "window",
] as const;
type Oddity = (typeof oddities)[number] | "none";

interface Step {
  readonly flow: number;
  readonly size: "full" | "short" | "empty" | "long";
  readonly oddity: Oddity;
  /** Packets in a row. */
  readonly run: number;
  /** Whether all of them are odd, so that they equal each other, or only the first. */
  readonly all: boolean;
}

/** What stays the same in a flow, and where it begins. */
interface FlowStart {
  readonly version: 4 | 6;
  readonly isTcp: boolean;
  readonly size: number;
  readonly fragment: number;
  readonly id: number;
  readonly idStep: number;
  readonly sequence: number;
  readonly timestamps: boolean;
}

const anyFlow: fc.Arbitrary<FlowStart> = fc.record({
  version: fc.constantFrom(4 as const, 6 as const),
  isTcp: fc.boolean(),
  size: fc.constantFrom(1, 2, 33, 100, 536, 1348),
  fragment: fc.constantFrom(0, DONT_FRAGMENT),
  id: fc.constantFrom(0, 1, 0xfff8, 0xffff),
  idStep: fc.constantFrom(0, 1, 1, 1),
  sequence: fc.constantFrom(0, 5, 0xffff_fff0, 0xffff_ff00),
  timestamps: fc.boolean(),
});

const anyStep: fc.Arbitrary<Step> = fc.record({
  flow: fc.integer({ min: 0, max: 2 }),
  size: fc.oneof(
    { arbitrary: fc.constant("full" as const), weight: 12 },
    { arbitrary: fc.constantFrom("short" as const, "empty" as const, "long" as const), weight: 2 },
  ),
  oddity: fc.oneof(
    { arbitrary: fc.constant("none" as const), weight: 2 },
    { arbitrary: fc.constantFrom(...oddities), weight: 1 },
  ),
  run: fc.constantFrom(1, 1, 2, 3, 5, 70),
  all: fc.boolean(),
});

/** Whole packets in the order in which they arrive. */
export const anyStream: fc.Arbitrary<Uint8Array[]> = fc.tuple(
  fc.array(anyFlow, { minLength: 3, maxLength: 3 }),
  fc.array(anyStep, { maxLength: 12 }),
).map(([starts, steps]) => {
  const flows = starts.map((start, number) => new Flow(start, number));
  return steps.flatMap(({ flow, size, oddity, run, all }) =>
    Array.from({ length: run }, (_, index) => flows[flow].next(size, all || index === 0 ? oddity : "none"))
  );
});

const fdAddress = (last: number) => Uint8Array.from([0xfd, ...new Array(14).fill(0), last]);

class Flow {
  readonly #start: FlowStart;
  readonly #base: PacketFields;
  #id: number;
  #sequence: number;
  #sent = 0;

  constructor(start: FlowStart, number: number) {
    this.#start = start;
    this.#id = start.id;
    this.#sequence = start.sequence;
    const plain: PacketFields = start.isTcp ? plainTcp : plainUdp;
    this.#base = {
      ...plain,
      ...(start.version === 6 && { source: fdAddress(1), destination: fdAddress(2) }),
      fragment: start.fragment,
      sourcePort: 1000 + number,
    };
  }

  next(size: Step["size"], oddity: Oddity): Uint8Array {
    const { idStep, version } = this.#start;
    const full = this.#start.size;
    const length = { full, short: full >> 1, empty: 0, long: full + 1 }[size];
    if (oddity === "idGap") this.#id += 3;
    if (oddity === "gap") this.#sequence += 1;
    if (oddity === "repeat") this.#sequence -= full;
    const fields = {
      ...this.#base,
      id: (version === 4 ? this.#id : this.#start.id) & 0xffff,
      payload: noise(length, this.#sent++),
      ...(this.#start.isTcp && { tcp: this.#tcp() }),
    };
    this.#id += idStep;
    this.#sequence += length;
    const packet = packetOf(odd(fields, oddity));
    breakBytes(packet, oddity, version === 4 ? 20 : 40, this.#start.isTcp);
    return packet;
  }

  #tcp(): TcpFields {
    const options = this.#start.timestamps
      ? new Uint8Array([1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9])
      : new Uint8Array();
    return { ...plainTcp.tcp, sequence: this.#sequence >>> 0, options };
  }
}

/** The packet with one field changed; its checksums are made for that. */
function odd(fields: PacketFields, oddity: Oddity): PacketFields {
  switch (oddity) {
    case "congestion":
      return { ...fields, trafficClass: 3 };
    case "destinationPort":
      return { ...fields, destinationPort: 444 };
    case "fragment":
      return { ...fields, fragment: fields.fragment | MORE_FRAGMENTS };
    case "hopLimit":
      return { ...fields, hopLimit: 63 };
    case "ipOptions":
      return { ...fields, options: new Uint8Array(8).fill(1) };
    case "source":
      return { ...fields, source: fields.source.map((octet) => octet ^ 1) };
    default: {
      const { tcp } = fields;
      return tcp === undefined ? fields : { ...fields, tcp: { ...tcp, ...oddTcp(tcp, oddity) } };
    }
  }
}

function oddTcp(tcp: TcpFields, oddity: Oddity): Partial<TcpFields> {
  switch (oddity) {
    case "acknowledgement":
      return { acknowledgement: tcp.acknowledgement + 1 };
    case "cwr":
      return { flags: ACK | CWR };
    case "ece":
      return { flags: ACK | ECE };
    case "fin":
      return { flags: ACK | FIN };
    case "push":
      return { flags: ACK | PSH };
    case "syn":
      return { flags: ACK | SYN };
    case "urgent":
      return { flags: ACK | URG, urgent: 1 };
    case "urgentPointer":
      return { urgent: 1 };
    case "reserved":
      return { reserved: 1 };
    case "tcpOptions":
      return { options: tcp.options.map((octet, index) => index === 7 ? octet + 1 : octet) };
    case "tcpOptionsLonger":
      return { options: new Uint8Array(tcp.options.length + 4).fill(1) };
    case "window":
      return { window: tcp.window + 1 };
    default:
      return {};
  }
}

/** Changes that leave the checksums wrong, or take them away. */
function breakBytes(packet: Uint8Array, oddity: Oddity, transport: number, isTcp: boolean): void {
  if (oddity === "badIpChecksum" && transport === 20) packet[11] ^= 1;
  if (oddity === "badTransportChecksum") packet[packet.length - 1] ^= 0x10;
  if (isTcp) return;
  if (oddity === "noUdpChecksum") packet.fill(0, transport + 6, transport + 8);
  if (oddity === "udpLength") packet[transport + 5] ^= 1;
}
