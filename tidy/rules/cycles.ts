import { type Rule, resolveRelative, sourcesOf } from '../repository.js'

/**
 * No file imports itself by way of others: modules in a ring run in an order that nobody chose, and one of them finds
 * the others half made. Imports of types are gone by then and do not count: parts of one machine may know each other.
 */
export const noCycles: Rule = (repository) => {
  const next = new Map<string, string[]>()
  for (const { file, imports } of sourcesOf(repository)) {
    const targets = imports
      .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
      .map(({ specifier }) => resolveRelative(repository, file, specifier))
    next.set(
      file,
      targets.filter((target) => target !== undefined),
    )
  }
  const done = new Set<string>()
  const cycles: string[][] = []
  const walk = (file: string, path: string[]): void => {
    const start = path.indexOf(file)
    if (start !== -1) {
      cycles.push([...path.slice(start), file])
      return
    }
    if (done.has(file)) return
    for (const target of next.get(file) ?? []) walk(target, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
  return cycles.map((cycle) => ({
    file: cycle[0]!,
    says: `is in a ring: ${cycle.join(' → ')}. Move what both ends need into a file of its own`,
  }))
}
