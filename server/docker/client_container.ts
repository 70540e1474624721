/**
 * Keeps the client container running: makes it, starts it again, and makes it anew when its image, its key or its
 * settings are others. A container that somebody else has made is never touched.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { version } from "../../program/build_info.ts";
import { getLogger } from "../../program/log.ts";
import { LogOnChange } from "../../program/log_on_change.ts";
import {
  type BindingPolicy,
  type ContainerFinding,
  findClient,
  type TunnelClient,
} from "../../core/docker/binding_policy.ts";
import {
  CLIENT_CONTAINER,
  CLIENT_LABELS,
  clientEnvironment,
  type ClientPlan,
  type ClientSettings,
  creationRequest,
  hostConfig,
  isKept,
  isOfClient,
  keyOfEnvironment,
  lacksDevice,
  nextStep,
} from "../../core/docker/client_container.ts";
import type { DockerContainer } from "../../core/docker/containers.ts";
import { StartPace } from "../../core/docker/start_pace.ts";
import { OperationError } from "../../core/error.ts";
import type { EngineClient } from "../../system/docker/engine_client.ts";
import {
  actOnContainer,
  createContainer,
  EngineRefusal,
  inspectContainer,
  listContainers,
  removeContainer,
} from "../../system/docker/engine_containers.ts";
import { isStop } from "../../system/docker/engine_fault.ts";
import type { ClientImage, FoundImage } from "./client_image.ts";
import type { ClientKeeper } from "./network_watcher.ts";
import type { ContainerStatus } from "../status/status_document.ts";
import { removeKeptContainers } from "./managed_containers.ts";
import { PatientWork } from "./retry_worker.ts";

const log = getLogger("docker");

/** A key as it is made here: 32 random octets in base64url. */
const GENERATED_KEY = /^[A-Za-z0-9_-]{43}$/;

/** A container is made anew so often in so many milliseconds; more often means that somebody else keeps it too. */
const REPLACEMENTS = { most: 3, within: 60_000 } as const;

/** What the container is kept with. */
export interface ClientNeeds {
  readonly image: ClientImage;
  /** What the client is told, but for the key. */
  readonly settings: Omit<ClientSettings, "key">;
  /** Says which key is demanded. Without one of the configuration's, one is made for the container. */
  readonly policy: BindingPolicy;
  /** Demands a key of clients from now on; undefined: none. Not called where the policy is not open. */
  readonly demandKey: (key: string | undefined) => Promise<void>;
  /** Whether the Engine's containers are on this machine, so that no tunnel is needed. */
  readonly isLocal: (engine: EngineClient) => Promise<boolean>;
}

/** The keeper. Disposal ends its work and leaves the container as it is. */
export class ClientContainer implements ClientKeeper {
  readonly #needs: ClientNeeds;
  readonly #work: PatientWork;
  readonly #said = new LogOnChange();
  #engine: EngineClient | undefined;
  #generatedKey: string | undefined;
  /** Whether it was ever said what clients have to prove. */
  #isDecided = false;
  #replacements: number[] = [];
  readonly #pace = new StartPace();
  #status: Omit<ContainerStatus, "name"> = { state: "waiting", image: null };

  constructor(needs: ClientNeeds) {
    this.#needs = needs;
    this.#work = new PatientWork(() => this.#reconcile(), (fault) => this.#tell(fault));
  }

  /** What `status` shows. */
  get status(): ContainerStatus {
    return { name: CLIENT_CONTAINER, ...this.#status };
  }

  /** An Engine answers, or something of it may have changed. */
  attend(engine: EngineClient): void {
    this.#engine = engine;
    this.#work.wake();
  }

  /** The client container or its image may have changed. */
  wake(): void {
    this.#work.wake();
  }

  /** The Engine has gone. What is demanded of clients stays as it is. */
  lost(): void {
    this.#engine = undefined;
    this.#status = { state: "waiting", image: this.#status.image };
    if (!this.#isDecided) this.#work.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#engine = undefined;
    await this.#work[Symbol.asyncDispose]();
  }

  /**
   * Brings the container to where it should be.
   *
   * @returns milliseconds after which it may be started, where that has to wait
   */
  async #reconcile(): Promise<number | void> {
    const engine = this.#engine;
    if (engine === undefined) return this.#isDecided ? undefined : await this.#demand("none");
    if (await this.#needs.isLocal(engine)) return await this.#keepNone(engine);
    const image = await this.#image(engine);
    const imageId = image instanceof Error ? undefined : image.identity;
    const finding = findClient(await this.#candidates(engine, imageId), imageId);
    if (finding.kind === "theirs") return await this.#useTheirs(engine, finding);
    if (finding.kind === "foreign") throw await this.#obstacle(finding.container);
    for (const surplus of finding.surplus) await this.#remove(engine, surplus);
    return await this.#keep(engine, finding.container, image);
  }

  async #keepNone(engine: EngineClient): Promise<void> {
    await this.#demand("none");
    await removeKeptContainers(engine);
    this.#settle({ state: "needless", image: null });
    const words = "the Docker Engine is on this machine, so its containers need no tunnel and no client";
    if (this.#said.changed("client", words)) log.info(words);
  }

  /** Containers that have to do with the client, as they are now. */
  async #candidates(engine: EngineClient, imageId: string | undefined): Promise<DockerContainer[]> {
    const candidates: DockerContainer[] = [];
    for (const container of await listContainers(engine)) {
      if (!isOfClient(container, imageId)) continue;
      // The list may still show the state before the event that made us look.
      const details = await inspectContainer(engine, container.id);
      if (details === undefined) continue;
      candidates.push({ ...container, state: details.state });
      if (isKept(container)) this.#adopt(details.environment);
    }
    return candidates;
  }

  async #useTheirs(
    engine: EngineClient,
    { container, kept }: Extract<ContainerFinding, { kind: "theirs" }>,
  ): Promise<void> {
    const { names: [name = ""], image, state } = container;
    await this.#demand("theirs");
    for (const other of kept) await this.#remove(engine, other);
    this.#settle({ state: "theirs", image });
    const words = `client container ${name} is not this program's, and is used as it is`;
    if (this.#said.changed("client", words + state)) log.info(words, { container: name, image, state });
  }

  async #obstacle({ image, state }: DockerContainer): Promise<OperationError> {
    await this.#demand("foreign");
    this.#status = { state: "foreign", image };
    return new OperationError(
      "failure",
      `Cannot start the client container: a container ${CLIENT_CONTAINER} is there (${image}, ${state}) and is not ` +
        "this program's",
      `Remove or rename it; start it if it is your own client; or write "docker off" to keep this program out`,
    );
  }

  async #keep(
    engine: EngineClient,
    container: DockerContainer | undefined,
    image: FoundImage | OperationError,
  ): Promise<number | void> {
    const shown = image instanceof Error ? container?.image ?? null : image.shown;
    if (container === undefined && image instanceof Error) {
      this.#status = { state: "absent", image: null };
      throw image;
    }
    const key = this.#key;
    const environment = clientEnvironment({ ...this.#needs.settings, key });
    // Without an image what there is is kept going.
    const fingerprint = image instanceof Error
      ? container?.labels[CLIENT_LABELS.settings] ?? ""
      : fingerprintOf([image.identity, version, ...environment, JSON.stringify(hostConfig(true))]);
    const step = nextStep(container, fingerprint);
    const wait = this.#pace.wait(fingerprint, performance.now());
    if (wait > 0 && (step === "create" || step === "start")) return this.#wait(wait, shown);
    const plan = async (): Promise<ClientPlan> => {
      if (image instanceof Error) throw image;
      return { image: await this.#needs.image.provide(engine, image), environment, fingerprint };
    };
    if (container === undefined) {
      this.#status = { state: "absent", image: shown };
      const made = await plan();
      await this.#attempt(() => this.#create(engine, made));
    } else if (step === "replace") {
      const made = await plan();
      this.#countReplacement();
      await this.#remove(engine, container);
      await this.#attempt(() => this.#create(engine, made));
    } else {
      await this.#demand("ours");
      if (step === "start") await this.#attempt(() => this.#startAgain(engine, container, plan));
      if (step === "unpause") await this.#unpause(engine, container);
    }
    this.#settle({ state: step === "wait" ? "restarting" : "running", image: shown });
    if (container?.state === "restarting") this.#tellOfEnds();
    if (image instanceof Error) throw image;
  }

  /** Too many starts have come to nothing, so the next one is not yet due. */
  #wait(milliseconds: number, image: string | null): number {
    // What the Engine has said of the refusal stays in the status.
    if (!this.#pace.isRefused) {
      this.#status = { state: "restarting", image };
      this.#tellOfEnds();
    }
    return milliseconds;
  }

  #tellOfEnds(): void {
    const words = `client container ends soon after each start; docker logs ${CLIENT_CONTAINER} says why`;
    if (this.#said.changed("ends", words)) log.warn(words);
  }

  /** Starts the container as it is; makes it again where its machine has lost the device since. */
  async #startAgain(
    engine: EngineClient,
    container: DockerContainer,
    plan: () => Promise<ClientPlan>,
  ): Promise<void> {
    try {
      await this.#start(engine, container);
    } catch (error) {
      if (!isLackOfDevice(error)) throw error;
      const made = await plan();
      await removeContainer(engine, container);
      await this.#createWithoutDevice(engine, made);
    }
  }

  async #unpause(engine: EngineClient, { id, state }: DockerContainer): Promise<void> {
    this.#status = { ...this.#status, state: "starting" };
    await actOnContainer(engine, id, "unpause");
    log.info("client container unpaused", { container: CLIENT_CONTAINER, before: state });
  }

  /** Counts a start, so that the next one waits if it comes to nothing. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    this.#pace.tried(performance.now());
    try {
      await work();
      this.#pace.started();
    } catch (error) {
      this.#pace.refused(performance.now());
      throw error;
    }
  }

  /** Makes the container and starts it; without the device where the Engine's machine has none to pass on. */
  async #create(engine: EngineClient, plan: ClientPlan, hasDevice = true): Promise<void> {
    let id: string | undefined;
    try {
      id = await createContainer(engine, CLIENT_CONTAINER, creationRequest(plan, hasDevice));
      log.info("client container created", { container: CLIENT_CONTAINER, image: plan.image });
      await this.#demand("ours");
      await this.#start(engine, { id, state: "created" });
    } catch (error) {
      if (!hasDevice || !isLackOfDevice(error)) throw error;
      if (id !== undefined) await removeContainer(engine, { id, state: "created" });
      await this.#createWithoutDevice(engine, plan);
    }
  }

  async #createWithoutDevice(engine: EngineClient, plan: ClientPlan): Promise<void> {
    log.info("the Docker Engine has no /dev/net/tun to pass on, so the client makes its own");
    await this.#create(engine, plan, false);
  }

  async #start(engine: EngineClient, { id, state }: Pick<DockerContainer, "id" | "state">): Promise<void> {
    this.#status = { ...this.#status, state: "starting" };
    await actOnContainer(engine, id, "start");
    log.info("client container started", { container: CLIENT_CONTAINER, before: state });
  }

  async #remove(engine: EngineClient, container: DockerContainer): Promise<void> {
    await removeContainer(engine, container);
    log.info("client container removed, since its image, key or settings are others now", {
      container: container.names[0],
    });
  }

  /** Two servers at one Engine would take turns without an end. */
  #countReplacement(): void {
    const now = performance.now();
    this.#replacements = this.#replacements.filter((time) => now - time < REPLACEMENTS.within);
    if (this.#replacements.length >= REPLACEMENTS.most) {
      throw new OperationError(
        "failure",
        `Cannot keep the client container: it was made anew ${REPLACEMENTS.most} times within a minute`,
        "See whether another docker-connector uses the same Docker Engine",
      );
    }
    this.#replacements.push(now);
  }

  /** The image; why there is none is told later, since a container may be there nevertheless. */
  async #image(engine: EngineClient): Promise<FoundImage | OperationError> {
    try {
      return await this.#needs.image.find(engine);
    } catch (error) {
      if (error instanceof OperationError) return error;
      throw error;
    }
  }

  /** Goes on with the key that an earlier run made, so that its container can stay. */
  #adopt(environment: readonly string[]): void {
    const key = keyOfEnvironment(environment);
    if (key !== undefined && GENERATED_KEY.test(key)) this.#generatedKey ??= key;
  }

  /** The key that the kept container has or is given. */
  get #key(): string {
    return this.#needs.policy.key ?? (this.#generatedKey ??= randomBytes(32).toString("base64url"));
  }

  async #demand(client: TunnelClient): Promise<void> {
    const { policy, demandKey } = this.#needs;
    this.#isDecided = true;
    if (policy.isOpen) await demandKey(policy.demandedKey(client, this.#key));
  }

  #settle(status: Omit<ContainerStatus, "name">): void {
    this.#status = status;
    this.#said.clear("fault");
    if (status.state !== "restarting" && !this.#pace.isStruggling) this.#said.clear("ends");
    if (status.state === "running") this.#said.clear("client");
  }

  /** An Engine may repeat what it was sent, the environment too. */
  #withoutKey(words: string): string {
    return words.replaceAll(this.#key, "***");
  }

  /** A fault is said once until it is another. */
  #tell(fault: OperationError): void {
    // That the Engine has gone is told by whoever looks for it.
    if (this.#engine === undefined || isStop(fault.cause)) return;
    const { state } = this.#status;
    const report = this.#withoutKey(fault.report);
    this.#status = { ...this.#status, state: state === "starting" ? "stopped" : state, fault: report };
    if (this.#said.changed("fault", report)) log.warn(`${report}; it is tried again`);
  }
}

/** A digest of texts, one of them the key, which cannot be read out of it. */
function fingerprintOf(texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}

function isLackOfDevice(error: unknown): boolean {
  return error instanceof EngineRefusal && lacksDevice(error.message);
}
