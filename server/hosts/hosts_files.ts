import type { HostsFile } from "../../core/config/keys/services.ts";
import { asOperationError } from "../../core/error.ts";
import { type HostsFileEntries, parseHostsFile } from "../../core/hosts/hosts_file.ts";
import { getLogger, LogOnChange } from "../../program/log.ts";
import { watchFile } from "../../system/config/file_watch.ts";
import { readHostsFile } from "../../system/hosts/hosts_file.ts";

const log = getLogger("hosts");

/** A hosts file that is followed. */
export interface FollowedFile {
  readonly line: HostsFile;
  /** What it said when it could be read last. */
  entries: HostsFileEntries;
  /** Why it cannot be read now. */
  fault: string | undefined;
}

/** The hosts files of the configuration. Loaded when there is one. */
export class HostsFiles implements Disposable {
  readonly #files = new Map<string, FollowedFile & { readonly watch: Disposable }>();
  readonly #said = new LogOnChange();

  /** @param onChange a file says something else now; must not throw */
  constructor(readonly onChange: () => void) {}

  /** In the order of the configuration. */
  get all(): readonly FollowedFile[] {
    return [...this.#files.values()];
  }

  /** Follows these files and no others. What is known of one stays until it is read again. */
  async follow(lines: readonly HostsFile[]): Promise<void> {
    const before = new Map(this.#files);
    this.#files.clear();
    for (const line of lines) {
      const { file } = line;
      const { entries = NONE, fault, watch } = before.get(file) ?? {};
      before.delete(file);
      this.#files.set(file, {
        line,
        entries,
        fault,
        watch: watch ?? watchFile(file, () => void this.#reread(file)),
      });
      await this.#read(file);
    }
    for (const { watch } of before.values()) watch[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const { watch } of this.#files.values()) watch[Symbol.dispose]();
    this.#files.clear();
  }

  async #reread(file: string): Promise<void> {
    if (await this.#read(file)) this.onChange();
  }

  /** Reads a file; whether it says something else than before. */
  async #read(file: string): Promise<boolean> {
    const followed = this.#files.get(file);
    if (followed === undefined) return false;
    try {
      const entries = parseHostsFile(await readHostsFile(file), followed.line.domains);
      const isNew = JSON.stringify(texts(entries)) !== JSON.stringify(texts(followed.entries));
      followed.entries = entries;
      followed.fault = undefined;
      if (this.#said.clear(file)) log.info("the hosts file can be read again", { file });
      this.#tell(followed, isNew);
      return isNew;
    } catch (error) {
      followed.fault = asOperationError(error, `Cannot read hosts file ${file}`).report;
      if (this.#said.changed(file, followed.fault)) {
        const { length } = followed.entries.entries;
        log.warn(length === 0 ? followed.fault : `${followed.fault}. What it said last stays in use`);
      }
      return false;
    }
  }

  #tell({ line: { file }, entries: { entries, faulty } }: FollowedFile, isNew: boolean): void {
    if (isNew) log.info("names for containers", { file, lines: entries.length });
    if (faulty === 0) this.#said.clear(`lines of ${file}`);
    else if (this.#said.changed(`lines of ${file}`, String(faulty))) {
      log.warn("lines of the hosts file have an address or a name that cannot be used", {
        file,
        lines: faulty,
      });
    }
  }
}

const NONE: HostsFileEntries = { entries: [], faulty: 0 };

function texts({ entries }: HostsFileEntries) {
  return entries.map(({ address, names }) => [[...address.bytes], ...names]);
}
