/**
 * Keeps the client container running: creates it, starts it again, and replaces it when its image, its key or its
 * settings change. Each round observes the Engine, decides (`core/docker/container_state.ts`) and acts.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import type { BindingPolicy } from "../../core/docker/binding_policy.ts";
import {
  CLIENT_CONTAINER,
  CLIENT_LABELS,
  clientEnvironment,
  type ClientOptions,
  type ClientPlan,
  hostConfig,
  isClientCandidate,
  isManaged,
  keyOfEnvironment,
} from "../../core/docker/client_container.ts";
import {
  classifyContainers,
  type ContainerFinding,
  nextAction,
  type TunnelClient,
} from "../../core/docker/container_state.ts";
import type { DockerContainer } from "../../core/docker/containers.ts";
import { StartBackoff } from "../../core/docker/start_backoff.ts";
import { OperationError } from "../../core/error.ts";
import { version } from "../../program/build_info.ts";
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import { isConnectionLost } from "../../system/docker/docker_error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import { inspectContainer, listContainers, removeContainer } from "../../system/docker/engine_containers.ts";
import { RetryWorker } from "../retry_worker.ts";
import type { ContainerStatus } from "../status/status_document.ts";
import type { ClientImage, FoundImage } from "./client_image.ts";
import {
  changeState,
  containerRetryPause,
  createClient,
  removeManagedContainers,
  startClient,
  toContainerError,
} from "./managed_containers.ts";
import type { ClientController } from "./network_watcher.ts";

const log = getLogger("docker");

/** A generated key: 32 random bytes in base64url. */
const GENERATED_KEY = /^[A-Za-z0-9_-]{43}$/;

/** Limit on replacements; more mean that another server manages the container too. */
const MAX_REPLACEMENTS = 3;
const REPLACEMENTS_WITHIN_MS = 60_000;

/** Collaborators of the controller, and the settings of the client. */
export interface ClientContainerDeps {
  readonly image: ClientImage;
  /** The client's settings without the key. */
  readonly settings: Omit<ClientOptions, "key">;
  /** Decides which key is required. If the configuration has none, one is generated for the container. */
  readonly policy: BindingPolicy;
  /** Requires a key of clients from now on; undefined: none. Not called where the policy is not open. */
  readonly requireKey: (key: string | undefined) => Promise<void>;
  /** Tells whether the Engine's containers are on this machine, so that no tunnel is needed. */
  readonly isLocal: (engine: EngineClient) => Promise<boolean>;
}

/** The controller. Disposal ends its work and leaves the container as it is. */
export class ClientContainer implements ClientController {
  readonly #deps: ClientContainerDeps;
  readonly #worker: RetryWorker;
  readonly #logged = new LogOnChange();
  readonly #backoff = new StartBackoff();
  #engine: EngineClient | undefined;
  #generatedKey: string | undefined;
  /** True once the link knows which key clients have to prove. */
  #isKeyDecided = false;
  #replacements: number[] = [];
  #status: Omit<ContainerStatus, "name"> = { state: "pending", image: null };

  constructor(deps: ClientContainerDeps) {
    this.#deps = deps;
    this.#worker = new RetryWorker(() => this.#reconcile(), (error, failures) => {
      const fault = toContainerError(error);
      this.#report(fault);
      return containerRetryPause(fault, failures);
    });
  }

  get status(): ContainerStatus {
    return { name: CLIENT_CONTAINER, ...this.#status };
  }

  setEngine(engine: EngineClient): void {
    this.#engine = engine;
    this.#worker.wake();
  }

  wake(): void {
    this.#worker.wake();
  }

  /** The required key stays as it is. */
  onDisconnected(): void {
    this.#engine = undefined;
    this.#status = { state: "pending", image: this.#status.image };
    if (!this.#isKeyDecided) this.#worker.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#engine = undefined;
    await this.#worker[Symbol.asyncDispose]();
  }

  /** Brings the container to its desired state; returns milliseconds where the next start has to wait. */
  async #reconcile(): Promise<number | void> {
    const engine = this.#engine;
    if (engine === undefined) return this.#isKeyDecided ? undefined : await this.#require("none");
    if (await this.#deps.isLocal(engine)) return await this.#removeAll(engine);
    const image = await this.#findImage(engine);
    const imageId = image instanceof OperationError ? undefined : image.identity;
    const finding = classifyContainers(await this.#listCandidates(engine, imageId), imageId);
    if (finding.kind === "external") return await this.#useExternal(engine, finding);
    if (finding.kind === "conflict") throw await this.#reportConflict(finding.container);
    for (const extra of finding.extras) await removeLogged(engine, extra, "another managed container exists");
    return await this.#manage(engine, finding.container, image);
  }

  async #removeAll(engine: EngineClient): Promise<void> {
    await this.#require("none");
    await removeManagedContainers(engine);
    this.#setStable({ state: "not-required", image: null });
    const words = "client container not required: Docker runs on this host";
    if (this.#logged.changed("client", words)) log.info(words);
  }

  /** Finds the image. A missing one is reported later, since a container may exist anyway. */
  async #findImage(engine: EngineClient): Promise<FoundImage | OperationError> {
    try {
      return await this.#deps.image.find(engine);
    } catch (error) {
      if (error instanceof OperationError) return error;
      throw error;
    }
  }

  /** Lists the containers that concern the client, and adopts the key of a managed one. */
  async #listCandidates(engine: EngineClient, imageId: string | undefined): Promise<DockerContainer[]> {
    const candidates: DockerContainer[] = [];
    for (const container of await listContainers(engine)) {
      if (!isClientCandidate(container, imageId)) continue;
      // The list may still show the state before the event that caused this round.
      const details = await inspectContainer(engine, container.id);
      if (details === undefined) continue;
      candidates.push({ ...container, state: details.state });
      const key = isManaged(container) ? keyOfEnvironment(details.environment) : undefined;
      if (key !== undefined && GENERATED_KEY.test(key)) this.#generatedKey ??= key;
    }
    return candidates;
  }

  async #useExternal(
    engine: EngineClient,
    { container, managed }: Extract<ContainerFinding, { kind: "external" }>,
  ): Promise<void> {
    const { names: [name = ""], image, state } = container;
    await this.#require("external");
    for (const other of managed) await removeLogged(engine, other, "the user's client runs");
    this.#setStable({ state: "external", image });
    const words = `client container ${name} is not managed by this program and is used as it is`;
    if (this.#logged.changed("client", words + state)) log.info(words, { container: name, image, state });
  }

  async #reportConflict({ image, state }: DockerContainer): Promise<OperationError> {
    await this.#require("conflict");
    this.#status = { state: "conflict", image };
    return new OperationError(
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
    const environment = clientEnvironment({ ...this.#deps.settings, key: this.#key });
    const fingerprint = hasImage
      ? fingerprintOf([image.identity, version, ...environment, JSON.stringify(hostConfig(true))])
      : undefined;
    const subject = fingerprint ?? container?.labels[CLIENT_LABELS.fingerprint] ?? "";
    const startDelayMs = this.#backoff.wait(subject, performance.now());
    const plan = async (): Promise<ClientPlan> => {
      if (!hasImage) throw image;
      return { image: await this.#deps.image.provide(engine, image), environment, fingerprint: subject };
    };
    const onCreated = async () => {
      this.#status = { ...this.#status, state: "created", image: shown };
      await this.#require("managed");
    };
    const action = nextAction({ container, fingerprint, startDelayMs });
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
      case "create": {
        this.#status = { state: "missing", image: shown };
        const newPlan = await plan();
        await this.#attempt(() => createClient(engine, newPlan, onCreated));
        break;
      }
      case "replace": {
        const newPlan = await plan();
        this.#countReplacement();
        log.info("recreating client container: image, key or settings changed", {
          container: CLIENT_CONTAINER,
        });
        await removeContainer(engine, action.container);
        await this.#attempt(() => createClient(engine, newPlan, onCreated));
        break;
      }
      case "start":
        await onCreated();
        await this.#attempt(() => startClient(engine, action.container, plan, onCreated));
        break;
      case "unpause":
        await onCreated();
        await changeState(engine, action.container, "unpause");
        break;
      case "wait":
      case "none":
        await this.#require("managed");
    }
    this.#setStable({ state: action.kind === "wait" ? "restarting" : "running", image: shown });
    if (container?.state === "restarting") this.#warnOfRestarts();
    if (!hasImage) throw image;
  }

  /** Counts a start, so that the next one waits if this one fails. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    this.#backoff.tried(performance.now());
    try {
      await work();
      this.#backoff.started();
    } catch (error) {
      this.#backoff.refused(performance.now());
      throw error;
    }
  }

  /** Throws where two servers replace each other's container. */
  #countReplacement(): void {
    const now = performance.now();
    this.#replacements = this.#replacements.filter((time) => now - time < REPLACEMENTS_WITHIN_MS);
    if (this.#replacements.length >= MAX_REPLACEMENTS) {
      throw new OperationError(
        "failure",
        `Cannot manage the client container: recreated ${MAX_REPLACEMENTS} times within a minute`,
        "Check whether another docker-connector uses the same Docker Engine",
      );
    }
    this.#replacements.push(now);
  }

  /** The key of the managed container. */
  get #key(): string {
    return this.#deps.policy.key ?? (this.#generatedKey ??= randomBytes(32).toString("base64url"));
  }

  async #require(client: TunnelClient): Promise<void> {
    const { policy, requireKey } = this.#deps;
    this.#isKeyDecided = true;
    if (policy.isOpen) await requireKey(policy.requiredKey(client, this.#key));
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
  #report(fault: OperationError): void {
    // The network watcher reports a lost Engine.
    if (this.#engine === undefined || isConnectionLost(fault.cause)) return;
    const { state } = this.#status;
    // An Engine may repeat what it was sent, the environment with the key too.
    const report = fault.report.replaceAll(this.#key, "***");
    this.#status = { ...this.#status, state: state === "created" ? "stopped" : state, fault: report };
    if (this.#logged.changed("fault", report)) log.warn(`${report}; it is tried again`);
  }
}

async function removeLogged(engine: EngineClient, container: DockerContainer, reason: string): Promise<void> {
  await removeContainer(engine, container);
  log.info("client container removed", { container: container.names[0], reason });
}

/** Hashes the texts; the key among them cannot be read from the digest. */
function fingerprintOf(texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}
