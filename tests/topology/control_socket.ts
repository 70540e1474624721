/**
 * The control sockets of the programs: `GET /v1/status` over a unix socket, and the JSON of the answer.
 *
 * @module
 */
import { withDeadline } from "./wait.ts";

/** One direction's totals. */
export interface DirectionCounters {
  readonly packets: number;
  readonly bytes: number;
}

/** What either program counts. */
export interface Counters {
  readonly outbound: DirectionCounters;
  readonly inbound: DirectionCounters;
  /** Packets and datagrams dropped, by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

/** What both programs tell of themselves. */
export interface CommonStatus {
  readonly program: string;
  readonly version: string;
  readonly commit: string;
  readonly deno: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly interface: {
    readonly name: string;
    readonly mtu: number;
    readonly address: string;
    readonly peer: string;
    readonly address6?: string;
    readonly peer6?: string;
    readonly fault?: string;
  };
  readonly counters: Counters;
  readonly dataPlane: { readonly offload: boolean };
}

/** The sharing with accessors. */
export interface SharingStatus {
  readonly listen: string;
  readonly legacy: boolean;
  readonly aead: string | null;
  readonly tokens: number;
  readonly weak: number;
  readonly deriving: number;
  readonly sessions: readonly {
    readonly address: string;
    readonly endpoint: string | null;
    readonly legacy: boolean;
    readonly lastHandshakeSeconds: number | null;
    readonly received: DirectionCounters;
    readonly sent: DirectionCounters;
    readonly dropped: number;
  }[];
  readonly handshakes: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly fault?: string;
}

/** The server's answer. */
export interface ServerStatus extends CommonStatus {
  readonly listen: string;
  readonly client: {
    readonly endpoint: string;
    readonly lastHeardSeconds: number;
    readonly version?: string;
    readonly addresses?: readonly string[];
    readonly subnets?: readonly string[];
    readonly moreSubnets?: number;
    readonly firewall?: {
      readonly state: string;
      readonly backend: string | null;
      readonly rules: number;
      readonly fault?: string;
    };
  } | null;
  readonly routes: readonly {
    readonly prefix: string;
    readonly source: string;
    readonly network?: string;
    readonly state: string;
    readonly fault?: string;
  }[];
  readonly docker: {
    readonly state: string;
    readonly socket: string | null;
    readonly engine: string | null;
    readonly api: string | null;
    readonly fault?: string;
    readonly networks: readonly {
      readonly name: string;
      readonly subnets: readonly { readonly prefix: string; readonly state: string }[];
    }[];
    readonly container: {
      readonly name: string;
      readonly state: string;
      readonly image: string | null;
      readonly fault?: string;
    } | null;
  };
  readonly sharing: SharingStatus | null;
  readonly config: {
    readonly file: string;
    readonly loadedAt: string;
    readonly faults: readonly string[];
  };
}

/** The client's answer. */
export interface ClientStatus extends CommonStatus {
  readonly firewall: {
    readonly backend: string | null;
    readonly rules: number;
    readonly pairs: readonly { readonly a: string; readonly b: string; readonly state: string }[];
    readonly fault?: string;
  };
  readonly server: {
    readonly host: string;
    readonly endpoint: string | null;
    readonly lastHeardSeconds: number | null;
    readonly state: string;
  };
}

/** The accessor's answer; its `interface` is null until the server has told the address. */
export interface AccessorStatus extends CommonStatus {
  readonly server: {
    readonly host: string;
    readonly endpoint: string | null;
    readonly lastHeardSeconds: number | null;
    readonly lastHandshakeSeconds: number | null;
    readonly state: string;
  };
  readonly routes: readonly { readonly prefix: string; readonly state: string; readonly fault?: string }[];
  readonly dataPlane: { readonly offload: boolean; readonly aead: string };
}

/** Reasons for which packets of the interface itself are dropped, which the kernel sends at times of its own. */
const INTERFACE_REASONS = ["ipv6Off", "noClient"];

/** The datagrams that were dropped, for whatever reason. */
export function droppedDatagrams({ drops }: Counters): number {
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
