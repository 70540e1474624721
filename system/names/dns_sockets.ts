import { OperationError } from "../../core/error.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import { formatHostPort } from "../../core/net/endpoint.ts";
import { wordsOf } from "../process/runtime_error.ts";
import type { DnsSocketDeps } from "./dns_answer.ts";
import { DnsTcp } from "./dns_tcp.ts";
import { DnsUdp } from "./dns_udp.ts";

/** The port of DNS (RFC 1035 section 4.2). */
export const DNS_PORT = 53;

/** Attempts to find a port that is free for UDP and TCP. */
const PORT_ATTEMPTS = 20;

/** A name server at one address: a socket for UDP and one for TCP. */
export class DnsSockets implements AsyncDisposable {
  private constructor(readonly address: IpAddress, readonly udp: DnsUdp, readonly tcp: DnsTcp) {}

  /** The port of both. */
  get port(): number {
    return this.udp.port;
  }

  /**
   * Opens both.
   *
   * @param port 0: any that is free for both
   * @throws {OperationError} `io` when it is taken or the address is not there
   */
  static async open(address: IpAddress, port: number, deps: DnsSocketDeps): Promise<DnsSockets> {
    const host = formatAddress(address);
    for (let attempt = 1;; attempt++) {
      let udp: DnsUdp | undefined;
      try {
        udp = DnsUdp.open(host, port, deps);
        return new DnsSockets(address, udp, DnsTcp.open(host, udp.port, deps));
      } catch (error) {
        await udp?.[Symbol.asyncDispose]();
        if (port === 0 && attempt < PORT_ATTEMPTS && error instanceof Deno.errors.AddrInUse) continue;
        throw listenFault(formatHostPort({ host, port }), error);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.udp[Symbol.asyncDispose](), this.tcp[Symbol.asyncDispose]()]);
  }
}

function listenFault(place: string, cause: unknown): OperationError {
  const act = `Cannot answer DNS at ${place}`;
  if (cause instanceof Deno.errors.AddrInUse) {
    const remedy = 'Stop the program that has that port, or write "dns off" in the config file';
    return new OperationError("io", `${act}: another program listens there`, remedy, { cause });
  }
  if (cause instanceof Deno.errors.AddrNotAvailable) {
    return new OperationError("io", `${act}: the interface has no such address`, "", { cause });
  }
  return new OperationError("io", `${act}: ${wordsOf(cause)}`, "", { cause });
}
