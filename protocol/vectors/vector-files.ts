import { DIRECTIONS } from '../schema/channels.js'
import { invalidVectors } from './invalid-vectors.js'
import { validVectors } from './valid-vectors.js'

/** The files of vectors by their path under protocol/, as they are to be committed. */
export function vectorFiles(): Map<string, string> {
  const files = new Map<string, string>()
  for (const direction of DIRECTIONS) {
    files.set(`vectors/valid/${direction.name}.json`, toText(validVectors(direction)))
    files.set(`vectors/invalid/${direction.name}.json`, toText(invalidVectors(direction)))
  }
  return files
}

/** One vector per line: a change shows as the line of the vector that changed. */
function toText(vectors: readonly object[]): string {
  return `[\n${vectors.map((vector) => `  ${JSON.stringify(vector)}`).join(',\n')}\n]\n`
}
