/** Segmentation done the slow and obvious way, to be compared with: one packet after the other, everything summed again. */
import type { Frame } from "./frame_fixture.ts";
import { CWR, FIN, PSH, sealIpv4, sealTransport, writeUint16 } from "./packets_fixture.ts";

/** The packets that belong on the wire for a sound frame. */
export function segmentTwin({ virtio, packet }: Frame): Uint8Array[] {
  const type = virtio.type & 0x7f;
  const transport = virtio.checksumStart;
  if (type === 0) {
    const whole = packet.slice();
    if (virtio.flags === 1) sealTransport(whole, transport, virtio.checksumOffset === 16 ? 6 : 17);
    return [whole];
  }
  const isTcp = type !== 5;
  const headers = transport + (isTcp ? (packet[transport + 12] >>> 4) * 4 : 8);
  const payload = packet.subarray(headers);
  const segments: Uint8Array[] = [];
  for (let done = 0; done < payload.length; done += virtio.size) {
    const cut = payload.subarray(done, done + virtio.size);
    const segment = new Uint8Array(headers + cut.length);
    segment.set(packet.subarray(0, headers));
    segment.set(cut, headers);
    const isLast = done + cut.length === payload.length;
    if (isTcp) {
      const view = new DataView(segment.buffer, transport);
      view.setUint32(4, (view.getUint32(4) + done) % 2 ** 32);
      let flags = segment[transport + 13];
      if (!isLast) flags &= ~FIN & ~PSH;
      if (done > 0) flags &= ~CWR;
      segment[transport + 13] = flags;
    } else writeUint16(segment, transport + 4, 8 + cut.length);
    if (segment[0] >>> 4 === 4) {
      writeUint16(segment, 2, segment.length);
      writeUint16(segment, 4, ((segment[4] << 8 | segment[5]) + done / virtio.size) % 65536);
      sealIpv4(segment);
    } else writeUint16(segment, 4, segment.length - 40);
    sealTransport(segment, transport, isTcp ? 6 : 17);
    segments.push(segment);
  }
  return segments;
}
