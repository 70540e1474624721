/**
 * UDP: loss at fixed rates, and the most datagrams a second that come through.
 *
 * @module
 */
import type { Figures } from "./figures.ts";
import { runUdp, type UdpOutcome } from "./iperf.ts";
import { courseOf, type Lane } from "./lanes.ts";
import { udpLoss, udpPeak, udpPeakSent } from "./metrics.ts";
import type { BenchOptions } from "./options.ts";

/** The rates at which one size of datagram is sent. */
export interface Ladder {
  /** Bytes of UDP payload. */
  readonly payload: number;
  /** Datagrams a second at which loss is stated. */
  readonly fixed: readonly number[];
  /** Higher rates, climbed for the peak as far as it goes on. */
  readonly climb: readonly number[];
}

/** Both sizes. A packet of 1350 bytes and its headers fills the tunnels' MTU all but 22 bytes. */
export const LADDERS: readonly Ladder[] = [
  { payload: 64, fixed: [10_000, 50_000, 100_000], climb: [150_000, 200_000, 300_000, 400_000] },
  { payload: 1350, fixed: [10_000, 50_000], climb: [100_000, 150_000, 200_000, 300_000] },
];

/** Part of the rate that the sender has to reach, and part of the datagrams that have to arrive, to climb on. */
const SENDER_KEEPS_UP = 0.9;
const MOST_ARRIVES = 0.75;

/** Whether a higher rate may still bring more through. */
export function mayClimb(rate: number, { packets, seconds, last, lost }: UdpOutcome): boolean {
  return packets / seconds >= SENDER_KEEPS_UP * rate && last - lost >= MOST_ARRIVES * packets;
}

async function measure(lane: Lane, ladder: Ladder, seconds: number, figures: Figures): Promise<void> {
  const { payload, fixed, climb } = ladder;
  const course = courseOf(lane, "to");
  let peak = { arrived: 0, sent: 0 };
  for (const rate of [...fixed, ...climb]) {
    const run = { part: "udp", subject: lane.subject, payload, rate };
    const outcome = await runUdp(course, { payload, rate, seconds }, (why) => figures.repeated(run, why));
    const { packets, last, lost, roomless } = outcome;
    const [sentRate, arrivedRate] = [packets / outcome.seconds, (last - lost) / outcome.seconds];
    figures.runs.push({ ...run, packets, last, lost, roomless });
    if (arrivedRate > peak.arrived) peak = { arrived: arrivedRate, sent: sentRate };
    if (fixed.includes(rate)) {
      figures.add(udpLoss(payload, rate), lane.subject, 100 * lost / last);
    } else if (!mayClimb(rate, outcome)) break;
  }
  figures.add(udpPeak(payload), lane.subject, peak.arrived);
  figures.add(udpPeakSent(payload), lane.subject, peak.sent);
}

/** One round. */
export async function measureUdp(
  lanes: readonly Lane[],
  options: BenchOptions,
  figures: Figures,
): Promise<void> {
  for (const ladder of LADDERS) {
    for (const lane of lanes.filter(({ measures }) => measures.udp)) {
      await measure(lane, ladder, options.seconds / 2, figures);
    }
  }
}
