/** The folder belongs to another process, or to another opener in this one. */
export class DataFolderInUseError extends Error {
  readonly folder: string
  /** Undefined when the other process has not written it yet. */
  readonly pid: number | undefined

  constructor(folder: string, pid: number | undefined) {
    const owner =
      pid === undefined ? 'another process' : pid === process.pid ? 'this process already' : `process ${pid}`
    super(`the data folder ${folder} is in use by ${owner}: stop it first, or use another folder`)
    this.name = 'DataFolderInUseError'
    this.folder = folder
    this.pid = pid
  }
}
