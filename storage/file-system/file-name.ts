/**
 * Any text (a node's or a log's id) as a name that every file system takes, and that leads out of no folder.
 * @throws RangeError when it is empty or too long
 */
export function toFileName(text: string): string {
  const name = encodeURIComponent(text).replace(/[.*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
  if (name.length === 0 || name.length > 200)
    throw new RangeError(`'${text}' is no name for a folder: 1 to 200 characters`)
  return name
}

/** The text that {@link toFileName} made the name of. */
export function fromFileName(name: string): string {
  return decodeURIComponent(name)
}
