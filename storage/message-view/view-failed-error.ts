/**
 * A view that takes no changes any more: its engine could not write or read its files. It stays so until the process
 * starts again, which brings the view up to date from the log; what was acknowledged is there.
 */
export class ViewFailedError extends Error {
  /** Asking again cannot help: the process must end. */
  readonly fatal = true
  /** The operating system's name for it (ENOSPC, EIO …), as far as the engine's words tell. */
  readonly code?: string

  constructor(cause: Error) {
    const root = rootOf(cause)
    super(`the message view takes no more changes: ${root.message}`, { cause })
    this.name = 'ViewFailedError'
    const code = WORDS.find(([words]) => words.test(root.message))?.[1]
    if (code !== undefined) this.code = code
  }
}

/** LevelDB passes on what the system's library says, which is not the same everywhere, and no number with it. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/no space left on device/i, 'ENOSPC'],
  [/\bi(nput\/output|\/o) error$/i, 'EIO'],
  [/quota exceeded/i, 'EDQUOT'],
  [/file too large/i, 'EFBIG'],
  [/read-only file system/i, 'EROFS'],
  [/too many open files in system/i, 'ENFILE'],
  [/(too many open files|no file descriptors available)/i, 'EMFILE'],
]

/** Files that cannot be written or read, and files whose content is damaged: neither heals by itself. */
const FAILURES: ReadonlySet<unknown> = new Set(['LEVEL_IO_ERROR', 'LEVEL_CORRUPTION'])

/** Whether LevelDB's files failed it; all other errors are about one call. */
export function isFailureOfFiles(error: unknown): error is Error {
  return error instanceof Error && FAILURES.has((rootOf(error) as NodeJS.ErrnoException).code)
}

function rootOf(error: Error): Error {
  let root = error
  while (root.cause instanceof Error) root = root.cause
  return root
}
