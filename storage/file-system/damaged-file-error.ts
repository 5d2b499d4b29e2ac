/** What is stored is not what was written. Nothing can be told from it until an operator has looked: the process must end. */
export class DamagedFileError extends Error {
  readonly fatal = true
  /** The file, or the folder of a database. */
  readonly file: string

  constructor(file: string, what: string, options?: ErrorOptions) {
    super(`${file} is damaged: ${what}. Put back a copy of the whole data folder, then start again`, options)
    this.name = 'DamagedFileError'
    this.file = file
  }
}
