import { CLIENT_CONTAINER, CLIENT_REPOSITORY, isManaged } from "../../../core/docker/client_container.ts";
import { classifyContainers } from "../../../core/docker/container_state.ts";
import type { DockerContainer } from "../../../core/docker/engine_json.ts";
import { repositoryOf } from "../../../core/docker/image_name.ts";
import { type CheckResult, faulty, skipped, sound } from "../../../core/doctor/check_result.ts";
import { fault } from "../../../core/faults/fault_table.ts";
import type { ClientCandidate } from "../../docker/managed_containers.ts";
import type { ContainerStatus } from "../../status/status_document.ts";
import type { Examination } from "../examination.ts";

/** The container of the tunnel's client: one that runs, else one that could. Undefined where no container concerns it. */
export function clientCandidate({ engine }: Examination): ClientCandidate | undefined {
  const candidates = engine?.value?.candidates ?? [];
  const finding = classifyContainers(candidates.map(({ container }) => container), undefined);
  const found = finding.container ?? candidates.find(({ container }) => isClient(container))?.container;
  return candidates.find(({ container }) => container.id === found?.id);
}

/** Whether a container has the client's image, as far as its name tells, or is a managed one. */
export function isClient(container: DockerContainer): boolean {
  return repositoryOf(container.image) === CLIENT_REPOSITORY || isManaged(container);
}

/** The client's container. */
export function checkContainer(examination: Examination): CheckResult {
  const { engine, status } = examination;
  if (engine?.value === undefined) return skipped("container", "the Engine was not asked");
  const known = status.value?.docker.container ?? undefined;
  if (known?.state === "not-required") {
    return sound("container", "not required: Docker runs on this machine");
  }
  const candidate = clientCandidate(examination);
  if (candidate === undefined) return checkAbsence(known, status.value?.client !== null);
  const { container } = candidate;
  const [name = CLIENT_CONTAINER] = container.names;
  const text = `${name} (${known?.image ?? shortImage(container.image)}) is ${container.state}`;
  if (!isClient(container)) return faulty("container", text, fault("container.conflict", { name }));
  if (container.state === "running") {
    if (known?.fault === undefined || known.state !== "running") return sound("container", text);
    return faulty("container", text, fault("container.outdated", { why: known.fault }));
  }
  const why = known?.fault ?? `it is ${container.state}`;
  return faulty("container", text, fault("container.stopped", { name, why }, remedyFor(container, name)));
}

function checkAbsence(known: ContainerStatus | undefined, isClientKnown: boolean): CheckResult {
  if (known?.state === "off" && isClientKnown) {
    return sound("container", "none is managed; the client runs by itself");
  }
  const why = known?.fault ?? "no container of the client exists";
  return faulty("container", why, fault("container.missing", { why }));
}

function remedyFor(container: DockerContainer, name: string): string {
  if (container.state === "paused") return `Let it go on: "docker unpause ${name}"`;
  if (isManaged(container)) {
    return `The running server starts it again; "docker logs ${name}" says why it ends`;
  }
  return `Start it: "docker start ${name}", or "sudo docker-connector doctor --fix"`;
}

/** An image's name; of an id what people see of it. */
function shortImage(image: string): string {
  return image.startsWith("sha256:") ? image.slice(0, "sha256:".length + 12) : image;
}
