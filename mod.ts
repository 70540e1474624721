/**
 * The library of docker-connector: addresses and the config file.
 *
 * Everything here is pure: nothing touches the system.
 *
 * @module
 */
export { type ErrorCode, OperationError } from "./core/error.ts";

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
  activeConfig,
  type ConfigChange,
  diffConfigs,
  type RestartNotice,
  restartNotices,
} from "./core/config/changes.ts";
export {
  type Config,
  type ConfiguredRoute,
  DEFAULT_CONFIG,
  type DockerSetting,
  type Expose,
  type HostsFile,
  KEYS,
  type NetworkPair,
  type Overrides,
  type Proxy,
  type Token,
} from "./core/config/config.ts";
export { addLine, type Edit, listLines, removeLine } from "./core/config/text.ts";
export { type Diagnostic, formatDiagnostic, type Position } from "./core/config/diagnostic.ts";
export { type KeySpec, type Reload } from "./core/config/key.ts";
export { LOG_LEVELS, type LogLevel, parseLogLevel } from "./core/config/log_level.ts";
export { parseConfig, type ParsedConfig } from "./core/config/parse.ts";
export { type TunnelAddresses, tunnelAddresses } from "./core/config/virtual_network.ts";
