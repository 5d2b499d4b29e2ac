import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Import, importsOf } from './source-text.js'

/** What the rules look at: the files that are, or would be, committed. Planted violations are small ones in memory. */
export interface Repository {
  /** Text by path from the root, with `/`. Files that are not text are here with an empty one. */
  readonly files: ReadonlyMap<string, string>
}

/** A rule that was broken: where, and what to do instead. */
export interface Violation {
  readonly file: string
  readonly line?: number
  readonly says: string
}

export type Rule = (repository: Repository) => Violation[]

/** Reads the checkout at `root`; undefined when it is none (an unpacked archive, say). */
export function readRepository(root: string): Repository | undefined {
  if (!existsSync(join(root, '.git'))) return undefined
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const paths = [...new Set(listed.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path)))
  return repositoryOf(paths.sort().map((path) => [path, readText(join(root, path))]))
}

function readText(path: string): string {
  const bytes = readFileSync(path)
  return bytes.includes(0) ? '' : bytes.toString('utf8')
}

export function repositoryOf(files: Iterable<readonly [path: string, text: string]>): Repository {
  return { files: new Map(files) }
}

/** A workspace: its folder, its package.json, and the names under which others import it. */
export interface Package {
  readonly folder: string
  readonly name: string
  readonly manifest: Manifest
}

export interface Manifest {
  readonly name: string
  readonly workspaces?: readonly string[]
  readonly exports?: Readonly<Record<string, unknown>>
  readonly bin?: string | Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

export function manifestAt(repository: Repository, path: string): Manifest {
  const text = repository.files.get(path)
  if (text === undefined) throw new Error(`there is no ${path}`)
  return JSON.parse(text) as Manifest
}

/** The workspaces, from the root's package.json. */
export function packagesOf(repository: Repository): Package[] {
  return (manifestAt(repository, 'package.json').workspaces ?? []).map((folder) => {
    const manifest = manifestAt(repository, `${folder}/package.json`)
    return { folder, name: manifest.name, manifest }
  })
}

/** The workspace that a file belongs to. */
export function packageOf(packages: readonly Package[], file: string): Package | undefined {
  return packages.find(({ folder }) => file.startsWith(`${folder}/`))
}

/** Every package.json but the root's: the workspaces, and what is installed apart (rivals in a benchmark, say). */
export function manifestsOf(repository: Repository): Package[] {
  return [...repository.files.keys()]
    .filter((file) => file.endsWith('/package.json'))
    .map((file) => {
      const manifest = manifestAt(repository, file)
      return { folder: file.slice(0, file.lastIndexOf('/')), name: manifest.name, manifest }
    })
    .sort((a, b) => b.folder.length - a.folder.length)
}

const SOURCE = /\.(ts|tsx|mts|mjs|js)$/

/** Files of program text, with what they import. */
export function sourcesOf(
  repository: Repository,
): { readonly file: string; readonly text: string; imports: Import[] }[] {
  return [...repository.files]
    .filter(([file]) => SOURCE.test(file))
    .map(([file, text]) => ({ file, text, imports: importsOf(text) }))
}

/** Files that only tests and people run. */
export function isTest(file: string): boolean {
  return /\.(test|bench)\.[a-z]+$/.test(file)
}

/** The source that a relative import means: `x.js`, or `dist/x.js`, is what `x.ts` is compiled to. */
export function resolveRelative(repository: Repository, from: string, specifier: string): string | undefined {
  const path = normalise(`${from.slice(0, from.lastIndexOf('/') + 1)}${specifier}`)
  const source = path.replace(/\.js$/, '.ts')
  const candidates = [path, source, `${source}x`, source.replace(/(^|\/)dist\//, '$1')]
  return candidates.find((candidate) => repository.files.has(candidate))
}

/** A path without `.` and `..` in it. */
export function normalise(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
  }
  return parts.join('/')
}
