/**
 * The control sockets of the programs: `GET /v1/status` over a unix socket, and the JSON of the answer.
 *
 * @module
 */
import type { InterfaceStatus, ProgramStatus, TunnelCounters } from "../../program/status_document.ts";
import { withDeadline } from "./wait.ts";

export type { AccessorStatus } from "../../accessor/status/status_document.ts";
export type { ClientStatus } from "../../client/status/status_document.ts";
export type { ServerStatus, SharingStatus } from "../../server/status/status_document.ts";

/** What all programs tell of themselves; the accessor's `interface` is null until the server has told its address. */
export type CommonStatus = ProgramStatus<string> & {
  readonly interface: InterfaceStatus | null;
  readonly counters: TunnelCounters;
  readonly dataPlane: { readonly offload: boolean };
};

/** Reasons for which packets of the interface itself are dropped, which the kernel sends at times of its own. */
const INTERFACE_REASONS = ["ipv6Off", "noClient"];

/** The datagrams that were dropped, for whatever reason. */
export function droppedDatagrams({ drops }: TunnelCounters): number {
  return Object.entries(drops)
    .filter(([reason]) => !INTERFACE_REASONS.includes(reason))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** What a control socket answered. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One HTTP request over a unix socket. HTTP/1.0 (RFC 1945), so that the end of the connection ends the body.
 *
 * @throws Deno.errors.NotFound or ConnectionRefused when nothing listens there
 */
export async function request(path: string, target: string, method = "GET"): Promise<ControlAnswer> {
  using connection = await Deno.connect({ transport: "unix", path });
  const head = `${method} ${target} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const text = await withDeadline(`an answer of ${path}`, readAll(connection), 5_000);
  const border = text.indexOf("\r\n\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (border < 0 || status === undefined) throw new Error(`${path} did not answer in HTTP: ${text}`);
  return { status: Number(status), body: text.slice(border + 4) };
}

/** The status that a program reports; undefined while nothing listens on the socket. */
export async function readStatus<T extends CommonStatus>(path: string): Promise<T | undefined> {
  try {
    const { status, body } = await request(path, "/v1/status");
    if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`);
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) {
      return undefined;
    }
    throw error;
  }
}

async function readAll(connection: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 16);
  let text = "";
  for (;;) {
    const length = await connection.read(buffer);
    if (length === null) return text + decoder.decode();
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
}
