/**
 * Watches the networks of an Engine that may start, stop and be replaced at any time.
 *
 * @module
 */
import type { DockerNetwork, NetworkList } from "../../core/docker/networks.ts";
import { retryPause } from "../../core/async/backoff.ts";
import { OperationError } from "../../core/error.ts";
import { isNotListening } from "./docker_error.ts";
import type { EngineClient } from "./engine_client.ts";
import type { SocketSearch } from "./socket_search.ts";

/** Callbacks of the watcher. They are called one after the other. */
export interface DockerListener {
  /** Called when an Engine answers; its networks follow. */
  onConnected(engine: EngineClient): void;
  /** Called with all networks after the connection, when they may have changed, and every 30 s. */
  onNetworks(list: NetworkList): Promise<void>;
  /** Called when the client container or its image may have changed, also while networks are being listed. */
  onClientChange(): void;
  /** Called when the Engine is gone or none was found; again with each failed attempt. */
  onDisconnected(fault: OperationError): void;
}

/** Access to the Engine, and durations that a test changes. */
export interface WatchOptions {
  /** Lists where an Engine may be, before each attempt. */
  readonly sockets: () => Promise<SocketSearch>;
  /** Connects to an Engine. */
  readonly connect: (search: SocketSearch, signal: AbortSignal) => Promise<EngineClient>;
  /** Milliseconds between a change and the next list, in which more changes may come; 50 by default. */
  readonly debounceMs?: number;
  /** Milliseconds after which networks and context are checked without a change; 30,000 by default. */
  readonly refreshMs?: number;
  /** Time limit of the search for sockets in milliseconds; 10,000 by default. */
  readonly searchTimeoutMs?: number;
  /** Milliseconds between two checks for a new socket; 500 by default. */
  readonly pollMs?: number;
  /** Milliseconds to wait after failed attempts. */
  readonly pause?: typeof retryPause;
}

/** The current state. */
export interface EngineState {
  /** The connected Engine, if any. */
  readonly engine: EngineClient | undefined;
  /** The last listed networks. They stay when the Engine goes: it stops more often than they change. */
  readonly networks: readonly DockerNetwork[];
  /** Why no Engine answers. */
  readonly fault: OperationError | undefined;
}

/** Watches an Engine until it is disposed of. */
export class DockerWatcher implements AsyncDisposable {
  readonly #options: Required<WatchOptions>;
  readonly #listener: DockerListener;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  /** The running search; one that never ends is not started twice. */
  #search: Promise<SocketSearch> | undefined;
  #failures = 0;
  #state: EngineState = { engine: undefined, networks: [], fault: undefined };

  /** Starts at once. */
  constructor(options: WatchOptions, listener: DockerListener) {
    this.#options = {
      ...{ debounceMs: 50, refreshMs: 30_000, pollMs: 500, searchTimeoutMs: 10_000, pause: retryPause },
      ...options,
    };
    this.#listener = listener;
    this.#ended = this.#run();
  }

  get state(): EngineState {
    return this.#state;
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
        this.#failures++;
        // A search in vain and an orderly end of the stream have no cause.
        isListening = fault.cause !== undefined && !isNotListening(fault.cause);
        this.#state = { ...this.#state, engine: undefined, fault };
        this.#listener.onDisconnected(fault);
      }
      await this.#pause(this.#options.pause(this.#failures, isListening), paths, before);
    }
  }

  /** Awaits the work, but rejects at once on disposal. */
  async #untilDisposed<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    const stopped = Promise.withResolvers<never>();
    using _listener = onAbort(signal, () => stopped.reject(signal.reason));
    return await Promise.race([work, stopped.promise]);
  }

  /** Searches with a time limit, since the folders of users may be on a file system that does not answer. */
  async #sockets(): Promise<SocketSearch> {
    this.#search ??= this.#options.sockets().finally(() => this.#search = undefined);
    using late = timer(this.#options.searchTimeoutMs);
    const found = await this.#untilDisposed(Promise.race([this.#search, late.elapsed]));
    if (found !== undefined) return found;
    throw new OperationError(
      "unavailable",
      "Cannot find the Docker Engine: the folders where its socket may be do not answer",
      'Name its socket as in "docker unix:///var/run/docker.sock" in the config file',
    );
  }

  /**
   * Tells whether the settings of `docker` name another context now, and another Engine answers there.
   *
   * @param known state of the context and its socket at the last check
   */
  async #isReplaced(engine: EngineClient, known: { mark: string }): Promise<boolean> {
    const search = await this.#sockets();
    const mark = await this.#untilDisposed(markOf(search));
    if (mark === known.mark) return false;
    known.mark = mark;
    try {
      const found = await this.#untilDisposed(this.#options.connect(search, this.#stop.signal));
      return found.path !== engine.path;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return false;
    }
  }

  /** Watches one Engine until it is lost. The events are open before the first list, so no change is missed. */
  async #watch(engine: EngineClient, search: SocketSearch): Promise<void> {
    const known = { mark: await this.#untilDisposed(markOf(search)) };
    let looked = performance.now();
    using events = await engine.events();
    const stopped = this.#stop.signal;
    let changed = Promise.withResolvers<void>();
    let end: unknown;
    const watched = (async () => {
      try {
        for await (const change of events.changes) {
          if (change === "networks") changed.resolve();
          else if (this.#state.engine === engine) this.#listener.onClientChange();
        }
        end = streamEnd(engine);
      } catch (error) {
        end = error;
      }
      changed.resolve();
    })();
    while (!stopped.aborted) {
      changed = Promise.withResolvers<void>();
      const list = await engine.networks();
      if (stopped.aborted) break;
      if (this.#state.engine === undefined) this.#listener.onConnected(engine);
      this.#failures = 0;
      this.#state = { engine, networks: list.networks, fault: undefined };
      await this.#listener.onNetworks(list);
      using refresh = timer(this.#options.refreshMs);
      if (end === undefined) await Promise.race([changed.promise, refresh.elapsed]);
      if (end !== undefined) throw end;
      if (performance.now() - looked >= this.#options.refreshMs) {
        looked = performance.now();
        if (await this.#isReplaced(engine, known)) throw replaced(engine);
      }
      using debounce = timer(this.#options.debounceMs);
      await debounce.elapsed;
    }
    await watched;
  }

  /** Waits before the next attempt, or until a socket has changed, which means that Docker was started. */
  async #pause(pause: number, paths: readonly string[], before: string): Promise<void> {
    const { signal } = this.#stop;
    const end = performance.now() + pause;
    const left = () => Math.max(0, end - performance.now());
    let isSame = true;
    do {
      using poll = timer(Math.min(left(), this.#options.pollMs), signal);
      await poll.elapsed;
      using rest = timer(left(), signal);
      isSame = await Promise.race([
        stampsOf(paths).then((now) => now === before),
        rest.elapsed.then(() => true),
      ]);
    } while (performance.now() < end && !signal.aborted && isSame);
  }
}

function faultOf(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  const words = error instanceof Error ? error.message : String(error);
  return new OperationError("unavailable", `Cannot watch the Docker Engine: ${words}`, "", { cause: error });
}

function streamEnd({ path }: EngineClient): OperationError {
  return new OperationError(
    "unavailable",
    `Cannot watch the Docker Engine at ${path}: it ended the stream of events`,
    "Start Docker if it was stopped",
  );
}

function replaced({ path }: EngineClient): OperationError {
  return new OperationError(
    "unavailable",
    `Cannot stay with the Docker Engine at ${path}: another Docker context is in use now`,
  );
}

/** Identifies the context in use and the state of its socket. */
async function markOf({ context }: SocketSearch): Promise<string> {
  return context === undefined ? "" : `${context} ${await stampOf(context)}`;
}

async function stampsOf(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(stampOf))).join();
}

/** Identifies the file at the path behind links; an absent file is a state too. */
async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, ctime } = await Deno.stat(path);
    return [dev, ino, ctime?.getTime()].join("-");
  } catch (error) {
    return error instanceof Error ? error.name : "unknown";
  }
}

interface Timer extends Disposable {
  /** Resolves after the time. */
  readonly elapsed: Promise<void>;
}

/** Starts a timer, which an abort ends early. */
function timer(milliseconds: number, signal?: AbortSignal): Timer {
  const { promise, resolve } = Promise.withResolvers<void>();
  const id = setTimeout(resolve, milliseconds);
  const listener = signal === undefined ? undefined : onAbort(signal, resolve);
  return {
    elapsed: promise,
    [Symbol.dispose]: () => {
      clearTimeout(id);
      listener?.[Symbol.dispose]();
    },
  };
}

function onAbort(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener("abort", act);
  if (signal.aborted) act();
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", act) };
}
