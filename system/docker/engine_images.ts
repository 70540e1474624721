/**
 * Images of an Engine: looked up, loaded from a file, pulled. What does not succeed throws an OperationError "unavailable", and
 * {@linkcode DockerApiError} where the Engine refuses.
 *
 * @module
 */
import * as v from "valibot";
import { splitTag } from "../../core/docker/image_name.ts";
import { parse, parseJson } from "../../core/docker/engine_json.ts";
import { OperationError } from "../../core/error.ts";
import { type EngineClient, type EngineReply, parseReply, type SendOptions } from "./engine_client.ts";
import { DockerApiError, WITH_ID } from "./engine_containers.ts";
import { openImage } from "./image_file.ts";

/** Milliseconds for taking an image in: some hundred megabytes onto a slow disk, or through a slow line. */
const LOAD_TIMEOUT_MS = 5 * 60_000;
const PULL_TIMEOUT_MS = 15 * 60_000;

/** Bytes that are read from the file at once. */
const CHUNK_SIZE = 1 << 18;

/** Characters of the Engine's words that are repeated, and names of loaded images that are looked at. */
const MAX_WORDS = 200;
const MAX_NAMES = 16;

/** Told how far taking an image in has come; both numbers are bytes, and `total` may grow. */
export type ImageProgress = (step: "download" | "unpack" | "upload", done: number, total: number) => void;

/** The id of an image; undefined if the Engine has none of that name or id. */
export async function imageId(engine: EngineClient, name: string): Promise<string | undefined> {
  // A name's slashes stay: they are part of the path for the Engine too.
  const target = `/images/${name.split("/").map(encodeURIComponent).join("/")}/json`;
  const reply = await engine.send("GET", target);
  if (reply.status === 404) return undefined;
  if (reply.status !== 200) throw new DockerApiError(`inspect image ${name}`, reply);
  return parse(WITH_ID, parseReply(engine, reply))?.Id;
}

/**
 * Loads a tar as `docker save` writes it.
 *
 * @returns the name or the id of what was loaded; of the image's names the first
 * @throws {OperationError} "io" for the file, "failure" where it holds several images
 */
export async function loadImage(
  engine: EngineClient,
  path: string,
  onProgress: ImageProgress,
): Promise<string> {
  using file = await openImage(path);
  const { size } = await file.stat();
  const chunks = portionsOf(file, size, (done) => onProgress("upload", done, size));
  const body = { type: "application/x-tar", length: size, chunks };
  let words = "";
  const reply = await report(engine, "/images/load?quiet=1", { body, timeoutMs: LOAD_TIMEOUT_MS }, (line) => {
    if (words.length < 1 << 16) words += line.stream ?? "";
  });
  if (reply.fault !== undefined) throw new DockerApiError(`load image ${path}`, reply);
  const loaded = words.matchAll(/Loaded image(?: ID)?: (\S+)/g);
  // Docker has a line for each name, Podman one for all.
  const names = [...loaded.flatMap(([, name = ""]) => name.split(",")).take(MAX_NAMES)];
  const [first] = names;
  if (first === undefined) {
    throw new DockerApiError(`load image ${path}`, { ...reply, message: "nothing that names the image" });
  }
  if (names.length === 1) return first;
  // Several names of one image, as a rule.
  const ids = new Set(await Array.fromAsync(names, (name) => imageId(engine, name)));
  if (ids.size === 1) return first;
  const state = `the file holds several images (${names.join(", ").slice(0, MAX_WORDS)})`;
  const remedy = "Name the one to use with --image";
  throw new OperationError("failure", `Cannot use image ${path}: ${state}`, remedy);
}

/** Pulls an image that anyone may pull, by its name with the namespace. */
export async function pullImage(
  engine: EngineClient,
  name: string,
  onProgress: ImageProgress,
): Promise<void> {
  const { name: repository, tag } = splitTag(name);
  const target = `/images/create?fromImage=${encodeURIComponent(repository)}&tag=${encodeURIComponent(tag)}`;
  const steps = new PullSteps();
  const reply = await report(engine, target, { timeoutMs: PULL_TIMEOUT_MS }, (line) => {
    const at = steps.add(line);
    if (at !== undefined) onProgress(at.step, at.done, at.total);
  });
  if (reply.fault !== undefined) throw pullFault(name, reply);
}

/** Why an image was not pulled; the registry's words come through the Engine's. */
function pullFault(name: string, reply: EngineReply): OperationError {
  const { status, message } = reply;
  const otherwise = "load the image from a tar and name that with --image";
  const fault = (state: string, remedy: string) => {
    const words = `Cannot pull image ${name}: ${state} (the Docker Engine answers: ${message})`;
    return new OperationError("unavailable", words, `${remedy}, or ${otherwise}`);
  };
  if (/denied|unauthorized|authentication|forbidden/i.test(message)) {
    return fault("the registry has no such image, or not for everybody", "Check the name");
  }
  if (status === 404 || /not found|unknown/i.test(message)) {
    return fault("the registry has no such image", "Check the name");
  }
  if (/no such host|dial |timeout|unreachable|refused|network|EOF/i.test(message)) {
    return fault("the registry cannot be reached", "Check the network of Docker's machine");
  }
  const remedy = `See what docker pull ${name} says, or ${otherwise}`;
  return new DockerApiError(`pull image ${name}`, reply, remedy);
}

const OPTIONAL_TEXT = v.fallback(v.optional(v.string()), undefined);

/** A line of the answer to `POST /images/create` or `/images/load`; unfit fields count as absent. */
const PROGRESS = v.object({
  status: OPTIONAL_TEXT,
  id: OPTIONAL_TEXT,
  stream: OPTIONAL_TEXT,
  error: OPTIONAL_TEXT,
  progressDetail: v.fallback(v.optional(v.object({ current: v.number(), total: v.number() })), undefined),
});

type ProgressLine = v.InferOutput<typeof PROGRESS>;

/** An answer that is one JSON object a line, and the fault that it may end with in spite of its status. */
async function report(
  engine: EngineClient,
  target: string,
  options: SendOptions,
  onProgress: (line: ProgressLine) => void,
): Promise<EngineReply & { readonly fault: string | undefined }> {
  let fault: string | undefined;
  const onLine = (text: string) => {
    const line = parseJson(PROGRESS, text);
    if (line?.error !== undefined) fault ??= line.error.slice(0, MAX_WORDS);
    if (line !== undefined) onProgress(line);
  };
  const reply = await engine.send("POST", target, { ...options, onLine });
  if (reply.status !== 200) return { ...reply, fault: reply.message };
  return { ...reply, message: fault ?? "", fault };
}

/** Layers that are followed; an image has a few, at most 127. */
const MAX_LAYERS = 128;

/** How far one step has come, in bytes; the total is that of the layers seen so far. */
interface PullStep {
  readonly step: "download" | "unpack";
  readonly done: number;
  readonly total: number;
}

/** How far a pull has come, out of the Engine's lines about its layers. */
class PullSteps {
  readonly #layers = { download: new Map<string, PullStep>(), unpack: new Map<string, PullStep>() };

  /**
   * Takes one line of the answer to `POST /images/create`, such as
   * `{"status":"Downloading","progressDetail":{"current":1,"total":2},"id":"layer"}`.
   *
   * @returns how far that step has come; undefined when the line says nothing of it
   */
  add({ status, id, progressDetail }: ProgressLine): PullStep | undefined {
    const step = status === "Downloading" ? "download" : status === "Extracting" ? "unpack" : undefined;
    if (step === undefined || id === undefined || progressDetail === undefined) return undefined;
    const { current: done, total } = progressDetail;
    const layers = this.#layers[step];
    if (layers.has(id) || layers.size < MAX_LAYERS) layers.set(id, { step, done, total });
    return layers.values().reduce(
      (sum, layer) => ({ step, done: sum.done + layer.done, total: sum.total + layer.total }),
      { step, done: 0, total: 0 },
    );
  }
}

async function* portionsOf(
  file: Deno.FsFile,
  size: number,
  onDone: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  const buffer = new Uint8Array(CHUNK_SIZE);
  for (let left = size; left > 0;) {
    const length = await file.read(buffer.subarray(0, Math.min(left, CHUNK_SIZE)));
    if (length === null) throw new OperationError("io", "Cannot load the image: its file became shorter");
    yield buffer.subarray(0, length);
    left -= length;
    onDone(size - left);
  }
}
