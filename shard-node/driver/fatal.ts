/** Storage says so of an error after which it cannot be trusted (storage/node-log): the process must end. */
export function isFatal(error: unknown): error is Error {
  return error instanceof Error && (error as { fatal?: boolean }).fatal === true
}
