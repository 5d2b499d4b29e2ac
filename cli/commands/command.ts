import type { Command } from 'commander'

/** What each file of this folder exports: gives a command its options, and what it does. */
export type DefineCommand = (command: Command) => void

/**
 * A fault that the person at the terminal can mend: main prints its message without a stack.
 * Anything else that a command throws is a bug and shows where it came from.
 */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}
