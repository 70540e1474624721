import assert from "node:assert/strict";
import { MANAGED } from "../../../core/docker/client_container.ts";
import type { DockerContainer } from "../../../core/docker/engine_json.ts";
import { stateOf } from "../../../core/doctor/check_result.ts";
import type { ContainerStatus } from "../../status/status_document.ts";
import type { Examination } from "../examination.ts";
import { checkContainer } from "./container.ts";

/** What the check says of these containers and of what the server says of its own. */
function look(containers: Partial<DockerContainer>[], known: ContainerStatus, isHeard = true) {
  const candidates = containers.map((own) => ({
    container: {
      ...{ id: "1", names: ["mac-connector"], image: "mac-docker-connector:1", imageId: "2" },
      ...{ state: "running", networkMode: "host", labels: {} },
      ...own,
    },
    environment: [],
    command: [],
  }));
  // The check reads no more than this of an examination.
  const examination = {
    engine: { value: { candidates } },
    status: { value: { docker: { container: known }, client: isHeard ? {} : null } },
  } as unknown as Examination;
  const result = checkContainer(examination);
  return [stateOf(result), ...result.faults.map(({ code }) => code)].join(" ");
}

const known = (state: ContainerStatus["state"], fault?: string): ContainerStatus => ({
  name: "mac-connector",
  state,
  image: "mac-docker-connector:1",
  ...fault === undefined ? {} : { fault },
});

Deno.test("a container that runs is sound, managed or the user's; with an old image that is told", () => {
  assert.equal(look([{ labels: MANAGED }], known("running")), "ok");
  assert.equal(look([{ names: ["mine"] }], known("external")), "ok");
  assert.match(look([{ labels: MANAGED }], known("running", "old")), /^warn container\.outdated$/);
});

Deno.test("one that was stopped or paused is named, managed or the user's", () => {
  for (const state of ["exited", "paused", "created"]) {
    assert.equal(look([{ labels: MANAGED, state }], known("stopped")), "fail container.stopped");
    assert.equal(look([{ names: ["mine"], state }], known("off")), "fail container.stopped");
  }
});

Deno.test("another program's container of the name is a conflict", () => {
  const other = { image: "postgres:17", state: "exited" };
  assert.equal(look([other], known("conflict")), "fail container.conflict");
});

Deno.test("none is missing where one is to be, and not where the client runs by itself or needs none", () => {
  assert.equal(look([], known("missing", "no image")), "fail container.missing");
  assert.equal(look([], known("off"), true), "ok");
  assert.equal(look([], known("off"), false), "fail container.missing");
  assert.equal(look([], known("not-required"), false), "ok");
});
