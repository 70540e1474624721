import type { Clock } from "../../core/async/clock.ts";
import { TokenBucket } from "../../core/async/token_bucket.ts";
import {
  answerDnsQuery,
  type DnsQuestion,
  type DnsRecord,
  RCODE,
  readDnsQuery,
  refuseDnsQuery,
  truncateDnsQuery,
} from "../../core/hosts/dns_message.ts";
import { DESKTOP_NAME, type HostRecords } from "../../core/hosts/host_records.ts";
import { reverseName } from "../../core/hosts/reverse_name.ts";
import type { IpAddress } from "../../core/net/address.ts";
import type { DnsForwarder, DnsTransport } from "../../system/hosts/dns_forwarder.ts";

/** Queries a second, and the burst; a resolver asks again what was dropped. A core answers some 50,000 a second. */
const QUERIES_PER_SECOND = 5_000;

export interface NameServerDeps {
  readonly records: Pick<HostRecords, "addressesOf" | "nameOf">;
  /** The desktop's virtual addresses. */
  readonly desktop: () => readonly IpAddress[];
  /** Whether queries from that address are passed on: those of containers, not those of other machines. */
  readonly mayForward: (source: string) => boolean;
  readonly forwarder: Pick<DnsForwarder, "forward">;
  readonly clock: Clock;
}

/** Answers containers: names of the hosts file and the desktop's own by itself, the rest by the machine's name servers. */
export class NameServer {
  /** Queries by what became of them. */
  readonly counters = { answered: 0, forwarded: 0, failed: 0, malformed: 0, dropped: 0 };
  readonly #bucket: TokenBucket;

  constructor(readonly deps: NameServerDeps) {
    this.#bucket = new TokenBucket(QUERIES_PER_SECOND, QUERIES_PER_SECOND, deps.clock.now());
  }

  /** Answers a message; undefined where it gets no answer. */
  async answer(query: Uint8Array, source: string, transport: DnsTransport): Promise<Uint8Array | undefined> {
    if (!this.#bucket.take(1, this.deps.clock.now())) {
      this.counters.dropped++;
      return undefined;
    }
    const asked = readDnsQuery(query);
    if (asked.kind !== "question") {
      this.counters.malformed++;
      return asked.kind === "none" ? undefined : refuseDnsQuery(query, asked.rcode);
    }
    const records = this.#recordsOf(asked.question);
    if (records !== undefined) {
      this.counters.answered++;
      // An answer is longer than its query, and by UDP others than containers may have any address as their source.
      if (transport === "udp" && !this.deps.mayForward(source)) return truncateDnsQuery(query);
      return answerDnsQuery(query, records);
    }
    return await this.#forward(query, source, transport);
  }

  async #forward(
    query: Uint8Array,
    source: string,
    transport: DnsTransport,
  ): Promise<Uint8Array | undefined> {
    if (!this.deps.mayForward(source)) {
      this.counters.dropped++;
      return refuseDnsQuery(query, RCODE.refused);
    }
    const response = await this.deps.forwarder.forward(query, transport);
    this.counters[response === undefined ? "failed" : "forwarded"]++;
    return response ?? refuseDnsQuery(query, RCODE.serverFailure);
  }

  /** The records of a name that is answered here, none of another type; undefined for any other name. */
  #recordsOf({ name, type }: DnsQuestion): DnsRecord[] | undefined {
    const { records, desktop } = this.deps;
    const addresses = name === DESKTOP_NAME ? desktop() : records.addressesOf(name);
    if (addresses !== undefined) {
      return addresses.map((address) => ({
        type: address.family === 4 ? "A" as const : "AAAA" as const,
        address,
      }))
        .filter((record) => record.type === type || type === "ANY");
    }
    const canonical = records.nameOf(name) ??
      (desktop().some((address) => reverseName(address) === name) ? DESKTOP_NAME : undefined);
    if (canonical === undefined) return undefined;
    return type === "PTR" || type === "ANY" ? [{ type: "PTR", name: canonical }] : [];
  }
}
