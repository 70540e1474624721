/**
 * Runs of iperf3 between two namespaces.
 *
 * @module
 */
import type { Process } from "../tests/topology/process.ts";
import {
  parseTcpReport,
  parseUdpReceipt,
  parseUdpReport,
  type TcpReport,
  type UdpReport,
} from "./iperf_report.ts";
import type { Course } from "./lanes.ts";
import { parseReceivedBytes, roomlessDatagrams, socketBufferLimit } from "./proc.ts";

const PORT = 5201;
/** Milliseconds that a run may take beyond its own length. */
const GRACE = 20_000;

function client(address: string, args: readonly string[]): string[] {
  return ["iperf3", "-c", address, "-p", String(PORT), ...args];
}

/** Starts a server that serves one run, at the end that the connection is made to. */
export async function serveOnce(course: Course, args: readonly string[] = []): Promise<Process> {
  const server = course.isReversed === true ? course.from : course.to;
  return await server.serve(["iperf3", "-s", "-1", "-p", String(PORT), ...args], PORT);
}

/** Is told why a run failed before it is repeated, so that the result can say so. */
export type OnRepeat = (why: string) => Promise<void> | void;

/**
 * Runs once more what failed once: iperf3 speaks with its server through the tunnel under test, and a full queue may
 * cost it that connection, which should not cost the figures of a whole benchmark.
 *
 * @throws what the second run throws
 */
export async function tryTwice<T>(run: () => Promise<T>, onRepeat?: OnRepeat): Promise<T> {
  try {
    return await run();
  } catch (error) {
    console.error(`once more: ${error}`);
    await onRepeat?.(error instanceof Error ? error.message : String(error));
    return await run();
  }
}

/** One TCP run. */
export async function runTcp(
  course: Course,
  streams: number,
  seconds: number,
  onRepeat?: OnRepeat,
): Promise<TcpReport> {
  return await tryTwice(() => tryTcp(course, streams, seconds), onRepeat);
}

async function tryTcp(course: Course, streams: number, seconds: number): Promise<TcpReport> {
  await using _server = await serveOnce(course);
  const args = ["-t", String(seconds), "-P", String(streams), "-J"];
  // -R: the end that connects receives.
  const argv = client(course.address, course.isReversed === true ? [...args, "-R"] : args);
  const dialer = course.isReversed === true ? course.to : course.from;
  return parseTcpReport(await dialer.exec(argv, seconds * 1000 + GRACE));
}

/** One TCP stream of a given number of bytes; `watch` gets the receiving process and returns when `done` says so. */
export async function runTcpBytes(
  course: Course,
  bytes: number,
  watch: (receiver: Process, done: () => boolean) => Promise<void>,
): Promise<TcpReport> {
  await using server = await serveOnce(course);
  let done = false;
  const run = course.from.exec(client(course.address, ["-n", String(bytes), "-J"]), 600_000)
    .finally(() => done = true);
  const [output] = await Promise.all([run, watch(server, () => done)]);
  return parseTcpReport(output);
}

/** What to send. */
export interface UdpPlan {
  /** Bytes of each datagram's payload. */
  readonly payload: number;
  /** Datagrams a second. */
  readonly rate: number;
  readonly seconds: number;
}

/** What became of it. */
export interface UdpOutcome extends UdpReport {
  /** Number of the last datagram that the receiving program read. */
  readonly last: number;
  /** Those up to the last that did not get as far as the receiver's socket. */
  readonly lost: number;
  /** Those for which the socket had no room: the receiving program was too slow, which is no loss on the way. */
  readonly roomless: number;
}

/** One UDP run, with socket buffers as large as the machine allows. */
export async function runUdp(course: Course, plan: UdpPlan, onRepeat?: OnRepeat): Promise<UdpOutcome> {
  return await tryTwice(() => tryUdp(course, plan), onRepeat);
}

async function tryUdp(course: Course, plan: UdpPlan): Promise<UdpOutcome> {
  await using server = await serveOnce(course, ["-J"]);
  const before = await roomlessDatagrams(course.to);
  const count = Math.round(plan.rate * plan.seconds);
  const bits = plan.rate * plan.payload * 8;
  const args = ["-u", "-l", plan.payload, "-b", bits, "-k", count, "-w", await socketBufferLimit(), "-J"];
  const output = await course.from.exec(
    client(course.address, args.map(String)),
    plan.seconds * 1000 + GRACE,
  );
  await server.wait();
  const { last, missing } = parseUdpReceipt(server.stdout.lines.join("\n"));
  const roomless = await roomlessDatagrams(course.to) - before;
  return { ...parseUdpReport(output), last, lost: Math.max(0, missing - roomless), roomless };
}

/** A TCP stream that goes on until disposal. */
export class Stream implements AsyncDisposable {
  private constructor(readonly sender: Process, readonly receiver: Process) {}

  /** Starts it and waits for its connection; `bits` a second, unpaced where 0. */
  static async start(course: Course, bits: number): Promise<Stream> {
    const receiver = await serveOnce(course);
    const args = ["-t", "600", "-b", String(bits), "--forceflush"];
    const sender = course.from.spawn(client(course.address, args));
    const stream = new Stream(sender, receiver);
    try {
      await sender.stdout.waitFor(/ connected to /);
      return stream;
    } catch (error) {
      await stream[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Bytes that the receiver's interface has taken so far, headers and all. */
  async received(): Promise<number> {
    return parseReceivedBytes(await Deno.readTextFile(`/proc/${this.receiver.pid}/net/dev`), "eth0");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sender.stop();
    await this.receiver.stop();
  }
}
