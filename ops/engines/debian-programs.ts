import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run-command.js'

/**
 * Programs of Debian packages, unpacked below `folder`/root: nothing is installed on the machine, no service is started,
 * and nobody has to be root. apt says which packages are missing here besides.
 */
export async function debianPrograms(folder: string, packages: readonly string[]): Promise<void> {
  const making = `${folder}.part`
  const archives = join(making, 'archives')
  rmSync(making, { recursive: true, force: true })
  mkdirSync(join(archives, 'partial'), { recursive: true })
  const own = ['-o', `Dir::Cache=${making}`, '-o', 'Debug::NoLocking=true']
  const download = (options: readonly string[]) =>
    run('apt-get', [
      // Again, if it is installed: who asks does not find it all the same.
      ...['install', '--reinstall', '--download-only', '--no-install-recommends', '-y', '-qq'],
      ...own,
      ...options,
      ...['-o', `Dir::Cache::archives=${archives}`],
      ...packages,
    ])
  try {
    await download([])
  } catch {
    // The machine's lists of packages are empty or old, and only root may renew them: these are our own.
    const lists = join(making, 'lists')
    mkdirSync(join(lists, 'partial'), { recursive: true })
    const ownLists = ['-o', `Dir::State::lists=${lists}`]
    await run('apt-get', ['update', '-qq', ...own, ...ownLists])
    await download(ownLists)
  }
  const root = join(making, 'root')
  mkdirSync(root)
  for (const name of readdirSync(archives)) {
    if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', join(archives, name), root])
  }
  for (const rest of ['archives', 'lists']) rmSync(join(making, rest), { recursive: true, force: true })
  renameSync(making, folder)
}

/** A program of an unpacked package. */
export const unpacked = (folder: string, program: string) => join(folder, 'root', 'usr', 'bin', program)

/** What an unpacked program needs to find the libraries that came with it. */
export function libraryPath(folder: string): Record<string, string> {
  const libraries = join(folder, 'root', 'usr', 'lib')
  if (!existsSync(libraries)) return {}
  const folders = readdirSync(libraries).filter((name) => name.includes('-linux-'))
  return { LD_LIBRARY_PATH: folders.map((name) => join(libraries, name)).join(':') }
}
