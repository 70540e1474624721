import { retryPause } from "../../core/async/backoff.ts";
import type { Clock } from "../../core/async/clock.ts";
import type { DockerNetwork, NetworkList } from "../../core/docker/engine_json.ts";
import { OperationError } from "../../core/error.ts";
import { wordsOf } from "../process/runtime_error.ts";
import { SYSTEM_CLOCK } from "../process/system_clock.ts";
import { isNotListening } from "./docker_error.ts";
import type { EngineClient } from "./engine_client.ts";
import type { SocketSearch } from "./search/socket_search.ts";

/** Milliseconds after an Engine was lost in which it is looked for often: one that restarts is back soon. */
const HURRY_MS = 30_000;
/** Then: between two checks for a new socket, and between two attempts where the socket is the same. */
const HURRIED_POLL_MS = 50;
const HURRIED_PAUSE_MS = 250;
/** Milliseconds that an Engine must have answered for this. One that is lost at once again and again is not hurried. */
const HELD_MS = 1_000;

/** Callbacks of the watcher. They are called one after the other. */
export interface DockerListener {
  /** Called when an Engine answers; its networks follow. */
  onConnected(engine: EngineClient): void;
  /** Called with all networks after the connection, when they may have changed, and every 30 s. */
  onNetworks(list: NetworkList): Promise<void>;
  /** Called when the client container or its image may have changed, also while networks are being listed. */
  onClientChange(): void;
  /** Called with the id of a container that may have changed, also while networks are being listed; "any": one of all. */
  onContainerChange(id: string | "any"): void;
  /** Called when the Engine is gone or none was found; again with each failed attempt. */
  onDisconnected(fault: OperationError): void;
}

/** Access to the Engine, and times in milliseconds that a test changes. */
export interface WatchOptions {
  /** Lists where an Engine may be, before each attempt. */
  readonly sockets: () => Promise<SocketSearch>;
  /** Connects to an Engine. */
  readonly connect: (search: SocketSearch, signal: AbortSignal) => Promise<EngineClient>;
  /** Between a change and the next list, in which more changes may come. */
  readonly debounceMs?: number;
  /** After which networks and context are checked without a change. */
  readonly refreshMs?: number;
  /** That a search for sockets may take. */
  readonly searchTimeoutMs?: number;
  /** Between two checks for a new socket. */
  readonly pollMs?: number;
  /** The wait after failed attempts. */
  readonly pause?: typeof retryPause;
  readonly clock?: Clock;
}

/** The current state. */
export interface EngineState {
  readonly engine: EngineClient | undefined;
  /** The last listed networks. They stay when the Engine goes: it stops more often than they change. */
  readonly networks: readonly DockerNetwork[];
  /** Why no Engine answers. */
  readonly fault: OperationError | undefined;
}

/** Watches the networks of an Engine that may start, stop and be replaced at any time, until it is disposed of. */
export class DockerWatcher implements AsyncDisposable {
  state: EngineState = { engine: undefined, networks: [], fault: undefined };
  readonly #options: Required<WatchOptions>;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  /** The running search; one that never ends is not started twice. */
  #search: Promise<SocketSearch> | undefined;
  #failures = 0;
  /** When the Engine answered first, and until when it is looked for often since it was lost. */
  #foundAt = Infinity;
  #hurryUntil = -Infinity;

  constructor(options: WatchOptions, private readonly listener: DockerListener) {
    this.#options = {
      ...{ debounceMs: 50, refreshMs: 30_000, pollMs: 1_000, searchTimeoutMs: 10_000 },
      ...{ pause: retryPause, clock: SYSTEM_CLOCK },
      ...options,
    };
    this.#ended = this.#run();
  }

  /** Stops watching. No callback is called after the promise has resolved. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let paths: readonly string[] = [];
      let before = "";
      let isListening = false;
      try {
        const search = await this.#sockets();
        paths = search.paths;
        before = await this.#untilDisposed(stampsOf(paths));
        await this.#watch(await this.#untilDisposed(this.#options.connect(search, signal)), search);
      } catch (error) {
        if (signal.aborted) return;
        const fault = faultOf(error);
        this.#noteFailure();
        // A search in vain and an orderly end of the stream have no cause.
        isListening = fault.cause !== undefined && !isNotListening(fault.cause);
        this.state = { ...this.state, engine: undefined, fault };
        this.listener.onDisconnected(fault);
      }
      await this.#pause(this.#options.pause(this.#failures, isListening), paths, before);
    }
  }

  /** Counts a failure, except for those while the Engine is looked for often: pauses begin to grow after that. */
  #noteFailure(): void {
    const now = this.#options.clock.now();
    if (now >= this.#foundAt + HELD_MS) this.#hurryUntil = now + HURRY_MS;
    this.#foundAt = Infinity;
    this.#failures = now < this.#hurryUntil ? 1 : this.#failures + 1;
  }

  /** Awaits the work, but rejects at once on disposal. */
  async #untilDisposed<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    const stopped = Promise.withResolvers<never>();
    using _listener = onAbort(signal, () => stopped.reject(signal.reason));
    return await Promise.race([work, stopped.promise]);
  }

  /** Waits so many milliseconds, or until the promise has resolved or disposal. */
  async #wait(milliseconds: number, sooner?: Promise<unknown>): Promise<void> {
    const over = Promise.withResolvers<void>();
    using _timer = this.#options.clock.after(milliseconds, over.resolve);
    using _listener = onAbort(this.#stop.signal, over.resolve);
    await (sooner === undefined ? over.promise : Promise.race([over.promise, sooner]));
  }

  /** Searches with a time limit, since the folders of users may be on a file system that does not answer. */
  async #sockets(): Promise<SocketSearch> {
    this.#search ??= this.#options.sockets().finally(() => this.#search = undefined);
    let found: SocketSearch | undefined;
    await this.#wait(this.#options.searchTimeoutMs, this.#search.then((search) => found = search));
    this.#stop.signal.throwIfAborted();
    if (found !== undefined) return found;
    const remedy = 'Name its socket as in "docker unix:///var/run/docker.sock" in the config file';
    throw unavailable("find the Docker Engine", "the folders where its socket may be do not answer", remedy);
  }

  /** Watches one Engine until it is lost. The events are open before the first list, so no change is missed. */
  async #watch(engine: EngineClient, search: SocketSearch): Promise<void> {
    const { refreshMs, debounceMs, clock } = this.#options;
    const { signal } = this.#stop;
    let mark = await this.#untilDisposed(markOf(search));
    let lookedAt = clock.now();
    using events = await engine.events();
    let changed = Promise.withResolvers<void>();
    let end: unknown;
    const follow = async () => {
      for await (const change of events.changes) {
        // The answers that the list takes tell the Engine's time.
        if (change.networks || engine.clock.doubts(change.time, clock.wallClock())) changed.resolve();
        // What came before the first list is in it.
        if (this.state.engine !== engine) continue;
        if (change.client) this.listener.onClientChange();
        if (change.container !== undefined) this.listener.onContainerChange(change.container);
      }
      const state = "it ended the stream of events";
      throw unavailable(`watch the Docker Engine at ${engine.path}`, state, "Start Docker if it was stopped");
    };
    const followed = follow().catch((error) => {
      end = error;
      changed.resolve();
    });
    while (!signal.aborted) {
      changed = Promise.withResolvers<void>();
      const list = await engine.networks();
      if (signal.aborted) break;
      if (this.state.engine === undefined) {
        this.#foundAt = clock.now();
        this.listener.onConnected(engine);
      }
      this.#failures = 0;
      this.state = { engine, networks: list.networks, fault: undefined };
      await this.listener.onNetworks(list);
      if (end === undefined) await this.#wait(refreshMs, changed.promise);
      if (end !== undefined) throw end;
      if (clock.now() - lookedAt >= refreshMs) {
        lookedAt = clock.now();
        const now = await this.#sockets();
        const before = mark;
        mark = await this.#untilDisposed(markOf(now));
        if (mark !== before && await this.#leadsElsewhere(now, engine)) {
          const act = `stay with the Docker Engine at ${engine.path}`;
          throw unavailable(act, "another Docker context is in use now");
        }
      }
      await this.#wait(debounceMs);
    }
    await followed;
  }

  /** Tells whether another Engine answers where the settings of `docker` lead now. */
  async #leadsElsewhere(search: SocketSearch, engine: EngineClient): Promise<boolean> {
    const connecting = this.#untilDisposed(this.#options.connect(search, this.#stop.signal));
    const found = await connecting.catch((error) => {
      if (!(error instanceof OperationError)) throw error;
    });
    return found !== undefined && found.path !== engine.path;
  }

  /** Waits before the next attempt, or until a socket has changed, which means that Docker was started. */
  async #pause(pause: number, paths: readonly string[], before: string): Promise<void> {
    const { clock } = this.#options;
    const isHurried = clock.now() < this.#hurryUntil;
    const pollMs = isHurried ? Math.min(HURRIED_POLL_MS, this.#options.pollMs) : this.#options.pollMs;
    const end = clock.now() + (isHurried ? Math.min(HURRIED_PAUSE_MS, pause) : pause);
    const left = () => Math.max(0, end - clock.now());
    let isSame = true;
    do {
      await this.#wait(Math.min(left(), pollMs));
      await this.#wait(left(), stampsOf(paths).then((now) => isSame = now === before));
    } while (isSame && left() > 0 && !this.#stop.signal.aborted);
  }
}

function faultOf(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  const state = wordsOf(error);
  return new OperationError("unavailable", `Cannot watch the Docker Engine: ${state}`, "", { cause: error });
}

function unavailable(act: string, state: string, remedy = ""): OperationError {
  return new OperationError("unavailable", `Cannot ${act}: ${state}`, remedy);
}

/** Identifies the context in use and the state of its socket. */
async function markOf({ context }: SocketSearch): Promise<string> {
  return context === undefined ? "" : `${context} ${await stampOf(context)}`;
}

async function stampsOf(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(stampOf))).join();
}

/** Identifies the file at the path behind links; an absent file is a state too. */
function stampOf(path: string): Promise<string> {
  return Deno.stat(path).then(
    ({ dev, ino, ctime }) => [dev, ino, ctime?.getTime()].join("-"),
    (error) => error instanceof Error ? error.name : "unknown",
  );
}

function onAbort(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener("abort", act);
  if (signal.aborted) act();
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", act) };
}
