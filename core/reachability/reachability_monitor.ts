import type { IpAddress } from "../net/address.ts";
import { type Answering, AnswerRecord, type Reply } from "./answer_record.ts";
import type { Candidate, ProbedNetwork } from "./probed_network.ts";
import type { Break } from "./repair_sequence.ts";

/** Networks that are asked at once; of more than these, others each time. */
const MAX_NETWORKS = 16;

/** What is asked at once: groups, with those of each who are asked. */
export interface Asking {
  /** Whom it belongs to. */
  readonly group: Group;
  /** Who is asked. */
  readonly candidate: Candidate;
}

/** A network, or the client with one IP version. */
export interface Group {
  /** Tells it from all others. */
  readonly key: string;
  /** Undefined: the client itself. */
  readonly network: ProbedNetwork | undefined;
  /** What came of asking it. */
  readonly record: AnswerRecord;
}

/** A network that does not answer. */
export interface SilentNetwork {
  /** The network. */
  readonly network: ProbedNetwork;
  /** Who was asked there. */
  readonly address: IpAddress;
}

/** Decides whom to ask, and what the answers say of each network and of the client. */
export class ReachabilityMonitor {
  readonly #client: ReadonlyMap<4 | 6, Group>;
  #networks: Group[] = [];
  #next = 0;

  /**
   * Starts with nothing known.
   *
   * @param client the client's virtual addresses, at most one of each IP version
   */
  constructor(client: readonly IpAddress[]) {
    this.#client = new Map(client.map((address): [4 | 6, Group] => {
      const record = new AnswerRecord();
      record.candidates = [{ container: "client", address, port: undefined }];
      return [address.family, { key: `client/${address.family}`, network: undefined, record }];
    }));
  }

  /** There are these networks from now on; those of an IP version that the tunnel does not carry are left out. */
  set networks(networks: readonly ProbedNetwork[]) {
    const known = new Map(this.#networks.map((group) => [group.key, group.record]));
    this.#networks = networks.filter(({ family }) => this.#client.has(family)).map((network) => {
      const record = known.get(network.key) ?? new AnswerRecord();
      record.candidates = network.candidates;
      return { key: network.key, network, record };
    });
  }

  /** Whether anything is to be asked at all. */
  get isIdle(): boolean {
    return this.#networks.length === 0;
  }

  /** Whether something did not answer and is to be asked again at once. */
  get isSuspect(): boolean {
    return this.#groups.some(({ record }) => record.isSuspect);
  }

  /** Nothing is known any more, since the path or the Engine is gone. */
  forget(): void {
    for (const { record } of this.#groups) record.forget();
  }

  /** Whom to ask now, the client first. */
  asked(): Asking[] {
    const count = this.#networks.length;
    const turn = Array.from(
      { length: Math.min(count, MAX_NETWORKS) },
      (_, index) => this.#networks[(this.#next + index) % count],
    );
    this.#next = count === 0 ? 0 : (this.#next + turn.length) % count;
    const chosen = this.#networks.filter((group) =>
      turn.includes(group) || group.record.isSuspect || group.record.answering === "no"
    ).slice(0, 2 * MAX_NETWORKS);
    const families = new Set(chosen.map(({ network }) => network?.family));
    const client = [...this.#client].filter(([family]) => families.has(family)).map(([, group]) => group);
    return [...client, ...chosen].flatMap((group) =>
      group.record.asked().map((candidate) => ({ group, candidate }))
    );
  }

  /** Takes note of what came of asking. */
  settle(replies: readonly (Asking & Reply)[]): void {
    for (const [{ record }, own] of Map.groupBy(replies, ({ group }) => group)) record.settle(own);
  }

  /** Whether a network of this name answers: "no" where it does not with one of the IP versions. */
  answering(name: string): Answering {
    const states = this.#networks.filter(({ network }) => network?.name === name)
      .map(({ record }) => record.answering);
    return (["no", "yes"] as const).find((state) => states.includes(state)) ?? "unknown";
  }

  /** The networks that do not answer. */
  get silent(): SilentNetwork[] {
    return this.#networks.flatMap(({ network, record }) => {
      const address = record.asked()[0]?.address;
      return network === undefined || address === undefined || record.answering !== "no"
        ? []
        : [{ network, address }];
    });
  }

  /** Whether another network than this one answers. */
  othersAnswer(key: string | undefined): boolean {
    return this.#networks.some((group) => group.key !== key && group.record.answering === "yes");
  }

  /** Whether the client answers with this IP version; undefined where it never has. */
  clientAnswers(family: 4 | 6): boolean | undefined {
    const { answering = "unknown" } = this.#client.get(family)?.record ?? {};
    return answering === "unknown" ? undefined : answering === "yes";
  }

  /** What is broken; undefined: nothing that is known. */
  get break(): Break | undefined {
    const silent = this.#groups.filter(({ record }) => record.answering === "no");
    // A client that drops echo requests is no break as long as its containers answer.
    if (!silent.some(({ network }) => network !== undefined)) return undefined;
    const answers = [4, 6].map((family) => this.clientAnswers(family as 4 | 6));
    return {
      silent: silent.map(({ key }) => key),
      clientAnswers: answers.includes(true) ? true : answers.find((each) => each !== undefined),
      anyAnswers: this.othersAnswer(undefined),
      isCertain: silent.some(({ record }) => record.hasAnswered),
    };
  }

  get #groups(): Group[] {
    return [...this.#client.values(), ...this.#networks];
  }
}
