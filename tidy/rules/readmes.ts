import { packagesOf, type Repository, type Rule } from '../repository.js'

const SOURCES_UNTIL_README = 3
const PARTS = ['Is for', 'May import', 'Never contains', 'Read first', 'Test alone with']

/** A folder of several files says what it is for, what may enter, and where to begin. */
export const readmes: Rule = (repository) => {
  const folders = new Map<string, number>()
  for (const { folder } of packagesOf(repository)) folders.set(folder, SOURCES_UNTIL_README)
  for (const file of repository.files.keys()) {
    if (!/\.(ts|tsx|mts|mjs|js|go)$/.test(file) || /\.test\./.test(file) || !file.includes('/')) continue
    const folder = file.slice(0, file.lastIndexOf('/'))
    folders.set(folder, (folders.get(folder) ?? 0) + 1)
  }
  return [...folders]
    .filter(([, sources]) => sources >= SOURCES_UNTIL_README)
    .flatMap(([folder]) => readmeFault(repository, folder))
}

function readmeFault(repository: Repository, folder: string): { file: string; says: string }[] {
  const file = `${folder}/README.md`
  const text = repository.files.get(file)
  if (text === undefined) return [{ file, says: `is missing. One screen: ${PARTS.join(' · ')}` }]
  const missing = PARTS.filter((part) => !text.includes(`**${part}`))
  return missing.length === 0 ? [] : [{ file, says: `does not say ${missing.map((part) => `**${part}**`).join(', ')}` }]
}
