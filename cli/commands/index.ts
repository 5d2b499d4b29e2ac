import type { RegisterCommand } from './command.js'

/** Every command, in the order of `--help`: the server's roles first, then what a user does. One file each. */
export const commands: readonly RegisterCommand[] = []
