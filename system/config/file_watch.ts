/**
 * Follows one file through everything that editors and tools do to it.
 *
 * Events of the folder make it fast; a comparison of the file's state now and then makes it sure, where a folder was
 * replaced, a link was turned to another file, or the system has no events to give.
 *
 * @module
 */

import { type FileStamp, stampFile } from "./file_stamp.ts";
import { FolderWatch } from "./folder_watch.ts";

/** How long things take, in milliseconds. The sum of `latest` and `poll` bounds how late a call may come. */
export interface WatchOptions {
  /** How long nothing more may have happened before a call; one save is several events. */
  readonly quiet?: number;
  /** How long after its first event a call comes at the latest, even if more events keep coming. */
  readonly latest?: number;
  /** How often the file's state is compared. */
  readonly poll?: number;
}

/** A file that is being followed. */
export interface FileWatch extends AsyncDisposable {
  /** Ends it; no call comes after this was called. Calling it again is fine. */
  close(): Promise<void>;
}

/**
 * Calls back after each change of a file: written, replaced by a rename, deleted, made again, its folder replaced, or
 * its symbolic link turned elsewhere. A call comes about 100 ms after the change, at the latest after 1 s.
 *
 * @param path the file, which need not be there
 * @param onChange called without arguments: what the file is like now is for the reader to see
 * @param options other durations than the usual
 */
export function watchFile(path: string, onChange: () => void, options: WatchOptions = {}): FileWatch {
  return new WatchedFile(path, onChange, { quiet: 100, latest: 400, poll: 500, ...options });
}

class WatchedFile implements FileWatch {
  readonly #path: string;
  readonly #onChange: () => void;
  readonly #durations: Required<WatchOptions>;
  readonly #folders: FolderWatch;
  readonly #poller: ReturnType<typeof setInterval>;
  #known: FileStamp;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deadline: number | undefined;
  #closed = false;

  constructor(path: string, onChange: () => void, durations: Required<WatchOptions>) {
    this.#path = path;
    this.#onChange = onChange;
    this.#durations = durations;
    this.#folders = new FolderWatch(path, () => this.#expectChange());
    this.#known = stampFile(path);
    this.#poller = setInterval(() => this.#compare(), durations.poll);
  }

  #compare(): void {
    this.#folders.refresh();
    if (stampFile(this.#path).state !== this.#known.state) this.#expectChange();
  }

  #expectChange(): void {
    if (this.#closed) return;
    const now = performance.now();
    this.#deadline ??= now + this.#durations.latest;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#settle(),
      Math.min(this.#durations.quiet, Math.max(0, this.#deadline - now)),
    );
  }

  #settle(): void {
    const stamp = stampFile(this.#path);
    const late = this.#deadline === undefined || performance.now() >= this.#deadline;
    if (!stamp.settled && !late) return this.#expectChange();
    this.#deadline = undefined;
    this.#folders.refresh();
    if (stamp.state === this.#known.state && this.#known.settled) return;
    this.#known = stamp;
    this.#onChange();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poller);
    clearTimeout(this.#timer);
    await this.#folders.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
