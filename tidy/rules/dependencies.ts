import { builtinModules } from 'node:module'
import {
  isTest,
  manifestAt,
  manifestsOf,
  type Package,
  packageOf,
  packagesOf,
  type Repository,
  type Rule,
  resolveRelative,
  sourcesOf,
  type Violation,
} from '../repository.js'

/**
 * package.json tells what a package needs, no more and no less: npm's hoisting makes an undeclared import work here
 * and fail where the package is installed by itself.
 */
export const declaredDependencies: Rule = (repository) => {
  const packages = manifestsOf(repository)
  const shared = Object.keys(manifestAt(repository, 'package.json').devDependencies ?? {})
  const shipped = shippedFiles(repository, packages)
  const violations: Violation[] = []
  for (const { file, imports } of sourcesOf(repository)) {
    const home = packageOf(packages, file)
    if (home === undefined) continue
    const { dependencies = {}, devDependencies = {} } = home.manifest
    for (const { specifier, line } of imports) {
      const name = packageNameOf(specifier)
      if (name === undefined || name === home.name || name in dependencies) continue
      const forTests = name in devDependencies || shared.includes(name)
      if (forTests && !shipped.has(file)) continue
      const says = forTests
        ? `imports ${name}, a devDependency, and is reached from the package's exports: move it to the dependencies of ${home.folder}/package.json, or the code to where only tests come`
        : `imports ${name}, which ${home.folder}/package.json does not declare`
      violations.push({ file, line, says })
    }
  }
  return violations
}

/** What nobody imports is not a dependency. */
export const usedDependencies: Rule = (repository) => {
  const sources = sourcesOf(repository)
  const packages = manifestsOf(repository)
  return packages.flatMap(({ folder, manifest }) => {
    const texts = sources.filter(({ file }) => packageOf(packages, file)?.folder === folder).map(({ text }) => text)
    const scripts = Object.values(manifest.scripts ?? {})
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    return declared
      .filter((name) => !name.startsWith('@types/'))
      .filter((name) => !texts.some((text) => text.includes(`'${name}'`) || text.includes(`'${name}/`)))
      .filter((name) => !scripts.some((script) => script.split(/\s+/).includes(name)))
      .map((name) => ({
        file: `${folder}/package.json`,
        says: `declares ${name}, which nothing in ${folder}/ imports`,
      }))
  })
}

/** `tsc -b` builds what a package references first: workspaces that are imported have to be among them. */
export const projectReferences: Rule = (repository) => {
  const packages = packagesOf(repository)
  return packages.flatMap(({ folder, manifest }) => {
    const file = `${folder}/tsconfig.json`
    const text = repository.files.get(file)
    if (text === undefined) return []
    const { references = [] } = JSON.parse(text) as { references?: { path: string }[] }
    const up = folder
      .split('/')
      .map(() => '..')
      .join('/')
    const referenced = references.map(({ path }) => path).filter((path) => path.startsWith('..'))
    const needed = packages
      .filter(({ name }) => name in { ...manifest.dependencies, ...manifest.devDependencies })
      .map((needs) => `${up}/${needs.folder}`)
    return [
      ...needed.filter((path) => !referenced.includes(path)).map((path) => `does not reference ${path}, a dependency`),
      ...referenced
        .filter((path) => !needed.includes(path))
        .map((path) => `references ${path}, which is no dependency`),
    ].map((says) => ({ file, says }))
  })
}

/** The name of the package that an import means; undefined for files of one's own and for what Node brings. */
function packageNameOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || builtinModules.includes(specifier)) return undefined
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** Files that are reached from what packages export or start. */
function shippedFiles(repository: Repository, packages: readonly Package[]): Set<string> {
  const imports = new Map(sourcesOf(repository).map(({ file, imports }) => [file, imports]))
  const reached = new Set<string>()
  const visit = (file: string): void => {
    if (reached.has(file) || isTest(file)) return
    reached.add(file)
    for (const { specifier, typeOnly } of imports.get(file) ?? []) {
      if (typeOnly || !specifier.startsWith('.')) continue
      const target = resolveRelative(repository, file, specifier)
      if (target !== undefined) visit(target)
    }
  }
  for (const { folder, manifest } of packages) {
    const compiled = JSON.stringify([manifest.exports, manifest.bin]).matchAll(/dist\/([\w./-]+)\.js"/g)
    for (const [, stem] of compiled) visit(`${folder}/${stem}.ts`)
  }
  return reached
}
