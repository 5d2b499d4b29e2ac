/** What to do about a storage that failed, by the code of the operating system. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space, then start again',
  EFBIG: 'a file may not grow that large: raise the limit (ulimit -f) or use another file system, then start again',
  EDQUOT: 'the quota of the disk is used up: raise it or free some space, then start again',
  EIO: 'the disk fails: look at the system’s log, mend or replace it, then start again',
  EROFS: 'the disk is mounted read-only: look at the system’s log for why, then start again',
  EACCES: 'the files do not belong to the user that runs this: correct their owner, then start again',
  EPERM: 'the files do not belong to the user that runs this: correct their owner, then start again',
  EMFILE: 'too many files are open: raise the limit (ulimit -n), then start again',
  ENFILE: 'too many files are open on this machine: raise the limit, then start again',
}

/** One sentence for the last line of the log: what failed, and what to do. */
export function describeStorageFailure(error: Error, dataDir: string): string {
  const cause = rootOf(error)
  const remedy = REMEDIES[cause.code ?? ''] ?? 'see the error, mend the cause, then start again'
  return `the storage in ${dataDir} failed (${error.message}): ${remedy}. Nothing was acknowledged that is not stored`
}

function rootOf(error: Error): NodeJS.ErrnoException {
  let root: NodeJS.ErrnoException = error
  while (root.code === undefined && root.cause instanceof Error) root = root.cause
  return root
}
