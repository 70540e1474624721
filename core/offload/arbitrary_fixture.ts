/** Arbitrary packets, streams and frames for property tests. */
import fc from "fast-check";
import { type Frame, superFrame } from "./frame_fixture.ts";
import {
  ACK,
  CWR,
  DONT_FRAGMENT,
  ECE,
  headerLength,
  noise,
  type PacketFields,
  PSH,
  type TcpFields,
} from "./packets_fixture.ts";

const octet = fc.oneof(fc.constant(0), fc.constant(0xff), fc.integer({ min: 0, max: 0xff }));
const uint16 = fc.oneof(
  fc.constantFrom(0, 1, 0xfffe, 0xffff),
  fc.integer({ min: 0, max: 0xffff }),
);
const uint32 = fc.oneof(
  // Close to the wrap, where a stream of a few segments crosses it.
  fc.integer({ min: 0xffff_0000, max: 0xffff_ffff }),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);
const octets = (length: number) =>
  fc.array(octet, { minLength: length, maxLength: length }).map((all) => Uint8Array.from(all));

/** Payload: mostly noise, at times all zeros or all ones, which is where sums are special. */
export function payloadOf(length: fc.Arbitrary<number>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(length, fc.integer(), fc.constantFrom("noise", "noise", "noise", "zeros", "ones")).map(
    ([size, seed, kind]) =>
      kind === "noise" ? noise(size, seed) : new Uint8Array(size).fill(kind === "zeros" ? 0 : 0xff),
  );
}

const tcpOptions = fc.integer({ min: 0, max: 10 }).chain((words) => octets(4 * words));

export const anyTcp: fc.Arbitrary<TcpFields> = fc.record({
  sequence: uint32,
  acknowledgement: uint32,
  flags: fc.oneof(fc.constantFrom(ACK, ACK | PSH, ACK | ECE, ACK | CWR), octet),
  reserved: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 15 })),
  window: uint16,
  urgent: fc.oneof(fc.constant(0), uint16),
  options: tcpOptions,
});

/** Everything of a packet but its payload. */
export const anyHeaders: fc.Arbitrary<Omit<PacketFields, "payload">> = fc.constantFrom(4 as const, 6 as const)
  .chain((version) =>
    fc.record({
      source: octets(version === 4 ? 4 : 16),
      destination: octets(version === 4 ? 4 : 16),
      trafficClass: octet,
      hopLimit: octet,
      id: uint16,
      fragment: fc.constantFrom(0, DONT_FRAGMENT),
      options: fc.oneof(
        { arbitrary: fc.constant(new Uint8Array()), weight: 3 },
        {
          arbitrary: fc.integer({ min: 1, max: version === 4 ? 10 : 3 })
            .chain((units) => octets(units * (version === 4 ? 4 : 8))),
          weight: 1,
        },
      ),
      sourcePort: uint16,
      destinationPort: uint16,
      tcp: fc.option(anyTcp, { nil: undefined }),
    }).map(({ tcp, ...rest }) => tcp === undefined ? rest : { ...rest, tcp })
  );

/** Bytes of extension headers: an IPv6 packet may have a source route, and then they are long. */
const extension = fc.oneof(
  { arbitrary: fc.constant(0), weight: 5 },
  { arbitrary: fc.integer({ min: 1, max: 100 }).map((units) => 8 * units), weight: 1 },
);

/** A frame to be cut: few long segments, many short ones, odd sizes, up to the largest packet. */
export const anySuperFrame: fc.Arbitrary<Frame> = fc.tuple(
  anyHeaders,
  payloadOf(fc.oneof(
    { arbitrary: fc.integer({ min: 1, max: 300 }), weight: 4 },
    { arbitrary: fc.integer({ min: 1, max: 9000 }), weight: 4 },
    { arbitrary: fc.integer({ min: 60000, max: 65535 }), weight: 1 },
  )),
  fc.oneof(
    fc.integer({ min: 1, max: 64 }),
    fc.integer({ min: 400, max: 1460 }),
    fc.integer({ min: 1, max: 9000 }),
  ),
  extension,
).map(([{ options, ...rest }, payload, size, extra]) => {
  const isLong = rest.source.length === 16 && extra > 0;
  const headers = { ...rest, options: isLong ? new Uint8Array(extra) : options };
  const fields = { ...headers, payload };
  const kept = payload.subarray(0, 65535 - headerLength(fields));
  // At most 2,048 segments, which is what a list holds; fewer if each header takes several of its rooms.
  const most = Math.floor(2048 / Math.ceil(headerLength(fields) / 128));
  return superFrame({ ...headers, payload: kept }, Math.max(size, Math.ceil(kept.length / most)));
});
