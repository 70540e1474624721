import { Diagnostics, type Positioned } from "./diagnostic.ts";
import { type ConfigKey, type KeySpec, LineReader } from "./key.ts";
import { accessKeys } from "./keys/access.ts";
import { networkKeys } from "./keys/networks.ts";
import { serviceKeys } from "./keys/services.ts";
import { tunnelKeys } from "./keys/tunnel.ts";
import { lexLines } from "./text.ts";
import { IPV6_MIN_MTU } from "./values.ts";

export type { Expose, Token } from "./keys/access.ts";
export type { ConfiguredRoute, NetworkPair } from "./keys/networks.ts";
export type { HostsFile, Proxy } from "./keys/services.ts";
export type { DockerSetting } from "./keys/tunnel.ts";

/** The records of all keys, by their fields of the configuration. */
export type ConfigKeys = typeof tunnelKeys & typeof networkKeys & typeof accessKeys & typeof serviceKeys;

/** Every key, by its field of the configuration. */
export const CONFIG_KEYS: ConfigKeys = { ...tunnelKeys, ...networkKeys, ...accessKeys, ...serviceKeys };

/** A field of the configuration. */
export type Field = keyof ConfigKeys;

/** What the line of a field's key is read into. */
export type ReadLine<F extends Field> = NonNullable<ReturnType<ConfigKeys[F]["read"]>>;

/** A whole configuration, free of faults. It is frozen. The fields are those of {@link CONFIG_KEYS}. */
export type Config = {
  readonly [F in Field]: ConfigKeys[F]["repeats"] extends true ? readonly ReadLine<F>["value"][]
    : ReadLine<F>["value"];
};

/** What has been read of a config file so far: the lines of each key without a fault of their own. */
export type Draft = { [F in Field]: ReadLine<F>[] };

/** Every field, in the order of the documentation. */
export const FIELDS = Object.keys(CONFIG_KEYS) as readonly Field[];

/** Every key, in the order of the documentation. */
export const KEYS: readonly KeySpec[] = Object.values(CONFIG_KEYS);

/** The fields that have a flag of the same name. */
export const OVERRIDE_FIELDS = ["addr", "host", "port", "mtu", "path"] as const;

/** Values of command-line flags, which win over the file's. */
export type Overrides = { readonly [F in typeof OVERRIDE_FIELDS[number]]?: Config[F] | undefined };

/** Finds the field of the key with this name. */
export function findField(name: string): Field | undefined {
  return FIELDS.find((field) => CONFIG_KEYS[field].name === name);
}

/** Finds the key with this name. */
export function findKey(name: string): KeySpec | undefined {
  return KEYS.find((key) => key.name === name);
}

/** Finds the record of a field's key, for code that handles all keys alike. */
export function keyOf(field: Field): ConfigKey {
  return CONFIG_KEYS[field];
}

/** Writes the value of a field. Equal texts mean equal values; the order of a list does not matter. */
export function fieldText<F extends Field>(field: F, value: Config[F]): string {
  const key = keyOf(field);
  return Array.isArray(value) ? value.map(key.format).sort().join("\n") : key.format(value);
}

/** Makes a draft of nothing. */
export function emptyDraft(): Draft {
  return Object.fromEntries(FIELDS.map((field) => [field, []])) as unknown as Draft;
}

/** Makes the frozen configuration. Keys without a line have their default; a repeated line counts once. */
export function buildConfig(draft: Draft): Config {
  const entries = FIELDS.map((field) => {
    const key = keyOf(field);
    const values = draft[field].map(({ value }: Positioned<unknown>) => value);
    if (!key.repeats) return [field, draft[field].length > 0 ? values.at(-1) : defaultOf(key)];
    const distinct = new Map(values.map((value) => [key.format(value), value]));
    return [field, key.merge?.(values) ?? [...distinct.values()]];
  });
  const config: Config = Object.fromEntries(entries);
  return deepFreeze({ ...config, addr6: config.mtu < IPV6_MIN_MTU ? undefined : config.addr6 });
}

function defaultOf(key: ConfigKey): unknown {
  if (key.default === "none") return undefined;
  const faults = new Diagnostics(key.name);
  const [line] = lexLines(`${key.name} ${key.default}`, faults);
  const read = line && key.read(new LineReader(line, key, faults));
  if (read === undefined) throw new TypeError(`${key.name} cannot be ${key.default}`);
  return read.value;
}

// Freezing a view of bytes is an error of the language, so addresses stay as they are.
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

/** What is active without a config file. The values are those of upstream v1 where it has the key. */
export const DEFAULT_CONFIG: Config = buildConfig(emptyDraft());
