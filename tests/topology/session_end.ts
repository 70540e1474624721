/**
 * A data plane with sessions inside a namespace, whose keys a test installs by hand.
 *
 * @module
 */
import type { CipherChoice } from "../../ffi/aead/load_cipher.ts";
import { V8_FLAGS } from "../../tools/programs.ts";
import type { Namespace } from "./namespace.ts";
import type { Process } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** What the program is started with. */
export interface SessionEndSettings {
  readonly role: "server" | "accessor";
  /** Name of its interface. */
  readonly tun: string;
  readonly offload: boolean;
}

/** Keys as text, and when they serve no more. */
export interface HandKeys {
  readonly send: string;
  readonly receive: string;
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly initiator: boolean;
}

/** One thing to do. */
export type SessionStep =
  | { readonly do: "attach"; readonly port: number; readonly slots: number; readonly cipher: CipherChoice }
  | { readonly do: "detach" }
  | { readonly do: "client"; readonly endpoint: string }
  | {
    readonly do: "session";
    readonly slot: number;
    readonly address: string;
    readonly endpoint?: string;
    readonly legacy?: boolean;
  }
  | { readonly do: "remove"; readonly slot: number }
  | HandKeys & {
    readonly do: "keys";
    readonly slot: number;
    readonly endpoint?: string;
    readonly limits?: { readonly rejectAfterMessages?: number; readonly rejectAfterTime?: number };
  }
  | { readonly do: "expire"; readonly slot: number; readonly localIndex: number }
  | { readonly do: "routes"; readonly prefixes: readonly string[] }
  | {
    readonly do: "answers";
    readonly ownAddress: string;
    readonly clientAddress: string;
    readonly pong: boolean;
    readonly legacy: boolean;
  }
  | { readonly do: "text"; readonly slot: number; readonly hex: string }
  | { readonly do: "report"; readonly slot: number };

/** What `report` gives. */
export interface SessionReport {
  readonly facts: Readonly<
    Record<
      | "sentPackets"
      | "sentBytes"
      | "receivedPackets"
      | "receivedBytes"
      | "dropped"
      | "endpointGeneration"
      | "currentIndex",
      number
    >
  >;
  /** Times that never were are null. */
  readonly traffic:
    & Readonly<Record<"dataSentAt" | "dataReceivedAt" | "sentAt" | "receivedAt", number | null>>
    & {
      readonly counter: number;
    };
  readonly now: number;
  readonly endpoint?: string;
  /** Those that are not 0. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What the data plane told. */
export type ToldEvent = Readonly<Record<string, unknown>> & { readonly event: string };

/** Runs a program from its source with the V8 flags of the compiled ones. */
const SHIPPED = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", `--v8-flags=${V8_FLAGS.join()}`];

/** The program. Disposal ends it. */
export class SessionEnd implements AsyncDisposable {
  #read = 0;
  readonly #events: ToldEvent[] = [];

  private constructor(readonly process: Process, readonly settings: SessionEndSettings) {}

  /** Starts it; `argv` in the place of the running Deno with the V8 flags of the compiled programs. */
  static async start(
    namespace: Namespace,
    settings: SessionEndSettings,
    argv: readonly string[] = SHIPPED,
  ): Promise<SessionEnd> {
    const program = new URL("./programs/session_end.ts", import.meta.url).pathname;
    const end = new SessionEnd(namespace.spawn([...argv, program, JSON.stringify(settings)]), settings);
    try {
      if (await end.#line() !== "ready") throw new Error("session_end.ts did not get ready");
    } catch (error) {
      await end.process.stop();
      throw error;
    }
    return end;
  }

  /** Carries out a step and waits for its result. */
  async step<T = null>(step: SessionStep): Promise<T> {
    await this.process.send(JSON.stringify(step));
    for (;;) {
      const line = await this.#line();
      if (line !== null && typeof line === "object" && "result" in line) return line.result as T;
    }
  }

  /** A session's numbers. */
  async report(slot = 0): Promise<SessionReport> {
    return await this.step<SessionReport>({ do: "report", slot });
  }

  /** Waits until a report of a session is as wanted. */
  async waitForReport(
    what: string,
    accept: (report: SessionReport) => boolean,
    slot = 0,
  ): Promise<SessionReport> {
    let report = await this.report(slot);
    await waitUntil(what, async () => accept(report = await this.report(slot)));
    return report;
  }

  /** What was told so far. */
  async events(): Promise<readonly ToldEvent[]> {
    await this.report();
    return this.#events;
  }

  /** Waits for an event. */
  async waitForEvent(what: string, accept: (event: ToldEvent) => boolean): Promise<ToldEvent> {
    let found: ToldEvent | undefined;
    await waitUntil(what, async () => (found = (await this.events()).find(accept)) !== undefined);
    return found ?? { event: "none" };
  }

  /** The next line that is no event. */
  async #line(): Promise<unknown> {
    for (;;) {
      const line: unknown = JSON.parse(await this.process.stdout.waitFor(/^["{]/, { from: this.#read }));
      const { lines } = this.process.stdout;
      while (!/^["{]/.test(lines[this.#read] ?? "")) this.#read++;
      this.#read++;
      if (line === null || typeof line !== "object" || !("event" in line)) return line;
      this.#events.push(line as ToldEvent);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.endInput();
    await this.process.wait(5_000).catch(() => this.process.stop());
  }
}
