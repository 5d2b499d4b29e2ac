export { ConfigError, type Flags, loadConfig } from './config/load-config.js'
export { type Config, flagOf, type Reader, type Role, settingsOf } from './config/settings.js'
export type { DemoApp, RunningRole } from './roles/role.js'
export { exitCodeOf, type RunOptions, runRole } from './run-role.js'
