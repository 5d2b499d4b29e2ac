import { BROWSER_SAFE, INSTEAD, layerOf, MAY_IMPORT, mayImport } from '../layers.js'
import {
  isTest,
  type Package,
  packagesOf,
  type Repository,
  type Rule,
  resolveRelative,
  sourcesOf,
  type Violation,
} from '../repository.js'

/** Imports follow the table of layers.ts, and enter a package by its `exports` only. */
export const importLayers: Rule = (repository) => {
  const packages = packagesOf(repository)
  const violations: Violation[] = []
  for (const { file, imports } of sourcesOf(repository)) {
    const from = layerOf(file)
    if (from === undefined) continue
    for (const { specifier, line } of imports) {
      const says = whatIsWrong(repository, packages, file, from, specifier)
      if (says !== undefined) violations.push({ file, line, says })
    }
  }
  return violations
}

function whatIsWrong(
  repository: Repository,
  packages: readonly Package[],
  file: string,
  from: string,
  specifier: string,
): string | undefined {
  if (specifier.startsWith('.')) {
    const target = resolveRelative(repository, file, specifier)
    if (target === undefined) return `imports ${specifier}, which is no file here`
    const home = packages.find(({ folder }) => file.startsWith(`${folder}/`))
    if (home !== undefined && !target.startsWith(`${home.folder}/`)) {
      return `imports ${target} by its path: import the package, by a name that its package.json exports`
    }
    return layerFault(from, layerOf(target))
  }
  const target = packages.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`))
  if (target === undefined) {
    const safe = BROWSER_SAFE.some((folder) => file.startsWith(`${folder}/`))
    if (safe && specifier.startsWith('node:') && !isTest(file)) {
      return `imports ${specifier}: this code runs in browsers too`
    }
    return undefined
  }
  const door = specifier === target.name ? '.' : `.${specifier.slice(target.name.length)}`
  const doors = Object.keys(target.manifest.exports ?? {})
  if (!doors.includes(door)) {
    return `imports ${specifier}, which ${target.folder}/package.json does not export (it exports ${doors.join(', ')})`
  }
  return layerFault(from, layerOf(door === '.' ? target.folder : `${target.folder}/${door.slice(2)}`))
}

function layerFault(from: string, to: string | undefined): string | undefined {
  if (to === undefined || mayImport(from, to)) return undefined
  const allowed = MAY_IMPORT[from]!.join(', ') || 'nothing of ours'
  const instead = INSTEAD[`${from} → ${to}`]
  return `${from} → ${to}: ${from} may import ${allowed}${instead === undefined ? '' : `. Instead: ${instead}`}`
}
