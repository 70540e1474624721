/**
 * The library of docker-connector: addresses and the config file.
 *
 * Everything here is pure: nothing touches the system.
 *
 * @module
 */
export { type FaultCode, OperationError } from "./core/error.ts";

export {
  addressFromUint32,
  addressToUint32,
  equalAddress,
  formatAddress,
  type IpAddress,
  nextAddress,
  parseAddress,
} from "./core/net/address.ts";
export {
  type Endpoint,
  equalEndpoint,
  formatEndpoint,
  parseEndpoint,
  parsePort,
} from "./core/net/endpoint.ts";
export {
  equalPrefix,
  formatPrefix,
  maskPrefix,
  parsePrefix,
  type Prefix,
  prefixContains,
  prefixesOverlap,
} from "./core/net/prefix.ts";

export {
  type BridgePair,
  type Config,
  DEFAULT_CONFIG,
  type DockerSetting,
  type Expose,
  type HostsFile,
  type Overrides,
  type Proxy,
  type Route,
  type Token,
} from "./core/config/config.ts";
export { addLine, type Edit, listLines, removeLine } from "./core/config/edit.ts";
export { type Fault, formatFault, type Place } from "./core/config/diagnostic.ts";
export { type KeyName, KEYS, type KeySpec, type Reload } from "./core/config/keys.ts";
export { LOG_LEVELS, type LogLevel, parseLogLevel } from "./core/config/log_level.ts";
export { parseConfig, type ParsedConfig } from "./core/config/parse.ts";
export { plan, type Step } from "./core/config/plan.ts";
export { configInForce, type RestartKey, type RestartStep } from "./core/config/restart.ts";
export { type Roles, rolesOf } from "./core/config/virtual_network.ts";
