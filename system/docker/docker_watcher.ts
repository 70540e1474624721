/**
 * Follows the networks of an Engine that may start, stop and be replaced at any time.
 *
 * @module
 */
import type { DockerNetwork, NetworkList } from "../../core/docker/networks.ts";
import { retryPause } from "../../core/async/backoff.ts";
import { OperationError } from "../../core/error.ts";
import { isNotListening } from "./docker_error.ts";
import type { EngineClient } from "./engine_client.ts";
import type { SocketSearch } from "./socket_search.ts";

/** Who is told what. The calls come one after the other. */
export interface DockerListener {
  /** An Engine answers; its networks follow. */
  onConnected(engine: EngineClient): void;
  /** All networks of the Engine, after it was found, when they may have changed, and every 30 s. */
  onNetworks(list: NetworkList): Promise<void>;
  /** The client container or its image may have changed; told at once, while networks may still be listed. */
  onClientChange(): void;
  /** The Engine has gone, or none was found; the same fault is told again with each attempt. */
  onDisconnected(fault: OperationError): void;
}

/** How the Engine is reached; a test gives other durations. */
export interface WatchOptions {
  /** Where it may be; asked before each attempt. */
  readonly sockets: () => Promise<SocketSearch>;
  /** Finds an Engine. */
  readonly find: (search: SocketSearch, signal: AbortSignal) => Promise<EngineClient>;
  /** Milliseconds between a change and the list, in which more changes may come. */
  readonly settle?: number;
  /**
   * Milliseconds after which the networks are listed without a change, which also shows that the Engine is alive, and after
   * which it is looked whether another context is in use.
   */
  readonly refresh?: number;
  /** Milliseconds that the search for sockets may take. */
  readonly searchTime?: number;
  /** Milliseconds between two looks whether a socket was made anew. */
  readonly look?: number;
  /** Milliseconds to wait after failed attempts, see `retryPause`. */
  readonly pause?: typeof retryPause;
}

/** What the follower knows now. */
export interface EngineState {
  /** The Engine that answers; undefined while none does. */
  readonly engine: EngineClient | undefined;
  /** The networks as they were last listed, which stay when the Engine goes: it stops more often than they change. */
  readonly networks: readonly DockerNetwork[];
  /** Why no Engine answers. */
  readonly fault: OperationError | undefined;
}

/** Follows an Engine until it is disposed of. */
export class DockerWatcher implements AsyncDisposable {
  readonly #options: Required<WatchOptions>;
  readonly #listener: DockerListener;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  /** A search that is under way; one that never ends is not begun twice. */
  #search: Promise<SocketSearch> | undefined;
  #failures = 0;
  #state: EngineState = { engine: undefined, networks: [], fault: undefined };

  /** Starts at once. */
  constructor(options: WatchOptions, listener: DockerListener) {
    this.#options = {
      ...{ settle: 50, refresh: 30_000, look: 500, searchTime: 10_000, pause: retryPause },
      ...options,
    };
    this.#listener = listener;
    this.#ended = this.#run();
  }

  /** What is known now. */
  get state(): EngineState {
    return this.#state;
  }

  /** Stops following; no call comes once the promise is kept. */
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
        before = await this.#unlessStopped(stampsOf(paths));
        await this.#follow(await this.#unlessStopped(this.#options.find(search, signal)), search);
      } catch (error) {
        if (signal.aborted) return;
        const fault = faultOf(error);
        this.#failures++;
        // A search in vain and an orderly end of the stream have no cause.
        isListening = fault.cause !== undefined && !isNotListening(fault.cause);
        this.#state = { ...this.#state, engine: undefined, fault };
        this.#listener.onDisconnected(fault);
      }
      await this.#rest(this.#options.pause(this.#failures, isListening), paths, before);
    }
  }

  /** What comes of the work; it is not waited for any more once this is to stop, which throws. */
  async #unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    const stopped = Promise.withResolvers<never>();
    using _onStop = onAbort(signal, () => stopped.reject(signal.reason));
    if (signal.aborted) stopped.reject(signal.reason);
    return await Promise.race([work, stopped.promise]);
  }

  /** Searches, within bounds: the folders of users may be on a file system that does not answer. */
  async #sockets(): Promise<SocketSearch> {
    this.#search ??= this.#options.sockets().finally(() => this.#search = undefined);
    using late = timer(this.#options.searchTime);
    const found = await this.#unlessStopped(Promise.race([this.#search, late.elapsed]));
    if (found !== undefined) return found;
    throw new OperationError(
      "unavailable",
      "Cannot find the Docker Engine: the folders where its socket may be do not answer",
      'Name its socket as in "docker unix:///var/run/docker.sock" in the config file',
    );
  }

  /**
   * Whether the settings of `docker` name another context than when the Engine was found, and another Engine answers there.
   *
   * @param known how that context and its socket were, to be compared with the next time
   */
  async #isReplaced(engine: EngineClient, known: { mark: string }): Promise<boolean> {
    const search = await this.#sockets();
    const mark = await this.#unlessStopped(markOf(search));
    if (mark === known.mark) return false;
    known.mark = mark;
    try {
      const found = await this.#unlessStopped(this.#options.find(search, this.#stop.signal));
      return found.path !== engine.path;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return false;
    }
  }

  /** Follows one Engine until it is lost. The events are open before the first list, so nothing falls between them. */
  async #follow(engine: EngineClient, search: SocketSearch): Promise<void> {
    const known = { mark: await this.#unlessStopped(markOf(search)) };
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
      using refresh = timer(this.#options.refresh);
      if (end === undefined) await Promise.race([changed.promise, refresh.elapsed]);
      if (end !== undefined) throw end;
      if (performance.now() - looked >= this.#options.refresh) {
        looked = performance.now();
        if (await this.#isReplaced(engine, known)) throw replaced(engine);
      }
      using settle = timer(this.#options.settle);
      await settle.elapsed;
    }
    await watched;
  }

  /**
   * Waits for the next attempt: for the pause, or until a socket is another than before the last attempt, which means
   * that Docker has been started.
   */
  async #rest(pause: number, paths: readonly string[], before: string): Promise<void> {
    const { signal } = this.#stop;
    const end = performance.now() + pause;
    let isSame = true;
    do {
      using step = timer(Math.min(Math.max(0, end - performance.now()), this.#options.look));
      using _onStop = onAbort(signal, step.end);
      await step.elapsed;
      using rest = timer(Math.max(0, end - performance.now()));
      using _onStopToo = onAbort(signal, rest.end);
      const stamps = stampsOf(paths);
      isSame = await Promise.race([stamps.then((now) => now === before), rest.elapsed.then(() => true)]);
    } while (performance.now() < end && !signal.aborted && isSame);
  }
}

function faultOf(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  const words = error instanceof Error ? error.message : String(error);
  return new OperationError("unavailable", `Cannot follow the Docker Engine: ${words}`, "", { cause: error });
}

function streamEnd({ path }: EngineClient): OperationError {
  return new OperationError(
    "unavailable",
    `Cannot follow the Docker Engine at ${path}: it ended the stream of events`,
    "Start Docker if it was stopped",
  );
}

function replaced({ path }: EngineClient): OperationError {
  return new OperationError(
    "unavailable",
    `Cannot stay with the Docker Engine at ${path}: another Docker context is in use now`,
  );
}

/** The context in use and the state of its socket. */
async function markOf({ context }: SocketSearch): Promise<string> {
  return context === undefined ? "" : `${context} ${await stampOf(context)}`;
}

async function stampsOf(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(stampOf))).join();
}

/** Which file is at the path, links followed; that there is none is a state too. */
async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, ctime } = await Deno.stat(path);
    return [dev, ino, ctime?.getTime()].join("-");
  } catch (error) {
    return error instanceof Error ? error.name : "unknown";
  }
}

interface Timer extends Disposable {
  /** Kept after the time, or once it was ended. */
  readonly elapsed: Promise<void>;
  readonly end: () => void;
}

function timer(milliseconds: number): Timer {
  const { promise, resolve } = Promise.withResolvers<void>();
  const id = setTimeout(resolve, milliseconds);
  return { elapsed: promise, end: resolve, [Symbol.dispose]: () => clearTimeout(id) };
}

function onAbort(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener("abort", act);
  if (signal.aborted) act();
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", act) };
}
