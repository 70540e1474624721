import { Backoff } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import { asOperationError, OperationError } from "../../core/error.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { problemStatus } from "../../program/status.ts";
import { isConnectionLost } from "../../system/docker/docker_error.ts";
import { type ExecStream, inspectExec, openExecStream } from "../../system/docker/exec_stream.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { RunningClient } from "../docker/container_controller.ts";

const log = getLogger("path");

/** Hands its input and output to the client that runs in the container. */
const ATTACH = ["docker-connector-client", "attach"] as const;

/** Pauses between attempts. Chance takes a part away, since two servers may use one Engine. */
const PAUSES = { firstMs: 100, maxMs: 10_000, jitter: 0.5 } as const;
/** The same where no stream could be opened: an Engine that is gone for a moment is asked soon, and alone. */
const UNOPENED_PAUSES = { firstMs: 100, maxMs: 2_000, jitter: 0.5 } as const;
/** Milliseconds after which a stream counts as one that works. */
const HELD_MS = 10_000;
/** Milliseconds until a client that cannot attach is asked again: only another client will do better. */
const UNABLE_PAUSE_MS = 60_000;

/**
 * Runs in a row that end with 126 or 127 until the container counts as one without a client: Engines before 28 say the same
 * of every command while a container ends, for some 100 ms.
 */
const MIN_ABSENCES = 4;

/** What the exit status of the command means where it is more than the end of a stream. */
const EXITS: ReadonlyMap<number | undefined, Exit> = new Map([
  // EX_USAGE of sysexits.h: a client of before knows no such command.
  [64, { kind: "too-old", state: "the client in the container is too old for it" }],
  // EX_UNAVAILABLE: the client may still be starting.
  [69, { kind: "lost", state: "no client runs in the container" }],
  // The container runtime's, for a program that it cannot run and one that it does not find.
  [126, { kind: "absent", state: "the container has no client that can attach" }],
  [127, { kind: "absent", state: "the container has no client that can attach" }],
]);

/** An end of the command: "too-old" and "absent" stay so as long as the client is the same. */
interface Exit {
  readonly kind: "lost" | "too-old" | "absent";
  readonly state: string;
}

/** Collaborators; those with defaults are for tests. */
export interface EngineAttachmentDeps {
  /** Takes an open stream; it may be read and written until `onClosing` is called. */
  readonly onOpened: (stream: ExecStream) => void;
  /** Lets an open stream go, once for each; its descriptor is closed when the promise has resolved. */
  readonly onClosing: (stream: ExecStream) => void | Promise<void>;
  readonly open?: typeof openExecStream;
  readonly inspect?: typeof inspectExec;
  readonly clock?: Clock;
  /** A number from 0 to below 1. */
  readonly random?: () => number;
}

/** How the stream is. */
export interface EngineAttachmentStatus {
  /** "off": there is no container; "unavailable": its client cannot attach. */
  readonly state: "off" | "connecting" | "open" | "unavailable";
  /** Why it is not open, in words, and what to do about it. */
  readonly fault?: string;
  readonly remedy?: string;
}

/** How an attempt ended. */
interface Ending {
  readonly fault: OperationError;
  readonly wasOpen: boolean;
  readonly kind: Exit["kind"];
}

/**
 * Keeps a stream open to the client in its container, through the Docker Engine. Disposal closes it.
 *
 * A stream that is lost is opened again at once the first time, then with pauses, until one has held.
 */
export class EngineAttachment implements AsyncDisposable {
  readonly #deps: Required<EngineAttachmentDeps>;
  readonly #logged = new LogOnChange();
  #client: RunningClient | undefined;
  #leaving = new AbortController();
  /** The work for the clients so far, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #current: { readonly stream: ExecStream; readonly end: (reason: string) => void } | undefined;
  #status: EngineAttachmentStatus = { state: "off" };
  #isDisposed = false;

  constructor(deps: EngineAttachmentDeps) {
    this.#deps = {
      ...{ open: openExecStream, inspect: inspectExec, clock: SYSTEM_CLOCK, random: Math.random },
      ...deps,
    };
  }

  get status(): EngineAttachmentStatus {
    return this.#status;
  }

  /** Follows the client in this container from now on; undefined: none runs. The same again changes nothing. */
  setContainer(client: RunningClient | undefined): void {
    const before = this.#client;
    if (this.#isDisposed || client?.id === before?.id && client?.engine === before?.engine) return;
    this.#client = client;
    this.#leaving.abort();
    const leaving = this.#leaving = new AbortController();
    this.#status = { state: client === undefined ? "off" : "connecting" };
    if (client !== undefined) {
      this.#work = this.#work.then(() => this.#follow(client, leaving.signal));
    }
  }

  /**
   * Notes that a stream has ended or broken.
   *
   * @param reason the state in words, such as "the stream has ended"
   * @param stream which one; one that is closed already counts for nothing
   */
  lost(reason: string, stream: ExecStream | undefined = this.#current?.stream): void {
    if (stream === this.#current?.stream) this.#current?.end(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.setContainer(undefined);
    this.#isDisposed = true;
    await this.#work;
  }

  async #follow(client: RunningClient, leaving: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const backoff = new Backoff({ ...PAUSES, random });
    const unopened = new Backoff({ ...UNOPENED_PAUSES, random });
    let mayReopen = true;
    let absences = 0;
    const onHeld = () => {
      backoff.reset();
      mayReopen = true;
      // It has a client, whatever is said of it later.
      absences = -Infinity;
      if (this.#logged.changed("state", `open ${client.id}`)) log.info("the engine path is open");
    };
    while (!leaving.aborted) {
      const ending = await this.#attach(client, leaving, onHeld);
      if (leaving.aborted || ending === undefined) return;
      absences = ending.kind === "absent" ? absences + 1 : Math.min(absences, 0);
      const isUnable = ending.kind === "too-old" || absences >= MIN_ABSENCES;
      this.#report(client, ending, isUnable);
      if (ending.wasOpen && ending.kind === "lost" && mayReopen) {
        mayReopen = false;
        continue;
      }
      if (ending.wasOpen) unopened.reset();
      const pause = isUnable ? UNABLE_PAUSE_MS : (ending.wasOpen ? backoff : unopened).next();
      const over = Promise.withResolvers<void>();
      using _timer = clock.after(pause, over.resolve);
      await untilLeaving(over.promise, leaving);
    }
  }

  /** Opens one stream and waits for its end; undefined when the client is left. */
  async #attach(
    client: RunningClient,
    leaving: AbortSignal,
    onHeld: () => void,
  ): Promise<Ending | undefined> {
    const { clock, open, onOpened, onClosing } = this.#deps;
    let stream: ExecStream | undefined;
    let reason: string | undefined;
    try {
      stream = await open(client.engine, client.id, ATTACH, leaving);
      if (leaving.aborted) return undefined;
      const ended = Promise.withResolvers<string>();
      this.#current = { stream, end: ended.resolve };
      using _timer = clock.after(HELD_MS, onHeld);
      this.#status = { state: "open" };
      try {
        onOpened(stream);
        reason = await untilLeaving(ended.promise, leaving);
      } finally {
        this.#current = undefined;
        await onClosing(stream);
      }
    } catch (error) {
      return { fault: asOperationError(error, ACT), wasOpen: stream !== undefined, kind: "lost" };
    } finally {
      stream?.close();
    }
    return reason === undefined ? undefined : await this.#explain(client, stream, reason, leaving);
  }

  /** Says why a stream ended: the exit status of the command tells more than the end itself. */
  async #explain(
    { engine }: RunningClient,
    { execId }: ExecStream,
    reason: string,
    leaving: AbortSignal,
  ): Promise<Ending> {
    // An Engine that is gone cannot tell.
    const inspecting = this.#deps.inspect(engine, execId).catch(() => undefined);
    const exit = EXITS.get((await untilLeaving(inspecting, leaving))?.exitCode);
    if (exit === undefined) return { fault: faultOf(reason), wasOpen: true, kind: "lost" };
    const remedy = exit.kind === "lost"
      ? "Look at the log of its container"
      : "Update the image of the client";
    return { fault: faultOf(exit.state, remedy), wasOpen: true, kind: exit.kind };
  }

  /** Shows a fault, and logs it if all was well with this container before. */
  #report({ id }: RunningClient, { fault, kind }: Ending, isUnable: boolean): void {
    const { report, cause } = fault;
    const state = isUnable ? "unavailable" : "connecting";
    this.#status = { state, ...problemStatus(fault) };
    // The network watcher reports a lost Engine, and the next attempts show whether a client is absent.
    if (isConnectionLost(cause) || kind === "absent" && !isUnable) return;
    if (this.#logged.changed("state", `${state} ${id}`)) log.warn(`${report}; it is tried again`);
  }
}

const ACT = "Cannot use the engine path";

function faultOf(state: string, remedy = ""): OperationError {
  return new OperationError("unavailable", `${ACT}: ${state}`, remedy);
}

/** Awaits the work; undefined as soon as the client is left. */
async function untilLeaving<T>(work: Promise<T>, leaving: AbortSignal): Promise<T | undefined> {
  const left = Promise.withResolvers<undefined>();
  const leave = () => left.resolve(undefined);
  leaving.addEventListener("abort", leave);
  try {
    if (leaving.aborted) leave();
    return await Promise.race([work, left.promise]);
  } finally {
    leaving.removeEventListener("abort", leave);
  }
}
