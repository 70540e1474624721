import { createHash } from "node:crypto";
import type { Clock } from "../../core/async/clock.ts";
import type { BindingPolicy } from "../../core/docker/binding_policy.ts";
import {
  CLIENT_CONTAINER,
  CLIENT_LABELS,
  clientEnvironment,
  type ClientOptions,
  type ClientPlan,
  hostConfig,
  isManaged,
} from "../../core/docker/client_container.ts";
import { classifyContainers, type ContainerFinding, nextAction } from "../../core/docker/container_state.ts";
import type { DockerContainer } from "../../core/docker/engine_json.ts";
import { StartBackoff } from "../../core/docker/start_backoff.ts";
import { OperationError } from "../../core/error.ts";
import { version } from "../../program/build_info.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { problemStatus } from "../../program/status.ts";
import { isConnectionLost } from "../../system/docker/docker_error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { actOnContainer, removeContainer } from "../../system/docker/engine_containers.ts";
import { SYSTEM_CLOCK } from "../../system/process/system_clock.ts";
import type { ContainerStatus } from "../status/status_document.ts";
import type { ClientImage, FoundImage } from "./client_image.ts";
import { ClientKey } from "./client_key.ts";
import { ContainerController, type RunningClientListener } from "./container_controller.ts";
import {
  changeState,
  type ClientCandidate,
  listCandidates,
  portField,
  removeManagedContainers,
  startClient,
} from "./managed_containers.ts";

const log = getLogger("docker");

/** Limit on replacements; more mean that another server manages the container too. */
const MAX_REPLACEMENTS = 3;
const REPLACEMENTS_WITHIN_MS = 60_000;

export interface ClientContainerDeps {
  readonly image: ClientImage;
  readonly settings: Omit<ClientOptions, "key">;
  /** Decides which key is required. If the configuration has none, one is generated for the container. */
  readonly policy: BindingPolicy;
  readonly requireKey: ClientKey["requireKey"];
  /** Tells whether the Engine's containers are on this machine, so that no tunnel is needed. */
  readonly isLocal: (engine: EngineClient) => Promise<boolean>;
  readonly onRunning?: RunningClientListener;
  readonly clock?: Clock;
}

/**
 * Keeps the client container running: creates it, starts it again, and replaces it when its image, its key or its
 * settings change. Each round observes the Engine, decides (`core/docker/container_state.ts`) and acts.
 */
export class ClientContainer extends ContainerController {
  readonly #clock: Clock;
  readonly #key: ClientKey;
  readonly #logged = new LogOnChange();
  readonly #backoff = new StartBackoff();
  #replacements: number[] = [];
  #status: Omit<ContainerStatus, "name"> = { state: "pending", image: null };

  constructor(readonly deps: ClientContainerDeps) {
    const { policy, requireKey, clock = SYSTEM_CLOCK, onRunning } = deps;
    super(clock, onRunning);
    this.#clock = clock;
    this.#key = new ClientKey(policy, requireKey);
  }

  get status(): ContainerStatus {
    return { name: CLIENT_CONTAINER, ...this.#status };
  }

  /** The required key stays as it is. */
  override onDisconnected(): void {
    super.onDisconnected();
    this.#status = { state: "pending", image: this.#status.image };
    if (!this.#key.isDecided) this.wake();
  }

  override async restart(): Promise<boolean> {
    const { running } = this;
    if (running === undefined || this.#status.state !== "running") return false;
    await actOnContainer(running.engine, running.id, "restart");
    return true;
  }

  protected override get isStartRefused(): boolean {
    return this.#backoff.isRefused;
  }

  protected override async reconcile(): Promise<number | void> {
    try {
      return await this.#look();
    } finally {
      // Until the first decision nobody is bound, and an Engine that fails must not keep a user's own client out.
      if (!this.#key.isDecided) await this.#key.require("none");
    }
  }

  async #look(): Promise<number | void> {
    const { engine } = this;
    if (engine === undefined) return;
    if (await this.deps.isLocal(engine)) return await this.#removeAll(engine);
    // A missing image is reported later, since a container may exist anyway.
    const image = await this.deps.image.find(engine).catch((error: unknown) => {
      if (error instanceof OperationError) return error;
      throw error;
    });
    const imageId = image instanceof OperationError ? undefined : image.identity;
    const candidates = await this.#listCandidates(engine, imageId);
    const finding = classifyContainers(candidates.map(({ container }) => container), imageId);
    if (finding.kind === "external") return await this.#useExternal(engine, finding, candidates);
    if (finding.kind === "conflict") return await this.#refuseConflict(engine, finding.container);
    for (const extra of finding.extras) await removeLogged(engine, extra, "another managed container exists");
    return await this.#manage(engine, finding.container, image);
  }

  async #removeAll(engine: EngineClient): Promise<void> {
    await this.#key.require("none");
    this.tellRunning(engine, undefined);
    await removeManagedContainers(engine);
    this.#setStable({ state: "not-required", image: null });
    const words = "client container not required: Docker runs on this host";
    if (this.#logged.changed("client", words)) log.info(words);
  }

  /** Lists the containers that concern the client, and adopts the key of a managed one. */
  async #listCandidates(engine: EngineClient, imageId: string | undefined): Promise<ClientCandidate[]> {
    const candidates = await listCandidates(engine, imageId);
    for (const { container, environment } of candidates) {
      if (isManaged(container)) this.#key.adopt(environment);
    }
    return candidates;
  }

  async #useExternal(
    engine: EngineClient,
    { container, managed }: Extract<ContainerFinding, { kind: "external" }>,
    candidates: readonly ClientCandidate[],
  ): Promise<void> {
    const { id, names: [name = ""], image, state } = container;
    // Nothing can be run in a paused one.
    this.tellRunning(engine, state === "running" ? id : undefined);
    await this.#key.require("external");
    for (const other of managed) await removeLogged(engine, other, "the user's client runs");
    this.#setStable({ state: "external", image, ...portField(candidates, container) });
    const words = `client container ${name} is not managed by this program and is used as it is`;
    if (this.#logged.changed("client", words + state)) log.info(words, { container: name, image, state });
  }

  async #refuseConflict(engine: EngineClient, { image, state }: DockerContainer): Promise<never> {
    this.tellRunning(engine, undefined);
    await this.#key.require("conflict");
    this.#status = { state: "conflict", image };
    throw new OperationError(
      "failure",
      `Cannot start the client container: a container ${CLIENT_CONTAINER} exists (${image}, ${state}) that this ` +
        "program does not manage",
      `Remove or rename it; start it if it is your own client; or write "docker off" to keep this program out`,
    );
  }

  async #manage(
    engine: EngineClient,
    container: DockerContainer | undefined,
    image: FoundImage | OperationError,
  ): Promise<number | void> {
    const hasImage = !(image instanceof OperationError);
    const shown = hasImage ? image.shown : container?.image ?? null;
    const environment = clientEnvironment({ ...this.deps.settings, key: this.#key.text });
    const fingerprint = hasImage ? fingerprintOf(image, environment) : undefined;
    const subject = fingerprint ?? container?.labels[CLIENT_LABELS.fingerprint] ?? "";
    const startDelayMs = this.#backoff.wait(subject, this.#clock.now());
    const plan = async (): Promise<ClientPlan> => {
      if (!hasImage) throw image;
      return { image: await this.deps.image.provide(engine, image), environment, fingerprint: subject };
    };
    const onCreated = () => {
      this.#status = { ...this.#status, state: "created", image: shown };
    };
    const start = async (known: DockerContainer | undefined, made: () => Promise<ClientPlan>) => {
      this.tellRunning(engine, await this.#attempt(() => startClient(engine, known, made, onCreated)));
    };
    const action = nextAction({ container, fingerprint, startDelayMs });
    // Before the container is there: routes lead to its networks already, and to get its image may take minutes.
    if (action.kind !== "report-no-image") await this.#key.require("managed");
    // One that is to be replaced runs until then: to get the image may take minutes.
    this.tellRunning(engine, container?.state === "running" ? container.id : undefined);
    switch (action.kind) {
      case "report-no-image":
        this.#status = { state: "missing", image: null };
        throw image;
      case "delay-start":
        // After an error of the Engine the status keeps showing it.
        if (!this.#backoff.isRefused) {
          this.#status = { state: "restarting", image: shown };
          this.#warnOfRestarts();
        }
        return startDelayMs;
      case "create":
      case "replace": {
        if (action.kind === "create") this.#status = { state: "missing", image: shown };
        const made = await plan();
        if (action.kind === "replace") await this.#removeOutdated(engine, action.container);
        await start(undefined, () => Promise.resolve(made));
        break;
      }
      case "start":
        onCreated();
        await start(action.container, plan);
        break;
      case "unpause":
        onCreated();
        await changeState(engine, action.container, "unpause");
        this.tellRunning(engine, action.container.id);
    }
    this.#setStable({ state: action.kind === "wait" ? "restarting" : "running", image: shown });
    if (container?.state === "restarting") this.#warnOfRestarts();
    if (!hasImage) throw image;
  }

  /** Counts a start, so that the next one waits if this one fails. */
  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    this.#backoff.tried(this.#clock.now());
    try {
      const result = await work();
      this.#backoff.started();
      return result;
    } catch (error) {
      this.#backoff.refused(this.#clock.now());
      throw error;
    }
  }

  /** Removes a container that is to be replaced; throws where two servers replace each other's container. */
  async #removeOutdated(engine: EngineClient, container: DockerContainer): Promise<void> {
    const now = this.#clock.now();
    this.#replacements = this.#replacements.filter((time) => now - time < REPLACEMENTS_WITHIN_MS);
    if (this.#replacements.length >= MAX_REPLACEMENTS) {
      throw new OperationError(
        "failure",
        `Cannot manage the client container: recreated ${MAX_REPLACEMENTS} times within a minute`,
        "Check whether another docker-connector uses the same Docker Engine",
      );
    }
    this.#replacements.push(now);
    const words = "recreating client container: image, key or settings changed";
    log.info(words, { container: CLIENT_CONTAINER });
    this.tellRunning(engine, undefined);
    await removeContainer(engine, container);
  }

  /** Sets a state that ends the current fault. */
  #setStable(status: Omit<ContainerStatus, "name">): void {
    this.#status = status;
    this.#logged.clear("fault");
    if (status.state !== "restarting" && !this.#backoff.isStruggling) this.#logged.clear("ends");
    if (status.state === "running") this.#logged.clear("client");
  }

  #warnOfRestarts(): void {
    const words = `client container ends soon after each start; docker logs ${CLIENT_CONTAINER} says why`;
    if (this.#logged.changed("ends", words)) log.warn(words);
  }

  /** Logs a fault once until it changes. */
  protected override report(fault: OperationError): void {
    // The network watcher reports a lost Engine.
    if (this.engine === undefined || isConnectionLost(fault.cause)) return;
    const { state } = this.#status;
    // An Engine may repeat what it was sent, the environment with the key too.
    const clear = (text: string) => text.replaceAll(this.#key.text, "***");
    const problem = problemStatus({ message: clear(fault.message), remedy: fault.remedy });
    this.#status = { ...this.#status, state: state === "created" ? "stopped" : state, ...problem };
    const report = clear(fault.report);
    if (this.#logged.changed("fault", report)) log.warn(`${report}; it is tried again`);
  }
}

async function removeLogged(engine: EngineClient, container: DockerContainer, reason: string): Promise<void> {
  await removeContainer(engine, container);
  log.info("client container removed", { container: container.names[0], reason });
}

/** Identifies image and settings; the key among them cannot be read from it. */
function fingerprintOf({ identity }: FoundImage, environment: readonly string[]): string {
  const texts = [identity, version, ...environment, JSON.stringify(hostConfig(true))];
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}
