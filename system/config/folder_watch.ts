/**
 * Hears of changes of one file from the system, by watching the folders that its name and its target lie in.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { identifyFolder } from "./file_stamp.ts";

/** Watches the folders of one path. It may miss changes; {@link refresh} has to be called now and then. */
export class FolderWatch {
  readonly #path: string;
  readonly #onEvent: () => void;
  readonly #followers = new Set<Promise<void>>();
  #watcher: Deno.FsWatcher | undefined;
  #names = new Set<string>();
  #folders = new Map<string, string>();

  /**
   * Starts watching.
   *
   * @param path the file, which need not be there
   * @param onEvent called at each event that may concern the file
   */
  constructor(path: string, onEvent: () => void) {
    this.#path = path;
    this.#onEvent = onEvent;
    this.refresh();
  }

  /** Watches other folders if the path leads elsewhere by now, a folder was replaced, or watching had failed. */
  refresh(): void {
    const files = [this.#path, ...targetOf(this.#path)];
    const folders = new Map<string, string>();
    for (const folder of files.map((file) => dirname(file))) {
      const identity = identifyFolder(folder);
      if (identity !== undefined) folders.set(folder, identity);
    }
    const same = String([...folders]) === String([...this.#folders]);
    this.#names = new Set(files.map((file) => basename(file)));
    this.#folders = folders;
    if (same && this.#watcher !== undefined) return;
    this.#stop();
    try {
      this.#watcher = Deno.watchFs([...folders.keys()], { recursive: false });
    } catch {
      return; // No folder, or no watches left in the kernel: the next refresh tries again.
    }
    const follower = this.#follow(this.#watcher).finally(() => this.#followers.delete(follower));
    this.#followers.add(follower);
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    try {
      for await (const event of watcher) if (this.#concerns(event)) this.#onEvent();
    } catch {
      // The next refresh starts anew.
    }
    if (this.#watcher === watcher) this.#watcher = undefined;
  }

  // Reading the file is an event too. Paths may be spelt otherwise than asked for (macOS: /private/etc), names are not.
  #concerns({ kind, paths, flag }: Deno.FsEvent): boolean {
    if (kind === "access") return false;
    return flag === "rescan" ||
      paths.some((path) => this.#names.has(basename(path)) || this.#folders.has(path));
  }

  #stop(): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    try {
      watcher?.close();
    } catch {
      // It has ended by itself.
    }
  }

  /** Stops watching; no event comes once the promise is kept. */
  async close(): Promise<void> {
    this.#stop();
    await Promise.all(this.#followers);
  }
}

function targetOf(path: string): string[] {
  try {
    return [Deno.realPathSync(path)];
  } catch {
    return [];
  }
}
