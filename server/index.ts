export { ConfigError, type Flags } from './config/load-config.js'
export { flagOf, type Role, settingsOf } from './config/settings.js'
export type { DemoApp, RunningRole } from './roles/role.js'
export { exitCodeOf, type RunOptions, runRole } from './run-role.js'
