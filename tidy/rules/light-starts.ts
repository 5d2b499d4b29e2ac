import { lineOf, STARTS_WITHOUT } from '../layers.js'
import {
  isTest,
  type Package,
  packagesOf,
  type Repository,
  type Rule,
  resolveRelative,
  sourcesOf,
} from '../repository.js'
import type { Import } from '../source-text.js'

/** Files of the table do not load what it says: by no chain of imports, however long. `import()` ends a chain. */
export const lightStarts: Rule = (repository) => {
  const packages = packagesOf(repository)
  const imports = new Map(sourcesOf(repository).map(({ file, imports }) => [file, imports]))
  return [...imports.keys()].flatMap((file) => {
    const line = isTest(file) ? undefined : lineOf(STARTS_WITHOUT, file)
    if (line === undefined) return []
    const loaded = loadedWith(repository, packages, imports, file)
    return STARTS_WITHOUT[line]!.filter((name) => loaded.has(name)).map((name) => ({
      file,
      says: `loads ${name} at its start: ${loaded.get(name)!.join(' → ')}. Load it by import() where it is used`,
    }))
  })
}

/** Doors of ours and packages of npm that are loaded with a file, each with the files on the way to it. */
function loadedWith(
  repository: Repository,
  packages: readonly Package[],
  imports: ReadonlyMap<string, readonly Import[]>,
  start: string,
): Map<string, readonly string[]> {
  const loaded = new Map<string, readonly string[]>()
  const seen = new Set<string>()
  const walk = (file: string, way: readonly string[]): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const { specifier, typeOnly, deferred } of imports.get(file) ?? []) {
      if (typeOnly || deferred) continue
      const isRelative = specifier.startsWith('.')
      const isOurs = packages.some(({ name }) => name === packageNameOf(specifier))
      const name = isOurs ? specifier : packageNameOf(specifier)
      if (!isRelative && !loaded.has(name)) loaded.set(name, [...way, file, specifier])
      const target = isRelative ? resolveRelative(repository, file, specifier) : sourceOfDoor(packages, specifier)
      if (target !== undefined) walk(target, [...way, file])
    }
  }
  walk(start, [])
  return loaded
}

/** The source behind a door of a package of ours. */
function sourceOfDoor(packages: readonly Package[], specifier: string): string | undefined {
  const home = packages.find(({ name }) => name === packageNameOf(specifier))
  if (home === undefined) return undefined
  const door = home.manifest.exports?.[`.${specifier.slice(home.name.length)}`]
  const [, stem] = /"\.\/dist\/([\w./-]+?)\.js"/.exec(JSON.stringify(door ?? '')) ?? []
  return stem && `${home.folder}/${stem}.ts`
}

/** The package that an import means: without the door. */
function packageNameOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
